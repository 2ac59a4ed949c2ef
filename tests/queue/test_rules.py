"""Who is due when, in which words, and what may follow what."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue import rules
from app.queue.api.staff import staff_handlers
from app.queue.rules import TicketClass, Turn
from app.queue.states import AT_A_COUNTER, MOVES, OVER, Move, State

MOMENT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
minutes = st.integers(-600, 600).map(lambda n: timedelta(minutes=n))


@given(early=minutes)
def test_the_clock_of_an_appointment_never_runs_before_its_time(early: timedelta) -> None:
    begins = rules.wait_from(arrived_at=MOMENT, starts_at=MOMENT + early)

    assert begins >= MOMENT
    assert begins == MOMENT or begins == MOMENT + early


def test_a_walk_in_waits_from_the_door() -> None:
    assert rules.wait_from(arrived_at=MOMENT, starts_at=None) == MOMENT


@pytest.mark.parametrize(
    ("group", "has_appointment", "kind", "within"),
    [
        (None, False, TicketClass.WALK_IN, 15),
        (None, True, TicketClass.APPOINTMENT, 5),
        ("NCT", False, TicketClass.PRIORITY, 0),
        ("NCT", True, TicketClass.PRIORITY, 0),
    ],
)
def test_each_class_has_its_target(
    group: str | None, has_appointment: bool, kind: TicketClass, within: int
) -> None:
    assert rules.ticket_class(priority_group=group, has_appointment=has_appointment) is kind
    assert rules.call_by(kind=kind, waiting_from=MOMENT) == MOMENT + timedelta(minutes=within)


def test_who_is_late_for_an_appointment_is_in_the_class_of_a_walk_in() -> None:
    def kind(group: str | None) -> TicketClass:
        return rules.ticket_class(priority_group=group, has_appointment=True, is_late=True)

    assert kind(None) is TicketClass.WALK_IN
    assert kind("NCT") is TicketClass.PRIORITY


@pytest.mark.parametrize("turn", [Turn.AFTER_PRIORITY, Turn.PICKED])
@pytest.mark.parametrize("kind", TicketClass)
def test_an_unusual_turn_is_said_in_words_instead_of_minutes(kind: TicketClass, turn: Turn) -> None:
    usual = rules.reason(kind=kind, due=MOMENT, now=MOMENT, turn=Turn.DUE)
    why = rules.reason(kind=kind, due=MOMENT, now=MOMENT, turn=turn)

    assert why.vi.partition(":")[0] == usual.vi.partition(":")[0]
    assert why.vi.endswith(rules.TURNS[turn].vi)
    assert why.en.endswith(rules.TURNS[turn].en)


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (300, 5)])
def test_who_rests_after_a_call_is_said_to_be_called_again_later(seconds: int, minutes: int) -> None:
    why = rules.reason(
        kind=TicketClass.WALK_IN,
        due=MOMENT,
        now=MOMENT,
        rests_until=MOMENT + timedelta(seconds=seconds),
    )

    assert f"sau {minutes} phút" in why.vi
    assert f"in {minutes} min" in why.en


@given(later=st.integers(15, 10_000))
def test_nobody_who_comes_a_quarter_of_an_hour_later_is_due_before_a_walk_in(later: int) -> None:
    first = rules.call_by(kind=TicketClass.WALK_IN, waiting_from=MOMENT)

    for kind in TicketClass:
        assert first <= rules.call_by(kind=kind, waiting_from=MOMENT + timedelta(minutes=later))


@pytest.mark.parametrize("kind", TicketClass)
@given(due=minutes)
def test_the_reason_is_one_sentence_in_both_languages(kind: TicketClass, due: timedelta) -> None:
    why = rules.reason(kind=kind, due=MOMENT + due, now=MOMENT)
    count = str(abs(round(due.total_seconds() / 60)))

    assert count in why.vi
    assert count in why.en
    assert ("quá hạn" in why.vi) == ("overdue" in why.en) == (due < timedelta())
    assert "-" not in why.vi.partition(":")[2]


def test_a_number_is_called_again_after_a_while_and_not_for_ever() -> None:
    def may(*, seconds: int, calls: int) -> bool:
        return rules.may_recall(last_called_at=MOMENT, calls=calls, now=MOMENT + timedelta(seconds=seconds))

    assert not may(seconds=14, calls=1)
    assert may(seconds=15, calls=1)
    assert may(seconds=15, calls=2)
    assert not may(seconds=900, calls=3)


def test_numbers_of_a_series_have_three_digits_and_do_not_repeat() -> None:
    numbers = [rules.display_number("A", count) for count in range(1, rules.SERIES_CAP + 1)]

    assert numbers[0] == "A101"
    assert numbers[-1] == "A999"
    assert all(before < after for before, after in pairwise(numbers))


def test_every_move_is_a_call_of_the_staff_api() -> None:
    served = {path.rpartition("/")[2] for handler in staff_handlers for path in handler.paths}

    assert {move.value for move in Move} <= served


def test_every_state_but_the_first_is_reached_and_every_open_one_is_left() -> None:
    reached = set(MOVES.values()) | {State.WAITING, State.CALLED}  # the second by calling next

    assert reached == set(State)
    assert {state for state, _ in MOVES} == set(State) - OVER
    assert not AT_A_COUNTER & OVER
