"""On time, by the national score (DOMAIN 3.2; the score's own documents): pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class Course(NamedTuple):
    """When what happened to a dossier; a moment that never came is None.

    `due` is the promised moment now, which a supplement has moved already. `pauses` are the times the clock
    stood still, begun and ended.
    """

    received_at: datetime
    was_accepted: bool = True
    due: datetime | None = None
    done_at: datetime | None = None
    returned_at: datetime | None = None
    stopped_at: datetime | None = None
    refused_at: datetime | None = None
    withdrawn_at: datetime | None = None
    supplement_requests: Sequence[datetime] = ()
    is_waiting: bool = False
    pauses: Sequence[tuple[datetime, datetime]] = ()


def end_of_processing(course: Course) -> datetime | None:
    """The first of done, stop, refusal and withdrawal; done is preferred to returned, and a withdrawal
    counts only of what had been accepted. Whoever waits for a supplement ended when it was asked for.
    """
    ends = [
        course.done_at or course.returned_at,
        course.stopped_at,
        course.refused_at,
        course.withdrawn_at if course.was_accepted else None,
    ]
    ended = min((end for end in ends if end is not None), default=None)
    if ended is None and course.is_waiting and course.supplement_requests:
        return max(course.supplement_requests)
    return ended


def is_on_time(course: Course, *, period_ends: datetime, legal_maximum: timedelta) -> bool:
    """Whether it counts as on time in a reporting period.

    More than one supplement request is late whatever the moments. Without an end the period's end is taken;
    without a promised moment the elapsed time less its pauses is held against the legal maximum.
    """
    if len(course.supplement_requests) > 1:
        return False
    end = end_of_processing(course) or period_ends
    if course.due is not None:
        return end <= course.due
    paused = sum((min(ended, end) - min(began, end) for began, ended in course.pauses), timedelta())
    return end - course.received_at - paused <= legal_maximum


def share(on_time: int, counted: int) -> float | None:
    """Hundredths of the counted dossiers, two decimals; nothing counted has no share."""
    return None if counted == 0 else round(100 * on_time / counted, 2)
