"""Who comes on a simulated day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue.forecast import Duration
from app.simulation.plan import (
    BOOKED_SHARE,
    LAST_ARRIVAL,
    PEAK_LASTS,
    TURNOVER_MINUTES,
    Hall,
    Session,
    comes_at,
    plannable,
    visitors,
)

OPENS = datetime(2026, 11, 30, 0, tzinfo=UTC)
MORNING = Session(OPENS, OPENS + timedelta(hours=4))
HALL = Hall({"2.000815": Duration(8, 12), "1.001193": Duration(15, 20)}, counters=6)


@given(seed=st.integers(0, 10_000), load=st.floats(0.1, 1.2))
def test_everybody_comes_while_the_doors_are_open_and_the_same_seed_is_the_same_day(
    seed: int, load: float
) -> None:
    day = visitors([HALL], [MORNING], load=load, seed=seed)

    assert day == visitors([HALL], [MORNING], load=load, seed=seed)
    assert [each.arrives for each in day] == sorted(each.arrives for each in day)
    assert all(OPENS <= each.arrives < MORNING.closes - LAST_ARRIVAL for each in day)
    assert all(each.minutes > 0 and each.procedure in HALL.procedures for each in day)
    assert all(each.booked for each in day if not each.shows)


@pytest.mark.parametrize("load", [0.5, 0.8, 0.9])
def test_the_work_that_comes_fills_the_counters_to_the_load_asked_for(load: float) -> None:
    minutes = booked = early = walk_ins = 0.0
    days = 200
    for seed in range(days):
        for each in visitors([HALL], [MORNING], load=load, seed=seed):
            takes = each.minutes + TURNOVER_MINUTES if each.shows else 0
            minutes += takes
            booked += takes if each.booked else 0
            if not each.booked:
                walk_ins += 1
                early += each.arrives < OPENS + PEAK_LASTS

    assert minutes / (days * HALL.counters * 240) == pytest.approx(load, rel=0.03)
    assert booked / minutes == pytest.approx(BOOKED_SHARE, abs=0.02)
    # 80 minutes of 220, 1.7 times as dense.
    assert early / walk_ins == pytest.approx(80 * 1.7 / (80 * 1.7 + 140), abs=0.02)


@given(seed=st.integers(0, 10_000))
def test_somebody_with_an_appointment_may_always_check_in(seed: int) -> None:
    import random

    at = comes_at(OPENS, random.Random(seed))

    assert OPENS - timedelta(minutes=15) <= at <= OPENS + timedelta(minutes=5)


def test_without_a_load_a_single_desk_is_planned_for_less_than_six() -> None:
    one = HALL._replace(counters=1)

    assert 0.1 < plannable(one) < 0.3
    assert 0.7 < plannable(HALL) < 0.9
    busy = sum(
        each.minutes + TURNOVER_MINUTES
        for seed in range(100)
        for each in visitors([HALL], [MORNING], load=None, seed=seed)
        if each.shows
    )
    assert busy / (100 * 6 * 240) == pytest.approx(plannable(HALL), rel=0.05)
