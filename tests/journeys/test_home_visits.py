"""Papers at the door: what is not done there, and what is offered instead; and windows nobody can keep."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import local_date
from app.core.database import DB
from tests.journeys.conftest import Person, Town

DISABILITY = "1.001699"
RESIDENCE = "1.004194"  # đăng ký tạm trú: no paper any more, help at home
MARRIAGE = "1.000894"  # đăng ký kết hôn: both must sign
LAT, LON = 20.11, 106.12


async def asked(citizen: Person, procedure: str, day: date, **where: Any) -> dict[str, Any]:
    answer = await citizen.get(
        "/v1/visit-windows",
        **{"procedure": procedure, "lat": LAT, "lon": LON, "from": str(day), "to": str(day)} | where,
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def wished(citizen: Person, procedure: str, window_id: str, **facts: Any) -> Any:
    body = {
        "kind": "collection",
        "procedures": [procedure],
        "window_id": window_id,
        "address": {"text": "Xóm 4", "commune": "14638", "lat": LAT, "lon": LON},
        "contact": {"name": "Bùi Thị Hoa", "phone": "0987654321"},
    }
    return await citizen.post("/v1/home-visits", body | facts)


async def a_window(town: Town, day: date) -> str:
    """Any window of the postal zone that day, whether or not somebody can come."""
    assert DB.pool is not None
    return str(
        await DB.pool.fetchval(
            "SELECT s.id FROM slot s JOIN pool p ON p.id = s.pool_id WHERE p.kind = 'postal_zone'"
            " AND s.starts_at >= $1::date ORDER BY s.starts_at LIMIT 1",
            day,
        )
    )


async def sealed() -> int:
    assert DB.pool is not None
    return int(await DB.pool.fetchval("SELECT count(*) FROM package"))


async def test_story_10_a_marriage_is_not_fetched_and_the_nearest_counters_are_shown(
    town: Town, day: date
) -> None:
    lan = await town.citizen()

    searched = await asked(lan, MARRIAGE, day)
    tried = await wished(lan, MARRIAGE, await a_window(town, day))
    delivered = await asked(lan, MARRIAGE, day, kind="delivery")

    assert (searched["windows"], searched["reason"]) == ([], "presence_required")
    assert "hai bên cùng có mặt và ký" in searched["because_vi"]
    assert "both must be there and sign" in searched["because_en"]
    assert (tried.json()["presence"], tried.json()["detail"]) == ("both_parties", searched["because_vi"])
    assert (tried.status_code, tried.json()["code"]) == (422, "presence_required")
    assert tried.json()["alternatives"] == searched["alternatives"]
    assert {"centre_id", "starts_at", "ends_at", "seats"} == set(searched["alternatives"][0])
    assert (delivered["windows"], delivered["reason"]) == ([], "home_service_not_offered")
    first = searched["alternatives"][0]
    held = await lan.post(
        "/v1/appointments",
        {
            "centre_id": first["centre_id"],
            "starts_at": first["starts_at"],
            "items": [{"procedure": MARRIAGE, "quantity": 1}],
        },
    )
    assert held.status_code == 201, held.text


async def test_story_11_what_takes_no_paper_is_helped_with_online_and_never_sealed(
    town: Town, day: date
) -> None:
    lan = await town.citizen()

    searched = await asked(lan, RESIDENCE, day)
    tried = await wished(lan, RESIDENCE, await a_window(town, day))

    offer = {"offer": "assisted_online", "procedure": RESIDENCE}
    assert (searched["windows"], searched["reason"]) == ([], "paperless")
    assert searched["alternatives"] == [offer]
    assert (tried.status_code, tried.json()["code"]) == (422, "paperless")
    assert (tried.json()["offer"], tried.json()["alternatives"]) == ("assisted_online", [offer])
    assert await sealed() == 0


@pytest.mark.parametrize(("lat", "lon"), [(-20.1, -73.9), (51.5, -0.1), (0.0, 0.0)])
async def test_a_position_at_the_other_end_of_the_world_is_out_of_reach(
    town: Town, day: date, lat: float, lon: float
) -> None:
    lan = await town.citizen()
    address = {"text": "Xóm 4", "commune": "14638", "lat": lat, "lon": lon}

    searched = await asked(lan, DISABILITY, day, lat=lat, lon=lon)
    tried = await wished(lan, DISABILITY, await a_window(town, day), address=address)

    assert (searched["windows"], searched["reason"]) == ([], "address_out_of_reach")
    assert (tried.status_code, tried.json()["code"]) == (422, "address_out_of_reach")


async def test_a_window_of_yesterday_is_gone(town: Town, day: date, now: datetime) -> None:
    lan = await town.citizen()
    yesterday = local_date(now) - timedelta(days=1)
    window = await a_window(town, day)
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE slot SET starts_at = starts_at - $2::interval, ends_at = ends_at - $2::interval"
        " WHERE id = $1",
        window,
        timedelta(days=(day - yesterday).days),
    )

    searched = await asked(lan, DISABILITY, yesterday)
    tried = await wished(lan, DISABILITY, window)

    assert (searched["windows"], searched["reason"]) == ([], "cutoff")
    assert (tried.status_code, tried.json()["code"]) == (409, "window_gone")
