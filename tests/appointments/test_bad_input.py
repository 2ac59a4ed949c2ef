"""What cannot be is refused with a code that stays the same, and leaves everything as it was."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local, local_date
from app.core.database import DB
from app.http.principals import Caller
from tests.appointments.conftest import BIRTH, COPIES, GRAIN, SIGNATURE, Place, Publish, make_centre
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]
OPENINGS = "/v1/staff/openings"
EVERYTHING = """
SELECT (SELECT count(*) FROM opening), (SELECT count(*) FROM slot), (SELECT count(*) FROM appointment),
       (SELECT count(*) FROM appointment_claim), (SELECT count(*) FROM opening_template),
       (SELECT coalesce(sum(taken_online + online_cap * 1000 + walkin_floor * 1000000), 0) FROM slot)
"""


async def everything() -> tuple[int, ...]:
    assert DB.pool is not None
    return tuple(await DB.pool.fetchrow(EVERYTHING))


def opening(place: Place, **change: Any) -> dict[str, Any]:
    """An opening of the wide pool, which is free; the narrow one is open at that time."""
    return {
        "pool_id": str(place.wide_pool_id),
        "starts_at": local(place.opens).isoformat(),
        "ends_at": local(place.opens + 6 * GRAIN).isoformat(),
        "counters": 3,
    } | change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"grain_minutes": 7}, "opening_not_valid"),
        ({"grain_minutes": 25}, "opening_not_valid"),
        ({"grain_minutes": 0}, "invalid_value"),
        ({"counters": 0}, "invalid_value"),
        ({"counters": -1}, "invalid_value"),
        ({"counters": 201}, "invalid_value"),
        ({"counters": "3"}, "invalid_value"),
        ({"walkin_floor": 4}, "opening_not_valid"),
        ({"walkin_floor": -1}, "invalid_value"),
        ({"online_share": 1.01}, "invalid_value"),
        ({"starts_at": "2020-01-01T08:00:00+07:00"}, "opening_not_valid"),
        ({"ends_at": "2020-01-01T08:00:00+07:00"}, "opening_not_valid"),
        ({"ends_at": "2099-01-01T08:00:00+07:00"}, "opening_not_valid"),
        ({"starts_at": "2027-01-04T08:00:00"}, "invalid_value"),
        ({"special": True}, "opening_not_valid"),
        ({"special": True, "decision": "  "}, "opening_not_valid"),
        ({"special": True, "decision": "QĐ\n9"}, "opening_not_valid"),
        ({"unknown": 1}, "invalid_value"),
    ],
)
async def test_an_opening_that_cannot_be_changes_nothing(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    publish: Publish,
    change: dict[str, Any],
    code: str,
) -> None:
    await publish()
    hoa = await sign_in(Caller.SHIFT_LEAD, centre_id=place.centre_id)
    before = await everything()

    answer = await client.post(OPENINGS, json=opening(place, **change), headers=hoa.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert await everything() == before


async def test_an_opening_across_another_names_it_and_changes_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    there = await publish()
    hoa = await sign_in(Caller.SHIFT_LEAD, centre_id=place.centre_id)
    before = await everything()
    late = place.opens + 7 * GRAIN
    body = opening(
        place,
        pool_id=str(place.pool_id),
        starts_at=local(late).isoformat(),
        ends_at=local(late + 6 * GRAIN).isoformat(),
    )

    answer = await client.post(OPENINGS, json=body, headers=hoa.headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "opening_overlap")
    assert answer.json()["opening"]["id"] == str(there.id)
    assert await everything() == before


async def test_the_pool_of_another_centre_and_a_centre_that_has_ended_are_not_found(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish, now: datetime
) -> None:
    assert DB.pool is not None
    await publish()
    other = await make_centre(name="Tam Điệp", opens=place.opens)
    hoa = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)
    lan = await sign_in(Caller.CITIZEN)
    before = await everything()

    theirs = await client.post(
        OPENINGS, json=opening(place, pool_id=str(other.pool_id)), headers=hoa.headers
    )
    assert (theirs.status_code, theirs.json()["code"]) == (404, "pool_not_found")

    # As the district centres ended on 30 June 2025, this one ends today.
    await DB.pool.execute("UPDATE centre SET valid_to = $2 WHERE id = $1", place.centre_id, local_date(now))
    wish = {
        "centre_id": str(place.centre_id),
        "starts_at": local(place.opens).isoformat(),
        "items": [{"procedure": SIGNATURE, "quantity": 2}],
    }
    key = lan.headers | {"Idempotency-Key": uuid.uuid4().hex}
    for answer in (
        await client.post(OPENINGS, json=opening(place), headers=hoa.headers),
        await client.post("/v1/appointments", json=wish, headers=key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "centre_not_found")
    assert await everything() == before
    kept = await client.get(
        OPENINGS, params={"to": (local_date(now) + timedelta(days=2)).isoformat()}, headers=hoa.headers
    )
    assert len(kept.json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"items": [{"procedure": BIRTH, "quantity": 13}]}, 422, "visit_too_long"),
        (
            {"items": [{"procedure": COPIES, "quantity": 24}, {"procedure": SIGNATURE, "quantity": 1}]},
            422,
            "visit_too_long",
        ),
        ({"items": [{"procedure": COPIES, "quantity": 25}]}, 422, "invalid_value"),
        ({"items": [{"procedure": COPIES, "quantity": 0}]}, 422, "invalid_value"),
        ({"items": []}, 422, "invalid_value"),
        ({"items": [{"procedure": COPIES}, {"procedure": COPIES}]}, 422, "items_not_valid"),
        ({"starts_at": "2026-01-05T08:00:00+07:00"}, 422, "outside_booking_period"),
        ({"starts_at": "2020-01-05T08:00:00+07:00"}, 422, "outside_booking_period"),
        ({"starts_at": "2099-01-05T08:00:00+07:00"}, 422, "outside_booking_period"),
    ],
)
async def test_a_wish_that_cannot_be_changes_nothing(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    publish: Publish,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await publish(grains=30)
    lan = await sign_in(Caller.CITIZEN)
    before = await everything()
    wish = {
        "centre_id": str(place.centre_id),
        "starts_at": local(place.opens).isoformat(),
        "items": [{"procedure": COPIES, "quantity": 1}],
    }

    answer = await client.post(
        "/v1/appointments",
        json=wish | change,
        headers=lan.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await everything() == before


async def test_a_visit_of_24_grains_is_not_too_long(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(grains=24)
    lan = await sign_in(Caller.CITIZEN)
    wish = {
        "centre_id": str(place.centre_id),
        "starts_at": local(place.opens).isoformat(),
        "items": [{"procedure": COPIES, "quantity": 24}],
    }

    answer = await client.post(
        "/v1/appointments",
        json=wish,
        headers=lan.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"counters": 0}, "invalid_value"),
        ({"weekdays": []}, "invalid_value"),
        ({"weekdays": [8]}, "invalid_value"),
        ({"weekdays": [1, 1]}, "opening_template_not_valid"),
        ({"opens": "7:00"}, "invalid_value"),
        ({"opens": "24:00"}, "invalid_value"),
        ({"closes": "07:00"}, "opening_template_not_valid"),
        ({"nth_of_month": 5}, "invalid_value"),
        ({"nth_of_month": 0}, "opening_template_not_valid"),
        ({"valid_from": date(2020, 1, 1).isoformat()}, "opening_template_not_valid"),
        ({"decision": ""}, "opening_template_not_valid"),
        ({"walkin_floor": 9}, "opening_template_not_valid"),
    ],
)
async def test_a_template_that_cannot_be_changes_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, change: dict[str, Any], code: str
) -> None:
    hoa = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)
    before = await everything()
    body = {
        "pool_id": str(place.pool_id),
        "weekdays": [1, 2],
        "opens": "07:00",
        "closes": "11:30",
        "counters": 2,
        "decision": "QĐ 7/2026",
    }

    answer = await client.post("/v1/staff/opening-templates", json=body | change, headers=hoa.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert await everything() == before
