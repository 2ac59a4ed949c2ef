"""In the hall: who is called first, who came late, and which days the hall is open."""

from datetime import UTC, date, datetime, timedelta

from app.centres import queries as centres
from app.core.clock import at_local, current_time, local
from app.http.principals import Caller
from app.monitoring import operations as monitoring
from app.sample.openings import publish_openings
from tests.journeys.conftest import COPIES, Person, Town

MINUTE = timedelta(minutes=1)
BIRTH = "1.001193"
FRIDAY_21_AUGUST = datetime(2026, 8, 21, 0, tzinfo=UTC)


async def a_desk(town: Town, officer: Person, *, number: int = 1) -> str:
    """A counter, opened: the first certifies copies."""
    counters = (await officer.get("/v1/staff/counters")).json()["items"]
    counter: str = next(each["id"] for each in counters if each["number"] == number)
    opened = await officer.post(f"/v1/staff/counters/{counter}/open")
    assert opened.status_code == 200, opened.text
    return counter


async def serve(officer: Person, ticket: dict[str, object]) -> None:
    started = await officer.post(
        f"/v1/staff/tickets/{ticket['id']}/start", version=int(str(ticket["version"]))
    )
    finished = await officer.post(
        f"/v1/staff/tickets/{ticket['id']}/finish", version=started.json()["version"]
    )
    assert finished.status_code == 200, finished.text


async def test_a_worked_saturday_has_places_the_day_it_stands_for_has_none_and_promises_follow(
    town: Town,
) -> None:
    town.at(FRIDAY_21_AUGUST)
    await publish_openings(now=current_time(), working_days=8)

    saturday = await town.starts(date(2026, 8, 22))
    monday_off = await town.starts(date(2026, 8, 31))

    assert len(saturday) > 20
    assert monday_off == []
    calendar = await centres.load_working_calendar()
    promised = calendar.add(datetime(2026, 8, 21, 10, 30, tzinfo=UTC), working_days=1)  # 17:30 there
    assert local(promised).isoformat() == "2026-08-24T07:00:00+07:00"


async def test_what_comes_in_after_hours_before_a_worked_saturday_is_due_on_monday_at_seven(
    town: Town,
) -> None:
    town.at(FRIDAY_21_AUGUST)
    minh, kiosk = await town.officer(), await town.kiosk()
    counter = await a_desk(town, minh)
    await kiosk.post("/v1/device/tickets", {"procedures": [BIRTH]})
    called = (await minh.post(f"/v1/staff/counters/{counter}/next")).json()
    serving = (await minh.post(f"/v1/staff/tickets/{called['id']}/start", version=called["version"])).json()
    town.at(datetime(2026, 8, 21, 10, 30, tzinfo=UTC))  # 17:30 there

    accepted = await minh.post(
        "/v1/staff/dossiers",
        {"procedure": BIRTH, "ticket_id": serving["id"], "applicant": {"name": "Nguyễn Thị Lan"}},
    )

    assert accepted.status_code == 201, accepted.text
    assert accepted.json()["promised_at"] == "2026-08-24T07:00:00+07:00"


async def test_an_elderly_man_without_a_phone_is_called_first_and_the_board_shows_why(
    town: Town, day: date
) -> None:
    kiosk, minh = await town.kiosk(), await town.officer()
    counter = await a_desk(town, minh)
    before = [await kiosk.post("/v1/device/tickets", {"procedures": [COPIES]}) for _ in range(3)]
    town.at(at_local(day, 8, 4))
    tu = await kiosk.post("/v1/device/tickets", {"procedures": [COPIES], "priority_group": "NCT"})
    assert tu.status_code == 201
    assert all(each.status_code == 201 for each in before)

    town.at(at_local(day, 8, 6))
    called = (await minh.post(f"/v1/staff/counters/{counter}/next")).json()

    assert called["number"] == tu.json()["number"]
    board = (await town.http.get(f"/v1/boards/{town.centre_id}")).json()
    assert [(each["number"], each["priority"]) for each in board["now_called"]] == [
        (called["number"], True)
    ]
    page = await town.http.get(f"/board/{town.centre_id}", headers={"Accept-Language": "vi"})
    assert "★ Ưu tiên" in page.text
    assert called["ticket_class"] == "priority"
    lead = await town.officer(Caller.SHIFT_LEAD)
    figures = (await lead.get("/v1/staff/indicators", **{"from": day.isoformat()})).json()
    assert figures["by_class"]["priority"]["within_target"] == {
        "numerator": 1,
        "denominator": 1,
        "value": 1.0,
    }


