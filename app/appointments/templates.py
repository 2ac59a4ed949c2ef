"""When a pool is open week after week (mẫu ca tiếp nhận): on which days, from when to when; pure.

A holiday is not opened. A worked Saturday is its week's Friday, in everything: the template, the week it
is counted in, and the hours. What the centre's own hours leave out, a lunch break or the afternoon of a
half day, the template leaves out too.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from app.appointments.rules import MOST_COUNTERS
from app.centres.rules import FRIDAY, Hours, exists_on, hours_of_day
from app.core.clock import at_local

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
LAST_OF_MONTH: Final = -1
NTH: Final = frozenset({1, 2, 3, 4, LAST_OF_MONTH})
HOLIDAY: Final = "holiday"
WORKED: Final = "working"


class TemplateRow(NamedTuple):
    """A template as it stands: days, times, and how the places are shared."""

    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    weekdays: Sequence[int]
    every_weeks: int
    anchor: date
    nth_of_month: int | None
    opens: time
    closes: time
    counters: int
    grain_minutes: int | None
    online_share: float | None
    walkin_floor: int
    valid_from: date
    valid_to: date | None
    decision: str
    version: int


class Period(NamedTuple):
    """From–to of an opening that should exist."""

    starts_at: datetime
    ends_at: datetime


def counted_as(day: date, special: str | None) -> date:
    """The day whose template applies: of a worked weekend day the Friday before it."""
    beyond = day.isoweekday() - FRIDAY
    return day - beyond * DAY if special == WORKED and beyond > 0 else day


def applies(template: TemplateRow, day: date, *, special: str | None) -> bool:
    """Whether the template opens its pool on the day."""
    if special == HOLIDAY or not exists_on(day, valid_from=template.valid_from, valid_to=template.valid_to):
        return False
    as_day = counted_as(day, special)
    if as_day.isoweekday() not in template.weekdays:
        return False
    if template.nth_of_month is not None:
        return _is_nth(as_day, template.nth_of_month)
    weeks = (_monday(as_day) - _monday(template.anchor)) // WEEK
    return weeks % template.every_weeks == 0


def _monday(day: date) -> date:
    return day - (day.isoweekday() - 1) * DAY


def _is_nth(day: date, nth: int) -> bool:
    if nth == LAST_OF_MONTH:
        return (day + WEEK).month != day.month
    return (day.day - 1) // 7 + 1 == nth


def periods(
    template: TemplateRow,
    day: date,
    *,
    week: Sequence[Hours],
    special: str | None,
    grain_minutes: int,
    now: datetime,
) -> list[Period]:
    """The openings of one day, in order: whole grains, none of which has begun."""
    if not applies(template, day, special=special):
        return []
    grain = timedelta(minutes=template.grain_minutes or grain_minutes)
    found = []
    for hours in hours_of_day(week, day, special=special):
        start = _at(day, max(template.opens, hours.opens))
        end = _at(day, min(template.closes, hours.closes))
        begun = max(-(-(now - start) // grain), 0)
        grains = (end - start) // grain
        if begun < grains:
            found.append(Period(start + begun * grain, start + grains * grain))
    return found


def _at(day: date, moment: time) -> datetime:
    return at_local(day, moment.hour, moment.minute)


def template_faults(template: TemplateRow, *, today: date) -> list[tuple[str, str]]:
    """What is wrong with a new template: (field, code) pairs."""
    nth = template.nth_of_month
    length = datetime.combine(today, template.closes) - datetime.combine(today, template.opens)
    grain = timedelta(minutes=template.grain_minutes or 1)
    days = sorted(template.weekdays)
    faults = [
        (
            not days or days != sorted(set(days)) or not 1 <= days[0] <= days[-1] <= 7,
            "weekdays",
            "not_weekdays",
        ),
        (not 1 <= template.every_weeks <= 52, "every_weeks", "out_of_range"),
        (nth is not None and nth not in NTH, "nth_of_month", "out_of_range"),
        (nth is not None and template.every_weeks != 1, "nth_of_month", "not_with_every_weeks"),
        (length <= timedelta(0), "closes", "not_after_start"),
        (timedelta(0) < length < grain, "grain_minutes", "too_long"),
        (not 1 <= template.counters <= MOST_COUNTERS, "counters", "out_of_range"),
        (template.walkin_floor > template.counters, "walkin_floor", "more_than_counters"),
        (template.valid_from < today, "valid_from", "in_the_past"),
        (template.valid_from > today + 366 * DAY, "valid_from", "too_far"),
        (
            template.valid_to is not None and template.valid_to < template.valid_from,
            "valid_to",
            "not_after_start",
        ),
        (not template.decision, "decision", "required"),
    ]
    return [(field, code) for wrong, field, code in faults if wrong]
