"""The doors of a simulated day: who asks, and what may happen at theirs."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from app.rounds.rules import distance_km
from app.simulation.chances import SHARES, Happening, as_seen, drawn, happens
from app.simulation.doors import OF_COLLECTIONS, OF_DELIVERIES, awaits_result, households

EIGHT = datetime(2026, 11, 30, 1, tzinfo=UTC)
WINDOWS = [EIGHT + timedelta(hours=hours) for hours in (0, 2, 6, 8)]
CENTRE = (20.26, 105.97)


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    one = households(WINDOWS, centre=CENTRE, couriers=3, seed=7)

    assert one == households(WINDOWS, centre=CENTRE, couriers=3, seed=7)
    assert one != households(WINDOWS, centre=CENTRE, couriers=3, seed=8)
    assert {house.wishes for house in one} <= set(WINDOWS)
    assert max(distance_km(*CENTRE, house.lat, house.lon) for house in one) < 8


@pytest.mark.parametrize(("windows", "couriers"), [([], 3), (WINDOWS, 0)])
def test_without_windows_or_couriers_nobody_asks(windows: list[datetime], couriers: int) -> None:
    assert households(windows, centre=CENTRE, couriers=couriers, seed=7) == []


def test_things_happen_as_often_as_their_shares_say() -> None:
    chance, asked = random.Random(7), 4_000
    counts = Counter(what for _ in range(asked) for what in drawn(chance, *Happening))

    for what, share in SHARES.items():
        assert counts[what] / asked == pytest.approx(share, abs=0.03), what
    assert set(SHARES) == set(Happening)
    assert not any(happens(Happening.ABSENT, AlwaysLate()) for _ in range(10))


class AlwaysLate(random.Random):
    """The roll for which nothing happens."""

    def random(self) -> float:
        return 1.0 - 1e-9


def test_whoever_awaits_a_result_meets_what_deliveries_meet_and_nothing_of_collections() -> None:
    chance = random.Random(7)
    asking = [awaits_result("1.004873", wishes=EIGHT, centre=CENTRE, chance=chance) for _ in range(300)]

    met = {what for one in asking for what in one.happens}
    assert met == set(OF_DELIVERIES)
    assert not met & set(OF_COLLECTIONS)


def test_everything_that_may_happen_is_shown_with_its_share_and_its_count() -> None:
    seen = Counter({Happening.SEAL_TORN.value: 2, "legs": 40})

    shown = as_seen(seen)

    assert shown["seal_torn"] == {"share": SHARES[Happening.SEAL_TORN], "count": 2}
    assert shown["falls_ill"]["count"] == 0
    assert set(shown) == {what.value for what in Happening}
