"""What is decided about terms and standing in: pure."""

import calendar
from datetime import date
from typing import Final

# Task I.3 of the province's 2021 plan: official and standby staff serve 12 to 24 months per decision.
SHORTEST_TERM_MONTHS: Final = 12
LONGEST_TERM_MONTHS: Final = 24
# Days before the end of a term on which its centre is told.
ALERT_DAYS: Final = (60, 30, 7)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def term_is_lawful(starts_on: date, ends_on: date, *, override_reason: str = "") -> bool:
    """12 to 24 months, the last day included; a decision may say otherwise and why."""
    if ends_on < starts_on:
        return False
    if override_reason:
        return True
    day_after = date.fromordinal(ends_on.toordinal() + 1)
    return (
        months_after(starts_on, SHORTEST_TERM_MONTHS)
        <= day_after
        <= months_after(starts_on, LONGEST_TERM_MONTHS)
    )


def is_in_term(on: date, *, starts_on: date, ends_on: date) -> bool:
    return starts_on <= on <= ends_on


def may_open_a_counter(*, has_roster: bool, official: bool, standing_in: bool) -> bool:
    """Officials within their term, and standby officers where they were called to.

    A centre with no official on any list that day has no roster yet, and works without one.
    """
    return official or standing_in or not has_roster


def days_left(on: date, *, ends_on: date) -> int:
    """Whole days until the last day of a term; negative when it has ended."""
    return (ends_on - on).days


def alert_is_due(on: date, *, ends_on: date) -> bool:
    """Whether the centre is told today that a term ends: 60, 30 and 7 days before."""
    return days_left(on, ends_on=ends_on) in ALERT_DAYS
