"""The figures of a hall, from made-up visits."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.monitoring.figures import Share, Spread, exceeded, figures, grouped, quantile
from app.monitoring.visits import Visit
from app.queue.states import State

DOOR = datetime(2026, 11, 30, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_visit(
    *, agreed: int = 0, called: int | None = None, left: int | None = None, state: State | None = None
) -> Visit:
    """Somebody who came at `DOOR`; minutes from there."""
    ended = called if left is None else left
    told = State.LEFT if left is not None else State.DONE if called is not None else State.WAITING
    return Visit(
        ticket_id=uuid.uuid4(),
        number="A101",
        pool_id=uuid.UUID(int=1),
        ticket_class="walk_in",
        state=state or told,
        arrived_at=DOOR,
        wait_from=DOOR + agreed * MINUTE,
        first_called_at=None if called is None else DOOR + called * MINUTE,
        ended_at=None if ended is None else DOOR + ended * MINUTE,
    )


def test_fifteen_minutes_are_within_the_target_and_a_second_more_is_not() -> None:
    at_once = a_visit(called=15)
    late = at_once._replace(first_called_at=DOOR + 15 * MINUTE + timedelta(seconds=1))

    assert figures([at_once, late]).within_target == Share(1, 2)
    assert [each.wait for each in exceeded([at_once, late], now=DOOR)] == [
        15 * MINUTE + timedelta(seconds=1)
    ]


def test_a_promised_return_shortens_the_wait_and_not_the_delay() -> None:
    found = figures([a_visit(agreed=40, called=43)])

    assert found.wait == Spread(1, 3.0, 3.0, 3.0)
    assert found.delay == Spread(1, 43.0, 43.0, 43.0)


def test_whoever_is_called_before_the_agreed_time_has_not_waited() -> None:
    assert a_visit(agreed=20, called=5).wait == timedelta()


def test_leaving_before_the_call_ends_a_wait_and_is_listed_when_it_was_long() -> None:
    gone = a_visit(left=22)

    found = figures([gone, a_visit(called=2)])

    assert found.within_target == Share(1, 2)
    assert found.abandoned == Share(1, 2)
    assert [(each.ticket_id, each.left) for each in exceeded([gone], now=DOOR)] == [(gone.ticket_id, True)]


def test_somebody_still_waiting_is_no_wait_yet_and_listed_once_it_is_too_long() -> None:
    waiting = a_visit()

    assert figures([waiting]).within_target.value is None
    assert figures([waiting]).waiting == 1
    assert exceeded([waiting], now=DOOR + 15 * MINUTE) == []
    assert len(exceeded([waiting], now=DOOR + 16 * MINUTE)) == 1


def test_a_check_in_that_was_undone_never_happened() -> None:
    assert figures([a_visit(left=3, state=State.UNDONE)]) == figures([])


visits = st.lists(
    st.builds(
        a_visit,
        agreed=st.integers(0, 40),
        called=st.none() | st.integers(0, 90),
        left=st.none() | st.integers(0, 90),
    ),
    max_size=30,
)


@given(visits, st.randoms(use_true_random=False))
def test_the_order_of_the_visits_changes_nothing(found: list[Visit], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert figures(shuffled) == figures(found)


@given(visits)
def test_groups_add_up_to_the_whole(found: list[Visit]) -> None:
    whole = figures(found)
    parts = grouped(found, lambda visit: visit.state).values()

    assert sum(part.tickets for part in parts) == whole.tickets
    assert sum(part.within_target.numerator for part in parts) == whole.within_target.numerator
    assert sum(part.within_target.denominator for part in parts) == whole.within_target.denominator


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: Sequence[float], share: float
) -> None:
    ordered = sorted(values)

    found = quantile(ordered, share)

    assert found in ordered
    assert sum(value <= found for value in ordered) >= share * len(ordered) - 1e-6
    assert sum(value < found for value in ordered) < share * len(ordered) + 1e-6