async def test_whoever_comes_twelve_minutes_late_waits_as_a_walk_in_from_the_door_and_is_told_so(
    town: Town, day: date
) -> None:
    lan, minh, kiosk = await town.citizen(), await town.officer(), await town.kiosk()
    counter = await a_desk(town, minh)
    at_nine = at_local(day, 9)
    appointment = await town.booked(lan, at_nine)
    town.at(at_nine + 5 * MINUTE)
    first = (await kiosk.post("/v1/device/tickets", {"procedures": [COPIES]})).json()
    came = town.at(at_nine + 12 * MINUTE)

    ticket = await kiosk.post("/v1/device/check-ins", {"reference": appointment["reference"]})

    assert ticket.status_code == 201, ticket.text
    assert ticket.json()["ticket_class"] == "walk_in"
    assert ticket.json()["notice_vi"]
    assert ticket.json()["notice_en"].startswith("More than 10 minutes late")
    order = []
    for n in range(2):
        town.at(came + (3 + n) * MINUTE)
        called = (await minh.post(f"/v1/staff/counters/{counter}/next")).json()
        order.append(called["number"])
        await serve(minh, called)
    assert order == [first["number"], ticket.json()["number"]]
    lead = await town.officer(Caller.SHIFT_LEAD)
    figures = (await lead.get("/v1/staff/indicators", **{"from": day.isoformat()})).json()
    # 10 and 4 minutes: each from the door.
    assert figures["by_class"]["walk_in"]["wait"]["longest_minutes"] == 10.0
    assert figures["by_class"]["walk_in"]["wait"]["p50_minutes"] == 4.0


async def test_eleven_ahead_are_seen_in_time_and_a_standby_officer_shortens_the_wait(
    town: Town, day: date
) -> None:
    kiosk, minh, lead = await town.kiosk(), await town.officer(), await town.officer(Caller.SHIFT_LEAD)
    await a_desk(town, minh)
    for _ in range(11):
        assert (await kiosk.post("/v1/device/tickets", {"procedures": [COPIES]})).status_code == 201
    twelfth = (await kiosk.post("/v1/device/tickets", {"procedures": [COPIES]})).json()
    assert twelfth["forecast"]["position"] == 12
    assert twelfth["forecast"]["p50_minutes"] > 10
    opened_at = current_time()

    came_to = town.at(opened_at + 11 * MINUTE)
    await monitoring.watch(centre_id=town.centre_id, now=came_to)
    (alarm, *_) = (await lead.get("/v1/staff/alarms")).json()["items"]
    assert alarm["kind"] == "wait_10"
    assert alarm["cause"] == "counters_closed"
    actions = {proposal["action"]: proposal for proposal in alarm["proposals"]}
    before = await board_says(town, alarm["pool_id"])

    called = await lead.post(
        f"/v1/staff/roster/{actions['activate_standby']['subject']}/activate-standby",
        {"counter_id": actions["open_counter"]["subject"]},
    )

    assert called.status_code == 200, called.text
    assert await board_says(town, alarm["pool_id"]) < before
    town.at(opened_at + 15 * MINUTE + timedelta(seconds=1))
    await monitoring.watch(centre_id=town.centre_id, now=current_time())
    figures = (await lead.get("/v1/staff/indicators", **{"from": day.isoformat()})).json()
    assert len(figures["exceeded"]) == 12
    assert {each["cause"] for each in figures["exceeded"]} == {"counters_closed"}
    # From the moment each ticket was issued; twelve take some seconds.
    assert all(15.0 <= each["waited_minutes"] < 16.0 for each in figures["exceeded"])
    assert figures["exceeded"][0]["cause_vi"] == "Còn quầy chưa mở."


async def board_says(town: Town, pool_id: str) -> int:
    """The wait four of five have to expect, as the hall reads it."""
    board = (await town.http.get(f"/v1/boards/{town.centre_id}")).json()
    found: int = next(pool["p80_minutes"] for pool in board["pools"] if pool["pool_id"] == pool_id)
    return found
