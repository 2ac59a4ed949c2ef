"""A figure says whether it holds, in the direction that is better."""

import pytest

from bench.metrics import at_most, growth, percentile, ratio_of, within


def test_a_rate_holds_from_its_floor_on_and_the_median_round_decides() -> None:
    figure = ratio_of([40, 50, 10], [100, 100, 100], unit="x/s", floor=0.4)

    assert (figure["ratio"], figure["ok"]) == (0.4, True)
    assert not ratio_of([39], [100], unit="x/s", floor=0.4)["ok"]


def test_a_cost_holds_up_to_its_limit() -> None:
    assert at_most([25], [1], unit="ms", limit=25)["ok"]
    assert not at_most([26], [1], unit="ms", limit=25)["ok"]
    assert within(500, "ms", limit=500)["ok"]
    assert not within(501, "ms", limit=500)["ok"]


def test_growth_is_stated_and_not_judged() -> None:
    figure = growth([1000], [1], unit="ms")

    assert (figure["ratio"], figure["floor"], figure["ok"]) == (1000, None, True)


@pytest.mark.parametrize(("share", "found"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_the_value_that_share_does_not_exceed(share: float, found: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == found
