"""What is decided about a dossier (pure)."""

from datetime import datetime
from enum import StrEnum

from app.core.working_calendar import WorkingCalendar


class Unit(StrEnum):
    """Units of a processing time, as the catalogue writes them."""

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    WORKING_HOUR = "hour"


def due_at(*, accepted_at: datetime, value: int, unit: Unit, calendar: WorkingCalendar) -> datetime:
    """The promised moment (ngày hẹn trả): working days and hours by the calendar, calendar days
    moved forward off days off. Working hours of 8 make a working day.
    """
    match unit:
        case Unit.WORKING_DAY:
            return calendar.add(accepted_at, working_days=value)
        case Unit.WORKING_HOUR:
            return calendar.add(accepted_at, working_hours=value)
        case Unit.CALENDAR_DAY:
            return calendar.add(accepted_at, calendar_days=value)


def moved_by_pause(
    *, due: datetime, began: datetime, ended: datetime, calendar: WorkingCalendar
) -> datetime:
    """The promised moment after a pause: whatever worked time was left when the clock stopped is left when
    it goes on (DOMAIN 3.1, 3.2). A promise that was over before the pause stays as it was.
    """
    left = calendar.worked(began, due)
    if not left:
        return due
    moved = calendar.add_worked(ended, left)
    if calendar.next_working_moment(due) == due:
        # The end of one day's work and the beginning of the next are the same; it stays the one it was.
        moved = calendar.next_working_moment(moved)
    return max(due, moved)


class Timeliness(StrEnum):
    """trước hạn, đúng hạn, quá hạn: three values, one rule."""

    EARLY = "early"
    ON_TIME = "on_time"
    OVERDUE = "overdue"


def timeliness(*, due: datetime, ended: datetime | None, now: datetime) -> Timeliness:
    """On time when the end, or now without one, is not after the promised moment."""
    at = ended or now
    if at > due:
        return Timeliness.OVERDUE
    return Timeliness.EARLY if ended is not None and at.date() < due.date() else Timeliness.ON_TIME
