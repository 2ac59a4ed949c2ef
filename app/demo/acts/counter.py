"""At the counter: Lan books and is called, somebody walks in, Minh serves them."""

from datetime import datetime, timedelta
from typing import Any, Final

from app.core.clock import current_time, local
from app.demo.cast import Cast
from app.demo.people import Caller, StoryBroken, as_dialled, sign_in_by_code, until
from app.documents.one_page import one_page
from app.sample import seed as sample
from app.sample.people import accounts

CERTIFIED_COPY: Final = "2.000815"
LAN: Final = "Nguyễn Thị Lan"
WAIT_TARGET_S: Final = 15 * 60
# Lan checks in at once, so her time is one that somebody may check in for now (half an hour before).
SOON: Final = timedelta(minutes=29)
MOST_COUNTERS: Final = 200
RESULT: Final = "certified copy, signed"


async def play(cast: Cast) -> None:
    """From the phone to the counter and out of the door."""
    appointment = await _lan_books(cast)
    await _hall_opens(cast)
    lan_ticket = await _lan_arrives(cast, appointment)
    await _somebody_walks_in(cast)
    called = await _minh_calls(cast, lan_ticket)
    await _minh_serves(cast, called)


async def _lan_books(cast: Cast) -> dict[str, Any]:
    cast.timeline.chapter("Lan books from her phone")
    challenge = await sign_in_by_code(cast.lan, cast.inbox, cast.lan_phone)
    cast.timeline.tell("signed_in", "Lan", "signs in with the code she was sent", challenge=challenge)
    await cast.show_messages()
    found = await cast.lan.get("/v1/procedures", params={"q": "chung thuc ban sao"})
    procedure = next(item for item in found["items"] if item["code"] == CERTIFIED_COPY)
    cast.timeline.tell(
        "procedure_found", "Lan", f"finds “{procedure['name_vi']}” without typing a mark",
        procedure=CERTIFIED_COPY,
    )  # fmt: skip
    slot = await _place_soon(cast)
    if slot is None:
        await _make_room(cast)
        slot = await until("a place at the demonstration's centre", lambda: _place_soon(cast))
    held = await cast.lan.post(
        "/v1/appointments",
        {
            "centre_id": str(sample.DEMO_CENTRE_ID),
            "starts_at": slot["starts_at"],
            "items": [{"procedure": CERTIFIED_COPY, "quantity": 1}],
        },
        expect=201,
    )
    cast.timeline.tell(
        "held", "Lan", f"a place at {slot['starts_at'][11:16]} is held for her",
        appointment=held["id"], reference=held["reference"],
    )  # fmt: skip
    confirmed = await cast.lan.post(
        f"/v1/appointments/{held['id']}/confirm",
        {"contact": {"name": LAN, "phone": as_dialled(cast.lan_phone)}},
    )
    if confirmed["status"] != "confirmed":
        raise StoryBroken(f"the appointment is {confirmed['status']}, not confirmed")
    message = await cast.inbox.newest(cast.lan_phone, held["reference"])
    cast.timeline.tell(
        "confirmed", "Lan", "confirms, and the SMS is there", appointment=held["id"], sms=message["sid"]
    )
    await cast.show_messages()
    return dict(confirmed)


async def _place_soon(cast: Cast) -> dict[str, Any] | None:
    """The first place Lan can check in for now."""
    now = local(current_time())
    available = await cast.lan.get(
        "/v1/availability",
        params={
            "centre": str(sample.DEMO_CENTRE_ID),
            "procedure": CERTIFIED_COPY,
            "from": now.date().isoformat(),
        },
    )
    slots: list[dict[str, Any]] = [slot for day in available["days"] for slot in day["slots"]]
    return next(
        (
            slot
            for slot in slots
            if slot["seats"] > 0 and datetime.fromisoformat(slot["starts_at"]) <= now + SOON
        ),
        None,
    )


async def _make_room(cast: Cast) -> None:
    """Earlier runs took what there was: Hà doubles the counters wherever people are received now.

    Doubled, so that the share kept for booking online gains a place however few there were.
    """
    await _sign_in(cast.lead, "ha")
    now = local(current_time())
    today = now.date().isoformat()
    openings = await cast.lead.get("/v1/staff/openings", params={"from": today, "to": today})
    for opening in openings["items"]:
        starts, ends = (datetime.fromisoformat(opening[name]) for name in ("starts_at", "ends_at"))
        if starts <= now + SOON and now < ends:
            change = {
                "kind": "counters",
                "opening_id": opening["id"],
                "counters": min(2 * opening["counters"], MOST_COUNTERS),
            }
            proposed = await cast.lead.post(
                "/v1/staff/availability-changes", {"change": change}, expect=201
            )
            await cast.lead.post(
                f"/v1/staff/availability-changes/{proposed['id']}/apply", {"orphans": "keep"}
            )
    cast.timeline.tell("room_made", "Hà", "opens more counters, since every place soon was taken")


async def _sign_in(caller: Caller, username: str) -> None:
    password = next(key for kind, name, key in accounts() if name == username and kind)
    tokens = await caller.post("/v1/auth/staff", {"username": username, "password": password})
    caller.carry(tokens["access_token"])


async def _hall_opens(cast: Cast) -> None:
    cast.timeline.chapter("The hall opens")
    for caller, username in ((cast.minh, "minh"), (cast.lead, "ha")):
        await _sign_in(caller, username)
    kind, device_id, key = next(account for account in accounts() if account[0] == "kiosk")
    tokens = await cast.kiosk.post("/v1/auth/device", {"device_id": device_id, "key": key})
    cast.kiosk.carry(tokens["access_token"])
    await cast.kiosk.post("/v1/device/heartbeat", {"status": "ok"})
    cast.timeline.tell("hall_open", "Minh", "signs in; so do the shift lead and the kiosk", kiosk=device_id)


