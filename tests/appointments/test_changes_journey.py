"""Story 4 (DOMAIN 10): a day off declared late, with 47 appointments on it, over HTTP.

Preview, second person, done: each person told exactly once, nothing lost, counters equal rows.
"""

import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local
from app.core.database import DB
from app.core.later import Later
from app.core.outbox import Fact, decode
from app.http.principals import Caller
from jobs.subscriptions import BRINGS_PLACES, carry_day_out, offer_places
from notifications.emulator.server import TwilioEmulator
from notifications.listeners import MESSAGES, tell_person
from notifications.port import Channels
from notifications.segments import cost
from notifications.twilio_channel import TwilioChannel
from tests.appointments.conftest import COPIES, GRAIN, Place, Publish, drift
from tests.appointments.test_changes import disagreeing
from tests.conftest import SignedIn
from tests.notifications.conftest import emulator, make_channel, sms  # noqa: F401 - fixtures

SignIn = Callable[..., Awaitable[SignedIn]]
PEOPLE = 47
PROPOSALS = "/v1/staff/calendar/proposals"
CHANGES = "/v1/staff/availability-changes"


def phone(number: int) -> str:
    return f"+8491234{number:04}"


def keyed(person: SignedIn) -> dict[str, str]:
    return person.headers | {"Idempotency-Key": uuid.uuid4().hex}


