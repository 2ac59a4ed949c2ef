"""The file of an appointment, read back as a phone reads it."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar, Component

from app.core.clock import local
from app.http.principals import Caller
from tests.appointments.conftest import COPIES, GRAIN, Place, Publish
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]


class Phone:
    """Lan with an appointment and a calendar."""

    def __init__(self, client: httpx.AsyncClient, lan: SignedIn, place: Place) -> None:
        self.client, self.lan, self.place = client, lan, place
        self.path = ""

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = self.lan.headers | {"Idempotency-Key": uuid.uuid4().hex}
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def book(self) -> None:
        held = await self.post(
            "/v1/appointments",
            {
                "centre_id": str(self.place.centre_id),
                "starts_at": local(self.place.opens).isoformat(),
                "items": [{"procedure": COPIES, "quantity": 2}],
            },
        )
        self.path = f"/v1/appointments/{held['id']}"

    async def event(self, language: str = "vi") -> tuple[str, Component]:
        headers = self.lan.headers | {"Accept-Language": language}
        answer = await self.client.get(f"{self.path}/calendar.ics", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/calendar")
        calendar = Calendar.from_ical(answer.content)
        (event,) = calendar.walk("VEVENT")
        return str(calendar["method"]), event


@pytest.fixture
async def phone(client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish) -> Phone:
    await publish(counters=1)
    phone = Phone(client, await sign_in(Caller.CITIZEN), place)
    await phone.book()
    return phone


async def test_the_event_stays_one_and_grows_through_its_whole_life(phone: Phone) -> None:
    seen = [await phone.event()]
    await phone.post(f"{phone.path}/confirm", {})
    seen.append(await phone.event())
    later = phone.place.opens + 3 * GRAIN
    await phone.post(f"{phone.path}/reschedule", {"starts_at": local(later).isoformat()})
    seen.append(await phone.event())
    await phone.post(f"{phone.path}/cancel", {})
    seen.append(await phone.event())

    events = [event for _, event in seen]
    assert [method for method, _ in seen] == ["PUBLISH", "PUBLISH", "PUBLISH", "CANCEL"]
    assert [str(event["status"]) for event in events] == [
        "TENTATIVE",
        "CONFIRMED",
        "CONFIRMED",
        "CANCELLED",
    ]
    assert len({str(event["uid"]) for event in events}) == 1
    assert len({str(event["organizer"]) for event in events}) == 1
    sequences = [int(event["sequence"]) for event in events]
    assert sequences == sorted(set(sequences))
    assert [event["dtstart"].dt for event in events] == [phone.place.opens] * 2 + [later] * 2


async def test_a_phone_reminds_the_day_before_and_an_hour_before_until_it_is_cancelled(
    phone: Phone,
) -> None:
    _, booked = await phone.event()
    await phone.post(f"{phone.path}/cancel", {})
    _, cancelled = await phone.event()

    alarms = booked.walk("VALARM")
    assert [alarm["trigger"].dt for alarm in alarms] == [-timedelta(days=1), -timedelta(hours=1)]
    assert {str(alarm["action"]) for alarm in alarms} == {"DISPLAY"}
    assert all(str(alarm["description"]) for alarm in alarms)
    assert cancelled.walk("VALARM") == []


@pytest.mark.parametrize(("language", "words"), [("vi", "giờ Việt Nam"), ("en", "time in Việt Nam")])
async def test_whose_time_it_is_can_be_read_also_abroad(phone: Phone, language: str, words: str) -> None:
    _, event = await phone.event(language)

    assert f"08:00 {local(phone.place.opens):%d/%m/%Y} ({words})" in str(event["description"])
    assert event["dtstart"].params["tzid"] == "Asia/Ho_Chi_Minh"
    assert event["dtend"].dt - event["dtstart"].dt == 2 * GRAIN
    assert event.walk("VALARM")