async def _lan_arrives(cast: Cast, appointment: dict[str, Any]) -> dict[str, Any]:
    cast.timeline.chapter("Lan arrives, and somebody walks in")
    ticket: dict[str, Any] = await cast.lan.post(f"/v1/appointments/{appointment['id']}/check-in")
    forecast = ticket["forecast"]
    cast.timeline.tell(
        "checked_in", "Lan",
        f"checks in: number {ticket['number']}, P50 {forecast['p50_minutes']} and P80"
        f" {forecast['p80_minutes']} minutes",
        ticket=ticket["id"], appointment=appointment["id"],
    )  # fmt: skip
    return ticket


async def _somebody_walks_in(cast: Cast) -> None:
    ticket = await cast.kiosk.post("/v1/device/tickets", {"procedures": [CERTIFIED_COPY]}, expect=201)
    cast.timeline.tell(
        "walk_in", "kiosk", f"prints number {ticket['number']} for a walk-in", ticket=ticket["id"]
    )


async def _minh_calls(cast: Cast, lan_ticket: dict[str, Any]) -> dict[str, Any]:
    """Minh calls until Lan's number is up; whoever is due before her is served before her."""
    cast.timeline.chapter("Minh calls")
    counters = await cast.minh.get("/v1/staff/counters", params={"pool": lan_ticket["pool_id"]})
    counter = counters["items"][0]["id"]
    await cast.minh.post(f"/v1/staff/counters/{counter}/open")
    cast.timeline.tell("counter_open", "Minh", "opens the counter", counter=counter)
    while True:
        called: dict[str, Any] = await cast.minh.post(f"/v1/staff/counters/{counter}/next")
        await _board_shows(cast, called)
        waited = _seconds_since(called["issued_at"])
        # Whoever is left of an earlier run has waited for this one.
        if waited > WAIT_TARGET_S and datetime.fromisoformat(called["issued_at"]) >= cast.since:
            raise StoryBroken(f"{called['number']} waited {waited:.0f} s")
        cast.timeline.tell(
            "called", "Minh", f"calls {called['number']} after {waited:.0f} s; the board shows it",
            ticket=called["id"], counter=counter,
        )  # fmt: skip
        if called["id"] == lan_ticket["id"]:
            return called
        started = await cast.minh.change(f"/v1/staff/tickets/{called['id']}/start", called["version"])
        await cast.minh.change(f"/v1/staff/tickets/{called['id']}/finish", started["version"])
        cast.timeline.tell("served", "Minh", f"serves {called['number']}", ticket=called["id"])


async def _board_shows(cast: Cast, called: dict[str, Any]) -> None:
    async def look() -> bool | None:
        board = await cast.lan.get(f"/v1/boards/{sample.DEMO_CENTRE_ID}")
        numbers = [entry["number"] for entry in board["now_called"]]
        return True if called["number"] in numbers else None

    await until(f"the board to show {called['number']}", look)


async def _minh_serves(cast: Cast, called: dict[str, Any]) -> None:
    cast.timeline.chapter("Minh accepts Lan's dossier")
    started = await cast.minh.change(f"/v1/staff/tickets/{called['id']}/start", called["version"])
    dossier = await cast.minh.post(
        "/v1/staff/dossiers",
        {
            "procedure": CERTIFIED_COPY,
            "ticket_id": called["id"],
            "applicant": {
                "name": LAN,
                "phone": as_dialled(cast.lan_phone),
                "citizen_number": "037199999001",
            },
            "components": [{"component": 1, "originals": 1}],
        },
        expect=201,
    )
    cast.timeline.tell(
        "dossier_accepted", "Minh",
        f"accepts dossier {dossier['number']}, promised for {dossier['promised_at'][:16]}",
        dossier=dossier["number"], ticket=called["id"],
    )  # fmt: skip
    document = await upload_result(cast, dossier["number"], RESULT)
    completed = await cast.minh.change(
        f"/v1/staff/dossiers/{dossier['number']}/complete",
        dossier["version"],
        {"result_document_id": document["id"]},
    )
    returned = await cast.minh.change(
        f"/v1/staff/dossiers/{dossier['number']}/return", completed["version"]
    )
    await cast.minh.change(f"/v1/staff/tickets/{called['id']}/finish", started["version"])
    cast.timeline.tell(
        "dossier_returned", "Minh",
        f"the digitised copy is there; status {returned['status']}, Lan goes home",
        dossier=dossier["number"], document=document["id"],
    )  # fmt: skip
    await cast.show_messages()


async def upload_result(cast: Cast, number: str, line: str) -> dict[str, Any]:
    """Scan a result, and wait until it was inspected."""
    document = (
        await cast.minh.ask(
            "POST",
            "/v1/staff/documents",
            expect=201,
            params={"kind": "result", "dossier": number},
            content=one_page(f"{line}: {number}"),
            headers={"Content-Type": "application/pdf"},
        )
    ).json()

    async def clean() -> dict[str, Any] | None:
        seen: dict[str, Any] = await cast.minh.get(f"/v1/staff/documents/{document['id']}")
        if seen["state"] == "rejected":
            raise StoryBroken(f"the scan was rejected: {seen['rejected_because']}")
        return seen if seen["state"] == "clean" else None

    return await until("the scan to be inspected", clean)


def _seconds_since(moment: str) -> float:

    return (current_time() - datetime.fromisoformat(moment)).total_seconds()