async def book_47(client: httpx.AsyncClient, sign_in: SignIn, place: Place) -> dict[str, dict[str, Any]]:
    """47 people book and confirm, eight to a start; their appointments by reference."""
    booked = {}
    for number in range(PEOPLE):
        lan = await sign_in(Caller.CITIZEN)
        wish = {
            "centre_id": str(place.centre_id),
            "starts_at": local(place.opens + number // 8 * GRAIN).isoformat(),
            "items": [{"procedure": COPIES}],
        }
        held = await client.post("/v1/appointments", json=wish, headers=keyed(lan))
        assert held.status_code == 201, held.text
        path = f"/v1/appointments/{held.json()['id']}"
        contact = {"contact": {"name": f"Lan {number}", "phone": phone(number)}}
        answer = await client.post(f"{path}/confirm", json=contact, headers=keyed(lan))
        assert answer.status_code == 200, answer.text
        booked[answer.json()["reference"]] = answer.json() | {"path": path, "headers": lan.headers}
    return booked


async def hear(channels: Channels, *, twice: bool = True) -> None:
    """Every fact reaches everybody who listens, as the drainer brings it: at least once."""
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind, payload FROM outbox ORDER BY seq")
    facts: list[Fact] = [decode(row["kind"], row["payload"]) for row in rows]
    for fact in facts * (2 if twice else 1):
        if type(fact) in MESSAGES:
            with suppress(Later):  # owed, and waiting for the morning
                await tell_person(fact, channels=channels)
        if type(fact) in BRINGS_PLACES:
            await offer_places(fact)
        if fact.kind == "calendar.confirmed":
            await carry_day_out(fact)  # type: ignore[arg-type]  # told by its kind


async def messages(template: str) -> list[tuple[str, str]]:
    """Whom a message is owed, and what it says."""
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT phone, body FROM message WHERE template = $1", template)
    return [(row["phone"], row["body"]) for row in rows]


async def live() -> int:
    assert DB.pool is not None
    found: int = await DB.pool.fetchval("SELECT count(*) FROM appointment WHERE state = 'confirmed'")
    return found


@pytest.fixture
def channels(sms: TwilioChannel) -> Channels:  # noqa: F811
    return Channels(sms=sms)


async def test_a_day_off_declared_late_moves_47_people_and_tells_each_once(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    publish: Publish,
    tomorrow: date,
    channels: Channels,
    emulator: TwilioEmulator,  # noqa: F811
) -> None:
    await publish(counters=5)
    await publish(counters=3, pool_id=place.wide_pool_id)
    next_day = place._replace(opens=place.opens + timedelta(days=1))
    await publish(counters=6, at=next_day)
    booked = await book_47(client, sign_in, place)
    await hear(channels)
    lam, thu = [await sign_in(Caller.CALENDAR_EDITOR, centre_id=place.centre_id) for _ in range(2)]
    day = {
        "day": tomorrow.isoformat(),
        "kind": "holiday",
        "name_vi": "Nghỉ theo công điện",
        "name_en": "A day off by telegram",
        "reference": "CĐ 12/2026",
        "orphans": "move",
    }

    proposed = await client.post(PROPOSALS, json=day, headers=keyed(lam))

    assert proposed.status_code == 201, proposed.text
    impact = proposed.json()["impact"]
    (centre,) = impact["centres"]
    assert (impact["orphaned"], impact["supported"], impact["unreachable"]) == (PEOPLE, 0, 0)
    assert {each["reference"] for each in centre["appointments"]} == set(booked)
    assert await live() == PEOPLE

    path = f"{PROPOSALS}/{proposed.json()['id']}"
    alone = await client.post(f"{path}/confirm", json={}, headers=keyed(lam))
    assert (alone.status_code, alone.json()["code"]) == (403, "second_person_needed")
    key = keyed(thu)
    confirmed = await client.post(f"{path}/confirm", json={}, headers=key)
    replay = await client.post(f"{path}/confirm", json={}, headers=key)
    again = await client.post(f"{path}/confirm", json={}, headers=keyed(thu))
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json() == replay.json() == again.json()
    assert replay.headers["idempotent-replayed"] == "true"
    assert (await client.get(path, headers=lam.headers)).json() == confirmed.json()
    (effect,) = confirmed.json()["effects"]
    assert (effect["outcome"]["moved"], effect["outcome"]["kept"]) == (PEOPLE, 0)

    await hear(channels)
    told = await messages("appointment_moved_by_centre")
    assert sorted(to for to, _ in told) == sorted(phone(number) for number in range(PEOPLE))
    assert all(cost(body).segments == 1 for _, body in told)
    assert len(await messages("appointment_confirmed")) == PEOPLE
    assert await messages("appointment_cancelled_by_centre") == []
    assert len({record.to for record in emulator.mailbox.all()}) == PEOPLE

    for reference, before in booked.items():
        answer = await client.get(before["path"], headers=before["headers"])
        after = answer.json()
        assert (after["reference"], after["status"], after["items"]) == (
            reference,
            "confirmed",
            before["items"],
        )
        assert datetime.fromisoformat(after["starts_at"]) >= next_day.opens
    assert await live() == PEOPLE
    assert await drift() == [] == await disagreeing()
    free = await client.get(
        "/v1/availability",
        params={"centre": str(place.centre_id), "procedure": COPIES, "from": day["day"], "to": day["day"]},
    )
    assert sum(each["seats"] for each in free.json()["days"]) == 0


async def test_a_pool_that_closes_keeps_whom_it_can_and_tells_only_the_others(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,
    publish: Publish,
    channels: Channels,
) -> None:
    await publish(counters=8, grains=6)
    booked = await book_47(client, sign_in, place)
    await publish(counters=2, grains=6, pool_id=place.wide_pool_id)
    hoa = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=place.centre_id)
    change = {
        "change": {
            "kind": "close",
            "pool_id": str(place.pool_id),
            "starts_at": local(place.opens).isoformat(),
            "ends_at": local(place.opens + 6 * GRAIN).isoformat(),
        }
    }

    proposed = await client.post(CHANGES, json=change, headers=keyed(hoa))
    figures = proposed.json()["impact"]
    assert (figures["supported"], figures["orphaned"]) == (12, PEOPLE - 12)
    applied = await client.post(
        f"{CHANGES}/{proposed.json()['id']}/apply", json={"orphans": "cancel"}, headers=keyed(hoa)
    )

    assert applied.status_code == 200, applied.text
    assert applied.json()["outcome"]["cancelled"] == PEOPLE - 12
    await hear(channels)
    told = await messages("appointment_cancelled_by_centre")
    gone = {each["reference"] for each in figures["appointments"]}
    assert len(told) == len({to for to, _ in told}) == PEOPLE - 12
    assert {reference for reference in gone for _, body in told if reference in body} == gone
    statuses = [
        (reference, (await client.get(each["path"], headers=each["headers"])).json()["status"])
        for reference, each in booked.items()
    ]
    assert {reference for reference, status in statuses if status == "cancelled"} == gone
    assert await live() == 12
    assert await drift() == [] == await disagreeing()
