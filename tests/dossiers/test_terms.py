"""Promised moments beside a second reckoning, written from the rule and sharing no code with the first.

The rule (DOMAIN.md 3.3): eight working hours are a working day; what comes after hours counts from the next
morning, at lunch from the afternoon; a term of calendar days never ends on a day off.
"""

import bisect
import json
import random
import subprocess
import sys
from datetime import date, datetime, timedelta

import pytest

from app.core.clock import ZONE
from app.core.working_calendar import CalendarHorizon
from app.dossiers.commands import Calendar
from app.dossiers.terms import Reason, Start, Term, received_at, reckon
from app.sample import files

PUBLISHED = Calendar.of(files.calendar().days, source="published")
OFF = {day.day for day in files.calendar().days if day.kind == "holiday"}
MADE_UP_FOR = {day.day for day in files.calendar().days if day.kind == "working"}
DECLARED = {2026, 2027}
GOLDEN = [
    ("2026-02-13T10:00", "3wd", "2026-02-25T10:00"),
    ("2026-04-24T16:00", "5wd", "2026-05-06T16:00"),
    ("2026-08-21T17:30", "1wd", "2026-08-24T07:00"),
    ("2026-01-09T08:00", "3wd", "2026-01-13T08:00"),
    ("2026-11-20T16:30", "4h", "2026-11-23T10:30"),
    ("2026-11-23T11:45", "4h", "2026-11-25T07:30"),
]


class NotDeclared(Exception):
    """The second reckoning left the years anybody declared."""


def is_worked(day: date) -> bool:
    if day.year not in DECLARED:
        raise NotDeclared
    return day in MADE_UP_FOR or (day not in OFF and day.isoweekday() <= 5)


def office_minutes() -> list[datetime]:
    """Every minute anybody works in the years declared, by the moment it begins."""
    found = []
    day = date(min(DECLARED), 1, 1)
    while day.year in DECLARED:
        if is_worked(day):
            midnight = datetime.combine(day, datetime.min.time())
            minutes = (*range(7 * 60, 11 * 60 + 30), *range(13 * 60 + 30, 17 * 60))
            found += [midnight + timedelta(minutes=minute) for minute in minutes]
        day += timedelta(days=1)
    return found


MINUTES = office_minutes()


def opening(moment: datetime) -> int:
    """Which office minute is the first from a moment on."""
    place = bisect.bisect_left(MINUTES, moment)
    if place == len(MINUTES):
        raise NotDeclared
    return place


def second_reckoning(received: datetime, value: int, unit: str) -> datetime:
    """Counts minutes and days in the list of them, on the wall clock."""
    place = opening(received)
    counted = MINUTES[place]
    if unit == "h":
        last = place + value * 60 - 1
        if last >= len(MINUTES):
            raise NotDeclared
        return MINUTES[last] + timedelta(minutes=1)
    day, left = counted.date(), value
    while left:
        day += timedelta(days=1)
        left -= is_worked(day) if unit == "wd" else 1
    is_worked(day)
    return MINUTES[opening(datetime.combine(day, counted.time()))]


def first_reckoning(received: datetime, value: int, unit: str) -> datetime:
    term = Term.parse(f"{value}{unit}")
    return (
        reckon(received.replace(tzinfo=ZONE), term, PUBLISHED.working)
        .due.astimezone(ZONE)
        .replace(tzinfo=None)
    )


