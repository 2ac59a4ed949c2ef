"""Nobody came: the place is free again, and what follows for the person, until somebody listens."""

from datetime import date, datetime, timedelta

from app.appointments import operations
from app.core.clock import at_local, current_time, local
from app.core.database import fetch_value
from app.http.principals import Caller
from tests.journeys.conftest import COPIES, Person, Town, a_working_day


async def nobody_comes(town: Town, lan: Person, day: date) -> str:
    """Lan has a place at nine and stays away; the sweep passes by after the grace. The appointment."""
    at_nine = at_local(day, 9)
    appointment = await town.booked(lan, at_nine)
    assert appointment["reference"] in (await town.texts())[-1]
    town.at(at_nine + timedelta(minutes=9))
    assert await operations.miss_overdue(now=current_time()) == 0
    town.at(at_nine + timedelta(minutes=11))
    assert await operations.miss_overdue(now=current_time()) == 1
    found: str = appointment["id"]
    return found


async def test_two_no_shows_close_online_booking_for_a_week_and_an_appeal_opens_it(
    town: Town, day: date
) -> None:
    following = await a_working_day(day)
    first = await nobody_comes(town, await town.citizen(), day)
    town.at(at_local(following, 8))
    second = await nobody_comes(town, await town.citizen(), following)
    lan, kiosk = await town.citizen(), await town.kiosk()
    at_ten = at_local(following, 10)

    refused = await lan.post("/v1/appointments", town.wish(at_ten))
    walk_in = await kiosk.post("/v1/device/tickets", {"procedures": [COPIES]})

    assert (refused.status_code, refused.json()["code"]) == (409, "appointment_limit")
    assert refused.json()["rule"] == "two_no_shows"
    assert refused.json()["decision"]
    assert refused.json()["until"] == local(at_local(following, 9) + timedelta(days=7)).isoformat()
    assert walk_in.status_code == 201

    lead = await town.officer(Caller.SHIFT_LEAD)
    listed = (await lead.get("/v1/staff/citizens/no-shows")).json()["items"]
    assert [item["appointment_id"] for item in listed] == [second, first]
    excused = await lead.post(
        f"/v1/staff/citizens/no-shows/{second}/excuse", {"reason": "Nằm viện, có giấy ra viện"}
    )
    assert excused.status_code == 200
    assert excused.json()["barred_until"] is None
    assert (await lan.post("/v1/appointments", town.wish(at_ten))).status_code == 201


async def places_taken(start: datetime) -> int:
    """How many places of that time count as taken, in all pools."""
    taken = "taken_online + taken_partner + taken_staff + taken_walkin"
    return int(await fetch_value(f"SELECT sum({taken}) FROM slot WHERE starts_at = $1", start))


async def test_the_place_of_who_did_not_come_is_free_after_the_grace(town: Town, day: date) -> None:
    at_nine = at_local(day, 9)
    before = await places_taken(at_nine)

    await nobody_comes(town, await town.citizen(), day)

    assert await places_taken(at_nine) == before == 0
