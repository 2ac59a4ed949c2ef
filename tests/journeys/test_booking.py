"""Lan books, moves and gives up a place: over HTTP, with the messages that reach her phone."""

import asyncio
import re
from datetime import date, timedelta

from app.core.clock import at_local
from app.core.database import fetch_value
from notifications.segments import cost
from tests.journeys.conftest import COPIES, LAN, Person, Town

PHONES = [f"+8491234560{n}" for n in range(8)]


async def test_lan_books_from_her_phone_and_is_told_in_one_short_message(town: Town, day: date) -> None:
    lan = await town.citizen()
    shown = await town.starts(day)
    half_past_eight = at_local(day, 8, 30)
    assert half_past_eight in shown

    appointment = await town.booked(lan, half_past_eight)

    texts = await town.texts()
    confirmation = texts[-1]
    assert [appointment["reference"] in text for text in texts] == [False, True]
    assert "08:30" in confirmation
    price = cost(confirmation)
    assert price.segments == 1
    assert len(confirmation) <= 160
    assert "2.000815" not in confirmation  # which procedure it is, is nobody's business
    assert re.search(r"\d{12}", confirmation) is None


async def test_the_last_place_goes_to_one_of_two_phones_and_the_other_is_shown_three_more(
    town: Town, day: date
) -> None:
    people = [await town.citizen(phone) for phone in PHONES]
    last = (await town.starts(day))[-1]
    while len(people) > 2 and await _left(town, last) > 1:
        assert (await people.pop().post("/v1/appointments", town.wish(last))).status_code == 201

    answers = await asyncio.gather(*(each.post("/v1/appointments", town.wish(last)) for each in people[:2]))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "slot_full"
    assert len(refused["alternatives"]) >= 3
    oversold = await fetch_value(
        "SELECT count(*) FROM slot WHERE taken_online > online_cap OR taken_online + taken_partner"
        " + taken_staff + taken_walkin > capacity"
    )
    assert oversold == 0


async def _left(town: Town, starts_at: object) -> int:
    answer = await town.http.get(
        "/v1/availability", params={"centre": str(town.centre_id), "procedure": COPIES}
    )
    return sum(
        slot["seats"]
        for found in answer.json()["days"]
        for slot in found["slots"]
        if slot["starts_at"] == town.wish(starts_at)["starts_at"]  # type: ignore[arg-type]
    )


async def test_a_third_booking_of_a_day_and_a_second_of_a_sector_name_the_rule_and_its_decision(
    town: Town, day: date
) -> None:
    lan = await town.citizen()
    tomorrow = day + timedelta(days=1)
    await town.booked(lan, at_local(tomorrow, 9))

    same_sector = await lan.post("/v1/appointments", town.wish(at_local(tomorrow, 10)))
    await _other_sector(town, lan, tomorrow)
    third = await lan.post("/v1/appointments", town.wish(at_local(tomorrow, 15), "1.001193"))

    assert (same_sector.status_code, third.status_code) == (409, 409)
    assert {same_sector.json()["code"], third.json()["code"]} == {"appointment_limit"}
    assert same_sector.json()["rule"] == "one_per_sector_per_day"
    assert third.json()["rule"] == "two_per_day"
    assert same_sector.json()["decision"]
    assert third.json()["decision"]


async def _other_sector(town: Town, person: Person, day: date) -> None:
    await town.booked(person, at_local(day, 14), "1.004194")


async def test_half_an_hour_before_it_is_too_late_to_move_and_giving_up_helps_who_waits(
    town: Town, day: date
) -> None:
    lan = await town.citizen()
    others = [await town.citizen(phone) for phone in PHONES[:4]]
    minh = others.pop()
    at_nine = at_local(day, 9)
    mine = await town.booked(lan, at_nine)
    while await _left(town, at_nine):
        await town.booked(others.pop(), at_nine)
    joined = await minh.post(
        "/v1/waitlist",
        {
            "centre_id": str(town.centre_id),
            "items": [{"procedure": COPIES, "quantity": 1}],
            "from": town.wish(at_nine)["starts_at"],
            "to": town.wish(at_nine + timedelta(minutes=10))["starts_at"],
        },
    )
    assert joined.status_code == 201, joined.text
    town.at(at_nine - timedelta(minutes=30))

    moved = await lan.post(
        f"/v1/appointments/{mine['id']}/reschedule",
        {"starts_at": town.wish(at_local(day, 10))["starts_at"]},
    )
    cancelled = await lan.post(f"/v1/appointments/{mine['id']}/cancel", {})

    assert moved.status_code == 409
    assert cancelled.json()["status"] == "cancelled"
    texts = await town.texts(PHONES[3])
    entry = (await minh.get("/v1/waitlist")).json()["items"][0]
    assert entry["status"] == "offered"
    offered = (await minh.get(f"/v1/appointments/{entry['appointment_id']}")).json()
    assert (offered["status"], offered["starts_at"]) == ("held", mine["starts_at"])
    assert offered["reference"] in texts[-1]
    taken = await minh.post(f"/v1/appointments/{offered['id']}/confirm", {})
    assert taken.json()["status"] == "confirmed"
    assert mine["reference"] in (await town.texts(LAN))[-1]
