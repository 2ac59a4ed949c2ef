"""Looking up what is known of a way: any shape at once, and the province's word where nothing is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some

from app.rounds.zones import NEUTRAL, Factors, Grid, centre_of, zone_of

LATS, LONS = some.floats(19.6, 21.0), some.floats(105.3, 106.8)
ZONES = some.builds(zone_of, LATS, LONS)
FACTORS = some.builds(
    Factors, some.floats(0.8, 2.5), some.dictionaries(some.tuples(ZONES, ZONES), some.floats(0.8, 2.5))
)
POINTS = some.lists(some.tuples(LATS, LONS), min_size=1, max_size=8)


@given(FACTORS, POINTS, POINTS)
def test_a_table_of_ways_says_what_each_way_says(
    factors: Factors, here: list[tuple[float, float]], there: list[tuple[float, float]]
) -> None:
    a, b = np.array(here), np.array(there)

    found = Grid(factors).factor(a[:, None, 0], a[:, None, 1], b[None, :, 0], b[None, :, 1])

    assert found.tolist() == [
        [factors.pairs.get((zone_of(*start), zone_of(*end)), factors.province) for end in there]
        for start in here
    ]


@given(FACTORS)
def test_what_is_stored_reads_back_the_same(factors: Factors) -> None:
    assert Factors.from_json(factors.as_json()) == factors


@given(ZONES)
def test_the_middle_of_a_zone_is_in_it(zone: tuple[int, int]) -> None:
    assert zone_of(*centre_of(zone)) == zone


def test_the_other_end_of_the_world_is_as_the_province_is() -> None:
    grid = Grid(Factors(1.2, {((201, 1061), (201, 1061)): 2.0}))
    far, near = np.array([-33.9, 89.9, 20.15]), np.array([151.2, -179.9, 106.15])
    assert grid.factor(far, near, far, near).tolist() == [1.2, 1.2, 2.0]
    assert Grid(NEUTRAL).factor(far, near, far, near).tolist() == [1.0, 1.0, 1.0]
