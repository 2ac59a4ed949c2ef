"""What is decided about a home visit, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from app.home_service.rules import Expected, expected_around

STARTS = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=2)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("eta", "expected"),
    [
        (STARTS + minutes(60), Expected(STARTS + minutes(45), STARTS + minutes(90))),
        (STARTS, Expected(STARTS, STARTS + minutes(30))),
        (ENDS, Expected(ENDS - minutes(15), ENDS)),
    ],
)
def test_a_courier_is_expected_around_the_plan_and_inside_the_promise(
    eta: datetime, expected: Expected
) -> None:
    assert expected_around(eta, starts_at=STARTS, ends_at=ENDS) == expected


@pytest.mark.parametrize("eta", [STARTS - timedelta(seconds=1), ENDS + timedelta(seconds=1)])
def test_nothing_is_said_that_the_promise_would_contradict(eta: datetime) -> None:
    assert expected_around(eta, starts_at=STARTS, ends_at=ENDS) is None
