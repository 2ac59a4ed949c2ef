"""Rules about places: pure, so they are asked about many values."""

import uuid
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.centres import rules
from app.centres.errors import PointNotValid
from app.centres.rules import Hours, Place, Point, Zone

lats = st.floats(-89, 89)
lons = st.floats(-179, 179)
points = st.builds(Point, lats, lons)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(day=days, start=days, end=st.none() | days)
def test_a_period_holds_both_its_ends_and_nothing_outside(day: date, start: date, end: date | None) -> None:
    inside = rules.exists_on(day, valid_from=start, valid_to=end)
    assert inside == (start <= day and (end is None or day <= end))


@given(here=points, there=points)
def test_a_distance_is_the_same_both_ways_and_nothing_to_oneself(here: Point, there: Point) -> None:
    assert rules.distance_km(here, there) == pytest.approx(rules.distance_km(there, here), abs=0.01)
    assert rules.distance_km(here, here) == 0
    assert 0 <= rules.distance_km(here, there) <= 20_038


@given(here=points)
def test_a_point_written_down_is_read_back(here: Point) -> None:
    assert rules.parse_point(f"{here.lat!r}, {here.lon!r}") == here


@given(raw=st.text(max_size=30))
def test_text_is_a_point_or_is_refused(raw: str) -> None:
    try:
        found = rules.parse_point(raw)
    except PointNotValid:
        return
    assert abs(found.lat) <= 90
    assert abs(found.lon) <= 180


@given(here=points, zones=st.lists(st.tuples(points, st.floats(0.1, 500)), max_size=8))
def test_an_address_belongs_to_the_nearest_zone_that_reaches_it_or_to_none(
    here: Point, zones: list[tuple[Point, float]]
) -> None:
    made = [Zone(uuid.uuid4(), point, radius) for point, radius in zones]
    found = rules.nearest_zone(made, here)

    reaching = {
        zone.pool_id: rules.distance_km(zone.point, here)
        for zone in made
        if rules.distance_km(zone.point, here) <= zone.radius_km
    }
    if found is None:
        assert not reaching
    else:
        assert reaching[found] == min(reaching.values())


WEEK = [
    Hours(day, opens, closes)
    for day in range(1, 6)
    for opens, closes in ((time(13, 30), time(17)), (time(7), time(11, 30)))
]


@given(day=days)
def test_a_worked_saturday_has_a_fridays_hours_and_a_holiday_has_none(day: date) -> None:
    worked = rules.hours_of_day(WEEK, day, special="working")
    assert [row.opens for row in worked] == [time(7), time(13, 30)]
    assert rules.hours_of_day(WEEK, day, special="holiday") == []
    assert bool(rules.hours_of_day(WEEK, day, special=None)) == (day.isoweekday() <= 5)


class Somewhere:
    """A centre, as far as a list of centres cares."""

    def __init__(self, name: str, at: Point) -> None:
        self.id, self.name_vi, self.lat, self.lon = uuid.uuid4(), name, at.lat, at.lon


@given(
    places=st.lists(st.builds(Somewhere, st.sampled_from("abc"), points), max_size=12),
    near=st.none() | points,
    limit=st.integers(1, 5),
)
def test_pages_hold_every_centre_once_and_in_order(
    places: list[Somewhere], near: Point | None, limit: int
) -> None:
    whole, _ = rules.page(places, near=near, after=None, limit=100)
    seen: list[Somewhere] = []
    after: Place | None = None
    while True:
        shown, after = rules.page(places, near=near, after=after, limit=limit)
        seen += [place for place, _ in shown]
        if after is None:
            break

    assert seen == [place for place, _ in whole]
    assert {place.id for place in seen} == {place.id for place in places}
