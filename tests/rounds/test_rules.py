"""Who is sent, and in which order: decided without a database."""

import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.rounds.rules import (
    Candidate,
    Stop,
    Wanted,
    choose_courier,
    distance_km,
    is_able,
    plan_round,
)

MORNING = datetime(2026, 11, 25, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATS, LONS = st.floats(19.9, 20.6), st.floats(105.5, 106.5)
SKILLS = ("*", "collection", "delivery", "1.001699", "1.004194")

candidates = st.builds(
    Candidate,
    courier_id=st.uuids(),
    skills=st.sets(st.sampled_from(SKILLS)),
    shift_starts_at=st.integers(0, 4).map(lambda n: MORNING + n * HOUR),
    shift_ends_at=st.integers(5, 10).map(lambda n: MORNING + n * HOUR),
    capacity=st.integers(1, 4),
    load=st.integers(0, 4),
    lat=LATS,
    lon=LONS,
)
staffs = st.lists(candidates, max_size=8, unique_by=lambda candidate: candidate.courier_id)
wishes = st.builds(
    Wanted,
    task=st.sampled_from(["collection", "delivery"]),
    procedures=st.lists(st.sampled_from(["1.001699", "1.004194"]), min_size=1, max_size=2),
    starts_at=st.integers(0, 4).map(lambda n: MORNING + n * HOUR),
    ends_at=st.integers(5, 10).map(lambda n: MORNING + n * HOUR),
    lat=LATS,
    lon=LONS,
)
stops = st.lists(
    st.builds(
        Stop,
        home_visit_id=st.uuids(),
        starts_at=st.integers(0, 3).map(lambda n: MORNING + n * 2 * HOUR),
        ends_at=st.just(MORNING + 9 * HOUR),
        lat=LATS,
        lon=LONS,
    ),
    max_size=9,
    unique_by=lambda stop: stop.home_visit_id,
)


def courier(**facts: Any) -> Candidate:
    """Somebody who can do everything, all day, at the post office of Hoa Lư."""
    usual = Candidate(uuid.UUID(int=1), ("*",), MORNING, MORNING + 10 * HOUR, 5, 0, 20.26, 105.97)
    return usual._replace(**facts)


def wish(**facts: Any) -> Wanted:
    usual = Wanted("collection", ["1.001699"], MORNING, MORNING + 2 * HOUR, 20.26, 105.97)
    return usual._replace(**facts)


@given(staff=staffs, wanted=wishes)
def test_whoever_is_sent_is_able_and_nobody_able_is_nearer(staff: list[Candidate], wanted: Wanted) -> None:
    chosen = choose_courier(staff, wanted)

    able = [candidate for candidate in staff if is_able(candidate, wanted)]
    assert (chosen is None) == (not able)
    if chosen is not None:
        away = {c.courier_id: distance_km(c.lat, c.lon, wanted.lat, wanted.lon) for c in able}
        assert away[chosen] <= min(away.values()) + 0.001


@given(staff=staffs, wanted=wishes, dice=st.randoms(use_true_random=False))
def test_the_same_facts_choose_the_same_courier_however_they_are_listed(
    staff: list[Candidate], wanted: Wanted, dice: Random
) -> None:
    shuffled = list(staff)
    dice.shuffle(shuffled)

    assert choose_courier(shuffled, wanted) == choose_courier(staff, wanted)


def test_the_star_can_do_everything_and_others_need_the_task_and_each_procedure() -> None:
    two = wish(procedures=["1.001699", "1.004194"])

    assert is_able(courier(), two)
    assert is_able(courier(skills=("collection", "1.001699", "1.004194")), two)
    assert not is_able(courier(skills=("collection", "1.001699")), two)
    assert not is_able(courier(skills=("1.001699", "1.004194")), two)
    assert not is_able(courier(skills=("delivery", "1.001699", "1.004194")), two)


def test_a_shift_covers_the_window_to_the_minute() -> None:
    minute = timedelta(minutes=1)

    assert is_able(courier(shift_ends_at=MORNING + 2 * HOUR), wish())
    assert not is_able(courier(shift_ends_at=MORNING + 2 * HOUR - minute), wish())
    assert not is_able(courier(shift_starts_at=MORNING + minute), wish())


def test_the_last_place_on_the_bicycle_is_a_place() -> None:
    assert is_able(courier(load=4), wish())
    assert not is_able(courier(load=5), wish())


def test_of_two_as_near_the_one_with_less_to_do_goes_then_the_smaller_id() -> None:
    busy = courier(courier_id=uuid.UUID(int=1), load=2)
    idle = courier(courier_id=uuid.UUID(int=3), load=1)
    equal = courier(courier_id=uuid.UUID(int=2), load=1)

    assert choose_courier([busy, idle], wish()) == idle.courier_id
    assert choose_courier([busy, idle, equal], wish()) == equal.courier_id


@given(stops=stops, lat=LATS, lon=LONS)
def test_a_round_calls_at_every_door_once_in_the_order_of_the_windows(
    stops: list[Stop], lat: float, lon: float
) -> None:
    planned = plan_round(stops, lat=lat, lon=lon)

    assert sorted(p.stop.home_visit_id for p in planned) == sorted(s.home_visit_id for s in stops)
    assert [p.sequence for p in planned] == list(range(1, len(stops) + 1))
    openings = [p.stop.starts_at for p in planned]
    assert openings == sorted(openings)
    etas = [p.eta for p in planned]
    assert etas == sorted(etas)
    assert all(p.eta >= p.stop.starts_at for p in planned)


@given(stops=stops, lat=LATS, lon=LONS, dice=st.randoms(use_true_random=False))
def test_a_round_does_not_depend_on_the_order_the_stops_are_read_in(
    stops: list[Stop], lat: float, lon: float, dice: Random
) -> None:
    shuffled = list(stops)
    dice.shuffle(shuffled)

    assert plan_round(shuffled, lat=lat, lon=lon) == plan_round(stops, lat=lat, lon=lon)


def test_within_a_window_the_nearest_door_is_next() -> None:
    def stop(lat: float) -> Stop:
        return Stop(uuid.uuid4(), MORNING, MORNING + 2 * HOUR, lat, 105.97)

    far, near, middle = stop(20.40), stop(20.27), stop(20.33)

    planned = plan_round([far, near, middle], lat=20.26, lon=105.97)

    assert [p.stop for p in planned] == [near, middle, far]
