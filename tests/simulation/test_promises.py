"""The promises of a simulated day: each ends somewhere, and one that breaks is named by an incident."""

from datetime import UTC, datetime, timedelta

import pytest

from app.simulation.chances import Happening
from app.simulation.doors import Household
from app.simulation.promises import DoorBook, Visit

EIGHT = datetime(2026, 11, 30, 1, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)


def visit(came: timedelta | None, ended: str | None, *, kind: str = "collection") -> Visit:
    at_home = Household("1.004873", 20.26, 105.97, EIGHT, 12.0, frozenset({Happening.ABSENT}))
    came_at = None if came is None else EIGHT + came
    name = f"{kind}-{came}-{ended}"
    return Visit(at_home, name, EIGHT, EIGHT + TWO_HOURS, kind, came_at=came_at, ended=ended)


def book_of(*visits: Visit) -> DoorBook:
    return DoorBook(asked=len(visits), visits={one.id: one for one in visits})


IN_TIME, LATE = timedelta(minutes=119), timedelta(minutes=126)


def test_a_promise_is_kept_by_who_comes_while_the_window_is_open() -> None:
    book = book_of(visit(IN_TIME, "received"), visit(LATE, "absent"), visit(None, "cancelled"))

    figures = book.figures()

    assert (figures["promises_kept"], figures["promises_due"]) == (1, 2)
    assert (figures["late_starts"], figures["latest_minutes"]) == (1, 6.0)
    assert figures["promises_broken"] == 1
    assert book.over


def test_a_day_is_over_when_everybody_was_answered_and_every_promise_has_an_end() -> None:
    book = DoorBook(asked=2)
    book.refused["no_window"] += 1
    assert not book.over
    one = visit(timedelta(0), None)
    book.visits[one.id] = one
    assert not book.over

    one.ended = "received"

    assert book.over
    assert book.sound


@pytest.mark.parametrize("broken", [visit(None, "not_kept"), visit(LATE, "received")])
def test_a_promise_that_broke_is_sound_only_where_an_incident_names_it(broken: Visit) -> None:
    book = book_of(broken, visit(IN_TIME, "received"))
    assert book.figures()["broken_without_incident"] == 1
    assert not book.sound

    book.named = {broken.id}

    assert book.sound


@pytest.mark.parametrize("custody", [{"faults": 1}, {"with_couriers": 1}])
def test_a_day_is_not_sound_while_a_package_is_nowhere_or_still_on_the_way(custody: dict[str, int]) -> None:
    book = book_of(visit(IN_TIME, "received"))
    book.custody = custody

    assert not book.sound


def test_a_day_is_not_sound_while_cash_is_missing() -> None:
    book = book_of(visit(IN_TIME, "received"))
    book.settlement = {"balanced": False}

    assert not book.sound


def test_a_day_is_not_sound_while_the_house_knows_of_another_end() -> None:
    book = book_of(visit(IN_TIME, "delivered", kind="delivery"))
    book.differences.append("delivery delivered: arrived")

    assert not book.sound


def test_whoever_takes_another_window_has_two_promises_and_is_there_the_second_time() -> None:
    one = visit(IN_TIME, "absent")
    book = book_of(one)

    book.put_off_to(one, EIGHT + 3 * TWO_HOURS, EIGHT + 4 * TWO_HOURS)

    assert not book.over
    assert not one.is_to(Happening.ABSENT)
    one.came_at, one.ended = EIGHT + 3 * TWO_HOURS, "received"
    summary = book.summary()
    assert summary["visits_promised"] == summary["promises_kept"] == 2
    assert {name: n for name, n in summary["visits_ended"].items() if n} == {"put_off": 1, "received": 1}


def test_every_promise_is_counted_under_its_kind() -> None:
    book = book_of(
        visit(IN_TIME, "received"),
        visit(IN_TIME, "delivered", kind="delivery"),
        visit(IN_TIME, "held", kind="delivery"),
    )

    summary = book.summary()

    assert sum(summary["visits_ended"].values()) == summary["visits_promised"] == 1
    assert sum(summary["deliveries_ended"].values()) == summary["deliveries_promised"] == 2
