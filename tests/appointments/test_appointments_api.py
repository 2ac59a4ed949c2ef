"""The same over HTTP: the journey of a citizen, and what each refusal looks like."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from app.core.clock import local
from app.http.principals import Caller
from tests.appointments.conftest import (
    BIRTH,
    COPIES,
    GRAIN,
    Place,
    Publish,
    drift,
    let_holds_end,
)
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]


def keyed(person: SignedIn, key: str | None = None) -> dict[str, str]:
    return person.headers | {"Idempotency-Key": key or uuid.uuid4().hex}


def wish(place: Place, start: datetime | None = None, quantity: int = 1) -> dict[str, Any]:
    return {
        "centre_id": str(place.centre_id),
        "starts_at": local(start or place.opens).isoformat(),
        "items": [{"procedure": COPIES, "quantity": quantity}],
    }


async def days(client: httpx.AsyncClient, place: Place, **more: object) -> list[dict[str, Any]]:
    query = {"centre": str(place.centre_id), "procedure": COPIES} | more
    answer = await client.get("/v1/availability", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["days"]
    return found


async def test_lan_books_confirms_moves_and_cancels(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(counters=2)
    lan = await sign_in(Caller.CITIZEN)
    key = keyed(lan)

    held = await client.post("/v1/appointments", json=wish(place), headers=key)
    replay = await client.post("/v1/appointments", json=wish(place), headers=key)

    assert held.status_code == 201
    assert held.json()["status"] == "held"
    assert held.json()["hold_expires_at"].endswith("+07:00")
    assert held.headers["etag"] == '"1"'
    assert (replay.status_code, replay.json()) == (201, held.json())
    assert replay.headers["idempotent-replayed"] == "true"

    path = f"/v1/appointments/{held.json()['id']}"
    confirmed = await client.post(
        f"{path}/confirm",
        json={"contact": {"name": "  Nguyễn Thị  Lan ", "phone": "0912 345 678"}},
        headers=keyed(lan),
    )
    assert confirmed.status_code == 200
    assert confirmed.json()["status"] == "confirmed"
    assert confirmed.json()["hold_expires_at"] is None
    assert confirmed.json()["contact"] == {"name": "Nguyễn Thị Lan", "phone": "+84912345678"}

    later = local(place.opens + 2 * GRAIN).isoformat()
    moved = await client.post(f"{path}/reschedule", json={"starts_at": later}, headers=keyed(lan))
    assert moved.status_code == 200
    assert moved.json()["starts_at"] == later
    assert moved.json()["reference"] == held.json()["reference"]

    listed = await client.get("/v1/appointments", headers=lan.headers)
    one = await client.get(path, headers=lan.headers)
    assert listed.json() == {"items": [one.json()], "next_cursor": None}
    assert one.headers["etag"] == '"3"'

    first = await client.post(f"{path}/cancel", json={"reason": "Bận"}, headers=lan.headers)
    second = await client.post(f"{path}/cancel", json={}, headers=lan.headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert await drift() == []


async def test_a_booking_needs_a_key_and_a_citizen(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place
) -> None:
    lan = await sign_in(Caller.CITIZEN)
    minh = await sign_in(Caller.OFFICER, centre_id=place.centre_id)

    without_key = await client.post("/v1/appointments", json=wish(place), headers=lan.headers)
    without_token = await client.post("/v1/appointments", json=wish(place))
    officer = await client.post("/v1/appointments", json=wish(place), headers=keyed(minh))

    assert without_key.status_code == 400
    assert (without_token.status_code, officer.status_code) == (401, 401)


async def test_another_persons_appointment_does_not_exist(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish()
    lan, eve = await sign_in(Caller.CITIZEN), await sign_in(Caller.CITIZEN)
    held = await client.post("/v1/appointments", json=wish(place), headers=keyed(lan))
    path = f"/v1/appointments/{held.json()['id']}"

    answers = [
        await client.get(path, headers=eve.headers),
        await client.get(f"{path}/calendar.ics", headers=eve.headers),
        await client.post(f"{path}/confirm", json={}, headers=keyed(eve)),
        await client.post(f"{path}/cancel", json={}, headers=eve.headers),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert (await client.get("/v1/appointments", headers=eve.headers)).json()["items"] == []


async def test_48_racing_for_4_places_give_4_winners_and_3_alternatives_to_the_rest(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(counters=4, grains=20)
    await publish(at=place._replace(opens=place.opens + timedelta(days=1)), counters=4, grains=8)
    for n in range(20):
        people = [await sign_in(Caller.CITIZEN) for _ in range(48)]
        body = wish(place, place.opens + n * GRAIN)

        answers = await asyncio.gather(
            *(client.post("/v1/appointments", json=body, headers=keyed(who)) for who in people)
        )

        losers = [answer.json() for answer in answers if answer.status_code == 409]
        assert sum(answer.status_code == 201 for answer in answers) == 4
        assert len(losers) == 44
        assert {loser["code"] for loser in losers} == {"slot_full"}
        assert all(len(loser["alternatives"]) >= 3 for loser in losers)
        assert all(alternative["seats"] >= 1 for alternative in losers[0]["alternatives"])
    assert await drift() == []


async def test_a_day_has_as_many_seats_as_its_slots_together(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(counters=2, grains=6)
    await publish(counters=1, grains=6, pool_id=place.wide_pool_id)
    lan = await sign_in(Caller.CITIZEN)
    await client.post("/v1/appointments", json=wish(place, quantity=2), headers=keyed(lan))

    for quantity in (1, 2, 3, 6, 7):
        found = await days(client, place, quantity=quantity)
        assert len(found) == 7
        assert all(day["seats"] == sum(slot["seats"] for slot in day["slots"]) for day in found)

    one = {slot["starts_at"]: slot["seats"] for day in await days(client, place) for slot in day["slots"]}
    starts = [local(place.opens + n * GRAIN).isoformat() for n in range(6)]
    assert [one[start] for start in starts] == [2, 2, 3, 3, 3, 3]
    six = [slot["seats"] for day in await days(client, place, quantity=6) for slot in day["slots"]]
    assert six == [2]


async def test_several_procedures_are_only_offered_where_one_pool_serves_them_all(
    client: httpx.AsyncClient, place: Place, publish: Publish
) -> None:
    await publish(counters=9, grains=4)
    await publish(counters=1, grains=4, pool_id=place.wide_pool_id)

    found = await days(client, place, procedure=[COPIES, BIRTH])

    assert [slot["seats"] for day in found for slot in day["slots"]] == [1, 1]


async def test_availability_is_304_until_somebody_books_and_fresh_right_after(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(counters=1, grains=2)
    lan = await sign_in(Caller.CITIZEN)
    query = {"centre": str(place.centre_id), "procedure": COPIES}
    first = await client.get("/v1/availability", params=query)
    seen = {"If-None-Match": first.headers["etag"]}

    same = await client.get("/v1/availability", params=query, headers=seen)
    await client.post("/v1/appointments", json=wish(place), headers=keyed(lan))
    after = await client.get("/v1/availability", params=query, headers=seen)
    await let_holds_end()
    ended = await client.get("/v1/availability", params=query, headers=seen)

    assert (same.status_code, same.content) == (304, b"")
    assert after.status_code == 200
    assert sum(day["seats"] for day in after.json()["days"]) == 1
    assert ended.status_code == 304


async def test_what_was_asked_before_is_asked_for_anew_and_lets_no_false_token_through(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish(counters=1, grains=2)
    lan = await sign_in(Caller.CITIZEN)
    before = await days(client, place)
    await client.post("/v1/appointments", json=wish(place), headers=keyed(lan))

    after = await days(client, place)
    plain = await client.get(
        "/v1/availability",
        params={"centre": str(place.centre_id), "procedure": COPIES},
        headers={"Accept-Encoding": "identity"},
    )
    false = await client.get(
        "/v1/availability",
        params={"centre": str(place.centre_id), "procedure": COPIES},
        headers={"Authorization": "Bearer x"},
    )

    assert [sum(day["seats"] for day in found) for found in (before, after)] == [2, 1]
    assert plain.json()["days"] == after
    assert "content-encoding" not in plain.headers
    assert false.status_code == 401


async def test_a_hundred_asking_at_once_share_one_reading_and_agree(
    client: httpx.AsyncClient, place: Place, publish: Publish
) -> None:
    await publish()
    answers = await asyncio.gather(*(days(client, place) for _ in range(100)))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"centre": str(uuid.uuid4()), "procedure": COPIES}, 404, "centre_not_found"),
        ({"procedure": "9.999"}, 422, "procedure_not_offered"),
        ({"procedure": COPIES, "quantity": 0}, 400, "bad_parameter"),
        ({"procedure": COPIES, "from": "2026-13-01"}, 400, "bad_parameter"),
        ({"procedure": COPIES, "from": "2026-12-10", "to": "2026-12-01"}, 422, "period_not_valid"),
        ({}, 400, "bad_parameter"),
    ],
)
async def test_availability_refuses_what_it_cannot_answer(
    client: httpx.AsyncClient, place: Place, query: dict[str, Any], status: int, code: str
) -> None:
    asked = {"centre": str(place.centre_id)} | query
    answer = await client.get("/v1/availability", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("contact", "pointer"),
    [
        ({"name": "Lan https://a.vn", "phone": "0912345678"}, "/contact/name"),
        ({"name": "Lan\u0007", "phone": "0912345678"}, "/contact/name"),
        ({"name": "Lan", "phone": "+1 202 555 0100"}, "/contact/phone"),
    ],
)
async def test_a_contact_that_could_mislead_is_refused(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    contact: dict[str, str],
    pointer: str,
) -> None:
    lan = await sign_in(Caller.CITIZEN)
    answer = await client.post(
        "/v1/appointments", json=wish(place) | {"contact": contact}, headers=keyed(lan)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "contact_not_valid")
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_the_calendar_file_moves_with_the_appointment(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    await publish()
    lan = await sign_in(Caller.CITIZEN)
    held = (await client.post("/v1/appointments", json=wish(place), headers=keyed(lan))).json()

    answer = await client.get(
        f"/v1/appointments/{held['id']}/calendar.ics",
        headers=lan.headers | {"Accept-Language": "en"},
    )

    assert answer.headers["content-type"].startswith("text/calendar")
    event = Calendar.from_ical(answer.content).walk("VEVENT")[0]
    assert str(event["uid"]) == f"{held['id']}@motcua"
    assert event["sequence"] == 1
    assert event["status"] == "TENTATIVE"
    assert event.decoded("dtstart") == place.opens
    assert "TZID=Asia/Ho_Chi_Minh" in answer.text
    assert str(event["summary"]) == f"Appointment {held['reference']}"


async def test_a_shift_lead_opens_a_pool_and_an_overlap_names_the_other(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place
) -> None:
    hoa = await sign_in(Caller.SHIFT_LEAD, centre_id=place.centre_id)
    body = {
        "pool_id": str(place.pool_id),
        "starts_at": local(place.opens).isoformat(),
        "ends_at": local(place.opens + 6 * GRAIN).isoformat(),
        "counters": 3,
        "online_share": 0.5,
        "walkin_floor": 1,
    }

    made = await client.post("/v1/staff/openings", json=body, headers=hoa.headers)
    again = await client.post("/v1/staff/openings", json=body, headers=hoa.headers)
    listed = await client.get("/v1/staff/openings", headers=hoa.headers)

    assert made.status_code == 201
    assert (made.json()["online_cap"], made.json()["grain_minutes"]) == (1, 10)
    assert (again.status_code, again.json()["code"]) == (409, "opening_overlap")
    assert again.json()["opening"]["id"] == made.json()["id"]
    assert listed.json()["items"] == [made.json()]
    assert sum(day["seats"] for day in await days(client, place)) == 6


async def test_only_one_of_two_openings_published_at_once_exists(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place
) -> None:
    hoa = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)
    bodies = [
        {
            "pool_id": str(place.pool_id),
            "starts_at": local(place.opens + n * GRAIN).isoformat(),
            "ends_at": local(place.opens + (6 + n) * GRAIN).isoformat(),
            "counters": 3,
        }
        for n in range(4)
    ]

    answers = await asyncio.gather(
        *(client.post("/v1/staff/openings", json=body, headers=hoa.headers) for body in bodies)
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"grain_minutes": 7}, "/grain_minutes"),
        ({"walkin_floor": 9}, "/walkin_floor"),
        ({"starts_at": "2020-01-01T08:00:00+07:00"}, "/starts_at"),
        ({"ends_at": "2020-01-01T08:00:00+07:00"}, "/ends_at"),
    ],
)
async def test_an_opening_that_cannot_be_is_refused_with_its_field(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    change: dict[str, Any],
    field: str,
) -> None:
    hoa = await sign_in(Caller.SHIFT_LEAD, centre_id=place.centre_id)
    body = {
        "pool_id": str(place.pool_id),
        "starts_at": local(place.opens).isoformat(),
        "ends_at": local(place.opens + 6 * GRAIN).isoformat(),
        "counters": 3,
    }
    answer = await client.post("/v1/staff/openings", json=body | change, headers=hoa.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "opening_not_valid")
    assert field in {error["pointer"] for error in answer.json()["errors"]}


async def test_an_officer_opens_no_pool_and_a_lead_opens_none_elsewhere(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place
) -> None:
    minh = await sign_in(Caller.OFFICER, centre_id=place.centre_id)
    stranger = await sign_in(Caller.SHIFT_LEAD, centre_id=uuid.uuid4())
    body = {
        "pool_id": str(place.pool_id),
        "starts_at": local(place.opens).isoformat(),
        "ends_at": local(place.opens + 6 * GRAIN).isoformat(),
        "counters": 3,
    }
    officer = await client.post("/v1/staff/openings", json=body, headers=minh.headers)
    other = await client.post("/v1/staff/openings", json=body, headers=stranger.headers)
    assert (officer.status_code, other.status_code) == (403, 404)
