"""Centres as anybody finds them."""

import uuid
from datetime import datetime

import httpx
import pytest

from app.sample.files import sample_id
from tests import remembered

ON = "2026-11-25"
HOA_LU = sample_id("centre", "HCC-14329")
NHO_QUAN_DISTRICT = sample_id("centre", "MCH-372")


@pytest.fixture(autouse=True)
async def sample(client: httpx.AsyncClient, now: datetime) -> None:
    assert client is not None
    await remembered.catalogue(now)


async def listed(client: httpx.AsyncClient, **params: str) -> list[dict[str, object]]:
    answer = await client.get("/v1/centres", params={"on": ON, "limit": "100"} | params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_only_centres_of_the_date_are_listed(client: httpx.AsyncClient) -> None:
    today = await listed(client)
    of_2022 = await listed(client, on="2022-03-01")

    assert {row["tier"] for row in today} == {"province", "commune"}
    assert len(today) == 9
    assert len(of_2022) == 23
    assert sum(row["tier"] == "district" for row in of_2022) == 8


async def test_a_district_centre_cannot_be_chosen_after_june_2025(
    client: httpx.AsyncClient,
) -> None:
    last = await client.get(f"/v1/centres/{NHO_QUAN_DISTRICT}?on=2025-06-30")
    after = await client.get(f"/v1/centres/{NHO_QUAN_DISTRICT}?on=2025-07-01")

    assert last.status_code == 200
    assert after.status_code == 404
    assert after.json()["code"] == "centre_not_found"


async def test_the_nearest_centre_comes_first_with_its_distance(client: httpx.AsyncClient) -> None:
    rows = await listed(client, near="20.09,106.09")
    distances = [float(str(row["distance_km"])) for row in rows]

    assert rows[0]["name_vi"] == "Trung tâm Phục vụ hành chính công xã Phát Diệm"
    assert distances == sorted(distances)
    assert distances[0] == 0
    # Phát Diệm to Phủ Lý, great circle between the two points of the sample.
    assert distances[-1] == pytest.approx(52.0, abs=1.0)


async def test_a_procedure_narrows_the_list_to_centres_that_offer_it(
    client: httpx.AsyncClient,
) -> None:
    adoption = await listed(client, procedure="2.001263")
    passport = await listed(client, procedure="1.001456")

    assert {row["tier"] for row in adoption} == {"commune"}
    assert [row["code"] for row in passport] == ["TT-37"]
    assert await listed(client, procedure="1.999999") == []


@pytest.mark.parametrize(
    "near", ["", "20.26", "20.26,105.97,1", "a,b", "91,0", "0,181", "nan,0", "inf,0", "20.26;105.97"]
)
async def test_a_point_that_is_no_point_is_refused(client: httpx.AsyncClient, near: str) -> None:
    answer = await client.get("/v1/centres", params={"near": near})

    assert answer.status_code == 422
    assert answer.json()["code"] == "point_not_valid"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_pages_of_centres_follow_each_other(client: httpx.AsyncClient) -> None:
    whole = [row["id"] for row in await listed(client, near="20.26,105.97")]
    seen: list[object] = []
    url = f"/v1/centres?on={ON}&near=20.26,105.97&limit=2"
    while url:
        answer = await client.get(url)
        seen += [row["id"] for row in answer.json()["items"]]
        url = answer.headers.get("link", "").partition(">")[0].removeprefix("<")

    assert seen == whole


async def test_a_centre_tells_its_desks_its_pools_and_its_week(client: httpx.AsyncClient) -> None:
    view = (await client.get(f"/v1/centres/{HOA_LU}?on=2026-11-23")).json()

    assert view["name_en"] == "Hoa Lu Ward Public Administration Service Centre"
    assert [counter["number"] for counter in view["counters"]] == [1, 2, 3, 4, 5, 6]
    assert [pool["kind"] for pool in view["pools"]] == ["counter"] * 3 + ["postal_zone"]
    assert view["hours_on_date"] == [
        {"weekday": 1, "opens": "07:00", "closes": "11:30"},
        {"weekday": 1, "opens": "13:30", "closes": "17:00"},
    ]
    assert {"weekday": 6, "opens": "07:30", "closes": "11:00"} in view["opening_hours"]
    assert [(day["date"], day["status"]) for day in view["special_days"]] == [
        ("2026-11-24", "needs_confirmation")
    ]


async def test_a_holiday_has_no_hours_and_a_worked_saturday_has_a_fridays(
    client: httpx.AsyncClient,
) -> None:
    holiday = (await client.get(f"/v1/centres/{HOA_LU}?on=2026-11-24")).json()
    worked = (await client.get(f"/v1/centres/{HOA_LU}?on=2026-08-22")).json()

    assert holiday["hours_on_date"] == []
    assert [period["opens"] for period in worked["hours_on_date"]] == ["07:00", "13:30"]


async def test_an_unknown_centre_and_another_spelling_are_not_found(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get(f"/v1/centres/{uuid.uuid4()}")).status_code == 404
    assert (await client.get(f"/v1/centres/{str(HOA_LU).upper()}?on={ON}")).status_code == 404
    assert (await client.get("/v1/centres/1")).status_code == 404


async def test_the_last_day_there_is_does_not_break_the_calendar(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get(f"/v1/centres/{HOA_LU}?on=9999-12-31")).status_code == 200


async def test_a_centre_known_to_the_client_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(f"/v1/centres/{HOA_LU}?on={ON}")
    again = await client.get(
        f"/v1/centres/{HOA_LU}?on={ON}", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304
