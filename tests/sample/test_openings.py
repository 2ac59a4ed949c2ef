"""The sample's openings: the next working days, once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import fetch
from app.sample.files import sample_id
from app.sample.openings import open_now, publish_openings
from app.sample.seed import load_catalogue, seed

HOA_LU = sample_id("centre", "HCC-14329")
NHO_QUAN = sample_id("centre", "HCC-14428")
# 24 November 2026, a Tuesday that needs confirmation: 09:03 in Việt Nam.
HOLIDAY = datetime(2026, 11, 24, 2, 3, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 2, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def sample(database: object) -> None:
    assert database
    await load_catalogue(now=MONDAY)


async def days_open(centre: object, kind: str = "counter") -> list[date]:
    rows = await fetch(
        "SELECT DISTINCT o.starts_at FROM opening o JOIN pool p ON p.id = o.pool_id"
        " WHERE o.centre_id = $1 AND p.kind = $2 ORDER BY o.starts_at",
        centre,
        kind,
    )
    return sorted({local_date(row["starts_at"]) for row in rows})


async def test_a_holiday_is_not_opened_and_a_saturday_only_where_the_centre_works_it() -> None:
    await publish_openings(now=HOLIDAY, working_days=4)

    wednesday = date(2026, 11, 25)
    weekdays = [wednesday, date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30)]
    assert await days_open(NHO_QUAN) == weekdays
    assert await days_open(HOA_LU) == sorted([*weekdays, date(2026, 11, 28)])
    assert await days_open(HOA_LU, "postal_zone") == weekdays


async def test_what_has_begun_today_opens_from_the_next_grain() -> None:
    await publish_openings(now=MONDAY, working_days=1)

    rows = await fetch(
        "SELECT min(o.starts_at) AS first, p.kind FROM opening o JOIN pool p ON p.id = o.pool_id"
        " GROUP BY p.kind ORDER BY p.kind"
    )
    assert [(row["kind"], row["first"]) for row in rows] == [
        ("counter", MONDAY.replace(minute=10)),
        ("postal_zone", MONDAY.replace(hour=3, minute=0)),
    ]


async def test_a_home_window_takes_two_hours_and_six_visits() -> None:
    await publish_openings(now=HOLIDAY, working_days=1)

    rows = await fetch(
        "SELECT DISTINCT s.capacity, s.ends_at - s.starts_at AS length FROM slot s"
        " JOIN pool p ON p.id = s.pool_id WHERE p.kind = 'postal_zone'"
    )
    assert [tuple(row) for row in rows] == [(6, timedelta(hours=2))]


async def test_a_desk_of_two_pools_is_counted_once() -> None:
    await publish_openings(now=HOLIDAY, working_days=1)

    rows = await fetch(
        "SELECT s.starts_at, sum(s.capacity) AS seats FROM slot s JOIN pool p ON p.id = s.pool_id"
        " WHERE s.centre_id = $1 AND p.kind = 'counter' GROUP BY s.starts_at",
        HOA_LU,
    )
    assert {row["seats"] for row in rows} == {len(await centres.counters_of(HOA_LU))}


async def test_loading_again_opens_nothing_and_the_next_day_opens_one_more() -> None:
    first = await publish_openings(now=HOLIDAY, working_days=2)
    again = await publish_openings(now=HOLIDAY + timedelta(minutes=1), working_days=2)
    next_days = await publish_openings(now=HOLIDAY + timedelta(days=1), working_days=3)

    assert first > 0
    assert again == 0
    assert 0 < next_days < first


async def test_a_demonstration_opens_its_centre_at_night_and_on_a_holiday() -> None:
    night = datetime(2026, 11, 24, 16, 55, tzinfo=UTC)
    opened = await open_now(HOA_LU, now=night)
    again = await open_now(HOA_LU, now=night + timedelta(seconds=30))

    # Three groups of counters, and the courier's first window.
    assert opened == 4
    assert again == 0
    assert await fetch("SELECT 1 FROM opening WHERE centre_id <> $1", HOA_LU) == []


async def test_the_whole_sample_with_its_openings_loads_once(now: datetime) -> None:
    # Two, because today's hours may be over whenever this runs.
    first = await seed(now=now, working_days=2)
    second = await seed(now=now, working_days=2)

    assert first.openings > 0
    assert second.changed == 0