@pytest.mark.parametrize(("received", "term", "due"), GOLDEN)
def test_the_golden_cases_are_met_by_both(received: str, term: str, due: str) -> None:
    value, unit = int(term.rstrip("wdh")), term.lstrip("0123456789")
    moment = datetime.fromisoformat(received)

    assert first_reckoning(moment, value, unit) == datetime.fromisoformat(due)
    assert second_reckoning(moment, value, unit) == datetime.fromisoformat(due)


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_terms_are_the_same_by_a_second_reckoning(seed: int) -> None:
    """Over the new year too, and at the very minutes an office opens and closes."""
    chance = random.Random(seed)
    agreed = beyond = years_spanned = 0
    while agreed < 1000:
        day = date(2026, 1, 1) + timedelta(days=chance.randrange(720))
        at = chance.choice((7 * 60, 11 * 60 + 30, 13 * 60 + 30, 17 * 60, chance.randrange(24 * 60)))
        received = datetime.combine(day, datetime.min.time()) + timedelta(minutes=at)
        value, unit = chance.choice(
            ((chance.randint(1, 60), "wd"), (chance.randint(1, 90), "d"), (chance.randint(1, 60), "h"))
        )
        try:
            expected = second_reckoning(received, value, unit)
        except NotDeclared:
            beyond += 1
            with pytest.raises(CalendarHorizon):
                first_reckoning(received, value, unit)
            continue
        assert first_reckoning(received, value, unit) == expected, (received, value, unit)
        agreed += 1
        years_spanned += received.year != expected.year
    assert years_spanned > 10 and beyond > 10


def test_every_day_passed_over_has_its_reason() -> None:
    found = reckon(received_at("2026-02-13T10:00"), Term.parse("3wd"), PUBLISHED.working)

    assert [(passed.day.day, passed.reason) for passed in found.passed_over] == [
        (14, Reason.WEEKEND),
        (15, Reason.WEEKEND),
        *((day, Reason.HOLIDAY) for day in range(16, 21)),
        (21, Reason.WEEKEND),
        (22, Reason.WEEKEND),
    ]


def test_days_off_inside_a_term_of_calendar_days_count_and_those_it_ends_on_do_not() -> None:
    found = reckon(received_at("2026-02-06T09:00"), Term.parse("10d"), PUBLISHED.working)

    assert [passed.day.day for passed in found.passed_over] == [16, 17, 18, 19, 20, 21, 22]


@pytest.mark.parametrize(
    ("received", "start"),
    [
        ("2026-03-02T06:00", Start.BEFORE_HOURS),
        ("2026-03-02T07:00", Start.RECEIVED),
        ("2026-03-02T11:30", Start.LUNCH),
        ("2026-03-02T17:00", Start.AFTER_HOURS),
        ("2026-03-01T09:00", Start.DAY_OFF),
    ],
)
def test_why_a_term_begins_when_it_does(received: str, start: Start) -> None:
    assert reckon(received_at(received), Term.parse("1wd"), PUBLISHED.working).start is start


def due_date(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "due-date", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )


def test_the_command_says_when_and_why() -> None:
    said = due_date("2026-08-21T17:30", "1wd", "--json")

    told = json.loads(said.stdout)
    assert said.returncode == 0
    assert told["received"] == "2026-08-21T17:30+07:00" and told["add"] == "1wd"
    assert told["due"] == "2026-08-24T07:00+07:00"
    assert told["counted_from"] == "2026-08-22T07:00+07:00" and told["start"] == "after_hours"
    assert told["skipped"] == [
        {"date": "2026-08-23", "reason": "weekend", "name_vi": "Thứ bảy, Chủ nhật", "name_en": "Weekend"}
    ]
    assert "24/08/2026 07:00" in due_date("2026-08-21T17:30", "1wd").stdout


@pytest.mark.parametrize(
    ("received", "term", "said"),
    [
        ("2026-02-30T10:00", "3wd", "day is out of range"),
        ("2026-02-13", "3wd", "time of day"),
        ("2026-02-13T10:00", "3 days", "whole number"),
        ("2026-02-13T10:00", "0wd", "whole number"),
        ("2026-02-13T10:00", "9999wd", "2028"),
        ("9999-12-31T23:59", "1d", "9999"),
    ],
)
def test_what_cannot_be_reckoned_is_said_in_a_line(received: str, term: str, said: str) -> None:
    answer = due_date(received, term)

    assert answer.returncode != 0 and answer.stdout == ""
    assert said in answer.stderr and "Traceback" not in answer.stderr
