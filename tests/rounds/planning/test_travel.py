"""The numpy distances are geopy's, and an invented day is the same for the same seed."""

import numpy as np
import pytest
from geopy.distance import great_circle

from app.rounds.planning import travel
from app.rounds.planning.generator import province_day

LATS, LONS = np.array([20.98, 21.03, 10.76]), np.array([105.79, 105.85, 106.66])


def test_distances_are_geopys():
    found = travel.metres(LATS[:, None], LONS[:, None], LATS[None, :], LONS[None, :])
    for a in range(3):
        for b in range(3):
            expected = great_circle((LATS[a], LONS[a]), (LATS[b], LONS[b])).m
            assert found[a, b] == pytest.approx(expected, abs=0.01)


def test_time_is_distance_by_the_detour_at_the_speed():
    assert travel.seconds(np.array([2500.0]), detour=1.2, kmh=30).tolist() == [360]


def test_a_row_is_the_matrix_of_a_new_address():
    matrix = travel.matrix(LATS, LONS)
    assert travel.row(LATS[1], LONS[1], LATS, LONS).tolist() == matrix[1].tolist()


def test_the_same_seed_invents_the_same_day():
    first, again, other = (province_day(40, 8, seed=seed).problem for seed in (1, 1, 2))
    assert first.stops == again.stops and first.duties == again.duties
    assert (first.travel == again.travel).all()
    assert first.stops != other.stops
