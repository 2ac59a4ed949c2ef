"""The sample: what it holds, and that loading it twice is loading it once."""

from datetime import date, datetime

import httpx
import pytest

from app.centres import queries as centres
from app.core.database import fetch_value
from app.procedures import queries as procedures
from app.sample import files
from app.sample.seed import seed

TODAY = date(2026, 11, 25)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def seeded(database: object, now: datetime) -> None:
    assert database
    await seed(now=now, working_days=1)


async def test_loading_the_sample_twice_changes_nothing_the_second_time(now: datetime) -> None:
    first = await seed(now=now, working_days=1)
    second = await seed(now=now, working_days=1)

    assert first.places > 0
    assert first.procedures > 0
    assert first.people > 0
    assert second.changed == 0
    assert second.accounts == first.accounts


@pytest.mark.usefixtures("seeded")
async def test_the_sample_holds_eight_centres_of_today_and_twenty_three_of_the_three_tiers() -> None:
    today = await centres.centres_on(TODAY)
    of_2022 = await centres.centres_on(date(2022, 3, 1))

    assert len([row for row in today if row.tier == "commune"]) == 8
    assert len(of_2022) == 23
    assert not [row for row in today if row.tier == "district"]


@pytest.mark.usefixtures("seeded")
async def test_the_sample_holds_forty_procedures_two_of_them_under_a_local_code() -> None:
    found = await procedures.search("", sector=None, on=TODAY, after=None, limit=100)

    assert len(found.rows) == 40
    assert sorted(row.code for row in found.rows if row.code_is_local) == [
        "9.000001.H42",
        "9.000002.H42",
    ]


@pytest.mark.usefixtures("seeded")
async def test_every_text_of_the_sample_stands_in_both_languages() -> None:
    for entry in files.procedures().procedures:
        texts = [entry.name_en, entry.fee.text_en, entry.fee.exemptions_en, entry.result.name_en]
        texts += [text for paper in entry.papers for text in (paper.name_en, paper.bring_en)]
        assert all(texts), entry.code
        assert entry.fee.exemptions_vi, entry.code


@pytest.mark.usefixtures("seeded")
async def test_the_sample_year_of_2026_has_249_working_days() -> None:
    calendar = await centres.load_working_calendar()

    days = [date.fromordinal(n) for n in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())]
    assert sum(calendar.is_working_day(day) for day in days) == 249


@pytest.mark.usefixtures("seeded")
async def test_every_offer_of_today_has_a_pool_and_every_pool_a_counter() -> None:
    for centre in await centres.centres_on(TODAY):
        offered = await procedures.offered_by(centre.id, on=TODAY)
        assert offered
        for code in offered:
            pools = await procedures.pools_serving(centre.id, [code])
            assert pools, (centre.code, code)
            for pool in pools:
                assert await centres.counter_ids_of_pool(pool)


@pytest.mark.usefixtures("seeded")
async def test_the_sample_password_signs_minh_in(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/auth/staff", json={"username": "minh", "password": "demo-minh"})
    assert answer.status_code == 200


async def test_loading_leaves_one_line_in_the_journal(now: datetime) -> None:
    await seed(now=now, working_days=1)
    await seed(now=now, working_days=1)
    assert await fetch_value("SELECT count(*) FROM journal WHERE action = 'sample.loaded'") == 1
