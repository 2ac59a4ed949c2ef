"""A procedure is its key: whatever code it is asked by, today's version answers."""

from datetime import date, datetime

import httpx
import pytest

from app.procedures import queries
from tests import remembered

# Criminal records went from the department of justice to the police on 1 July 2025.
OLD, NEW = "2.000488", "3.000333"
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


@pytest.fixture(autouse=True)
async def sample(client: httpx.AsyncClient, now: datetime) -> None:
    assert client is not None
    await remembered.catalogue(now)


async def test_a_code_of_before_finds_todays_version(client: httpx.AsyncClient) -> None:
    then = (await client.get(f"/v1/procedures/{OLD}?on={BEFORE}")).json()
    today = (await client.get(f"/v1/procedures/{OLD}?on={AFTER}")).json()

    assert (then["code"], then["agency_vi"]) == (OLD, "Sở Tư pháp")
    assert (today["code"], today["agency_vi"]) == (NEW, "Công an tỉnh")
    assert then["id"] == today["id"]
    assert today["codes"] == then["codes"]
    assert [code["code"] for code in today["codes"]] == [OLD, NEW]
    assert today["codes"][0]["valid_to"] == str(BEFORE)
    assert today["codes"][1]["valid_to"] is None


async def test_a_code_is_unknown_before_its_first_day(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/v1/procedures/{NEW}?on={BEFORE}")).status_code == 404


async def test_a_search_for_an_old_code_finds_the_procedure(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/procedures", params={"q": OLD, "on": str(AFTER)})

    assert [item["code"] for item in answer.json()["items"]] == [NEW]


async def test_centres_are_found_by_an_old_code(client: httpx.AsyncClient) -> None:
    old = (await client.get("/v1/centres", params={"procedure": OLD, "on": str(AFTER)})).json()
    new = (await client.get("/v1/centres", params={"procedure": NEW, "on": str(AFTER)})).json()

    assert new["items"]
    assert old == new


@pytest.mark.parametrize("spelled", ["1.001193.000.00.00.H42", "1.001193.H42", "1.001193.01"])
async def test_a_national_code_is_found_by_its_local_spellings(spelled: str) -> None:
    found = await queries.by_code(spelled, on=AFTER)

    assert found is not None
    assert found.code == "1.001193"


@pytest.mark.parametrize("spelled", ["1.001193X", "1.00119", "1.001193.H421", "x1.001193", "9.000001"])
async def test_what_only_looks_like_a_code_finds_nothing(spelled: str) -> None:
    assert await queries.by_code(spelled, on=AFTER) is None


async def test_a_local_code_is_not_taken_for_a_national_one() -> None:
    found = await queries.by_code("9.000001.H42", on=AFTER)

    assert found is not None
    assert found.code == "9.000001.H42"


async def test_offers_answer_to_the_code_that_was_asked() -> None:
    [centre, *_] = await queries.centres_offering(NEW, on=AFTER)

    offers = await queries.offers(centre, [OLD, NEW, "8.888888"], on=AFTER)

    assert offers.keys() == {OLD, NEW}
    assert offers[OLD] == offers[NEW]


async def test_what_is_kept_is_the_code_of_the_day() -> None:
    asked = [OLD, "8.888888", "1.001193.01"]

    assert await queries.current_codes(asked, on=AFTER) == [NEW, "8.888888", "1.001193"]
    assert await queries.current_codes(asked, on=BEFORE) == [OLD, "8.888888", "1.001193"]
