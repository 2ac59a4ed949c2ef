"""Home service over HTTP: the citizen's journey, the counter's, and what each refusal looks like."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local
from app.home_service import queries
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from app.rounds.queries import CourierRow
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    DISABILITY,
    KIM_SON,
    LAT,
    LON,
    MARRIAGE,
    PAPERS,
    RESIDENCE,
    Promise,
    Zone,
    ask,
    collection,
    new_seal,
    places_taken,
    report,
    state_of,
)

SignIn = Callable[..., Awaitable[SignedIn]]


def keyed(person: SignedIn, key: str | None = None, **more: str) -> dict[str, str]:
    return person.headers | {"Idempotency-Key": key or uuid.uuid4().hex} | more


def wish(zone: Zone, **facts: Any) -> dict[str, Any]:
    return {
        "kind": "collection",
        "procedures": [DISABILITY],
        "window_id": str(zone.windows[0].id),
        "address": {"text": "Xóm 4", "commune": KIM_SON, "lat": LAT, "lon": LON},
        "contact": {"name": "Bùi Thị Hoa", "phone": "0987654321"},
    } | facts


def search(day: date, **facts: Any) -> dict[str, Any]:
    return {
        "procedure": DISABILITY,
        "lat": LAT,
        "lon": LON,
        "from": day.isoformat(),
        "to": day.isoformat(),
    } | facts


async def windows(client: httpx.AsyncClient, query: Mapping[str, Any]) -> dict[str, Any]:
    answer = await client.get("/v1/visit-windows", params=dict(query))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_hoa_finds_a_window_has_it_moves_it_and_gives_it_up(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, tu: CourierRow, tomorrow: date
) -> None:
    hoa = await sign_in(Caller.CITIZEN)
    found = (await windows(client, search(tomorrow)))["windows"]
    assert [window["id"] for window in found] == [str(window.id) for window in zone.windows]
    assert all(window["promised"] for window in found)

    key = keyed(hoa)
    made = await client.post("/v1/home-visits", json=wish(zone), headers=key)
    again = await client.post("/v1/home-visits", json=wish(zone), headers=key)
    assert made.status_code == again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == made.json()
    assert await places_taken(zone.windows[0].id) == 1
    visit = made.json()
    assert (visit["status"], visit["status_name_en"]) == ("assigned", "Courier assigned")
    assert visit["window"]["starts_at"] == local(zone.windows[0].starts_at).isoformat()

    read = await client.get(f"/v1/home-visits/{visit['id']}", headers=hoa.headers)
    assert read.headers["ETag"] == made.headers["ETag"]
    assert read.json()["courier_name"] == "Tu"
    assert read.json()["hand_over_code"] == queries.hand_over_code(uuid.UUID(visit["id"]))

    moved = await client.post(
        f"/v1/home-visits/{visit['id']}/reschedule",
        json={"window_id": found[2]["id"]},
        headers=keyed(hoa),
    )
    assert moved.status_code == 200
    assert moved.json()["reference"] == visit["reference"]
    assert moved.headers["ETag"] != made.headers["ETag"]

    for _ in range(2):
        ended = await client.post(f"/v1/home-visits/{visit['id']}/cancel", headers=keyed(hoa))
        assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
    assert [await places_taken(window.id) for window in zone.windows] == [0, 0, 0, 0]


async def test_the_last_place_is_told_with_others_in_both_languages(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, tu: CourierRow, now: datetime, swift: None
) -> None:
    for _ in range(6):
        await ask(zone, now)
    hoa = await sign_in(Caller.CITIZEN)

    vi = await client.post("/v1/home-visits", json=wish(zone), headers=keyed(hoa))
    en = await client.post(
        "/v1/home-visits", json=wish(zone), headers=keyed(hoa, **{"Accept-Language": "en"})
    )

    assert vi.status_code == en.status_code == 409
    assert vi.json()["code"] == "window_gone"
    assert (vi.json()["title"], en.json()["title"]) == ("Khung giờ vừa hết chỗ", "The window is gone")
    offers = [offer["id"] for offer in vi.json()["alternatives"]]
    assert offers == [str(window.id) for window in zone.windows[1:]]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        pytest.param({"procedures": [MARRIAGE]}, "presence_required", id="both-must-sign"),
        pytest.param({"procedures": [RESIDENCE]}, "paperless", id="no-paper-any-more"),
        pytest.param(
            {"address": {"text": "Hồ Gươm", "commune": "00000", "lat": 21.03, "lon": 105.85}},
            "address_out_of_reach",
            id="another-province",
        ),
        pytest.param(
            {"contact": {"name": "Hoa", "phone": "012345678901"}}, "address_not_valid", id="phone"
        ),
        pytest.param(
            {"contact": {"name": "\u200b\u200b", "phone": "0987654321"}}, "address_not_valid", id="name"
        ),
        pytest.param({"note": "xem evil.com/x"}, "address_not_valid", id="link in the note"),
        pytest.param(
            {"address": {"text": "Xóm 4, evil.top", "commune": KIM_SON, "lat": LAT, "lon": LON}},
            "address_not_valid",
            id="link in the address",
        ),
    ],
)
async def test_what_cannot_be_promised_says_why(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    zone: Zone,
    tu: CourierRow,
    facts: dict[str, Any],
    code: str,
) -> None:
    hoa = await sign_in(Caller.CITIZEN)

    refused = await client.post("/v1/home-visits", json=wish(zone, **facts), headers=keyed(hoa))

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert await places_taken(zone.windows[0].id) == 0


async def test_paperless_says_what_is_offered_instead(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, tu: CourierRow
) -> None:
    hoa = await sign_in(Caller.CITIZEN)

    refused = await client.post(
        "/v1/home-visits", json=wish(zone, procedures=[RESIDENCE]), headers=keyed(hoa)
    )

    assert refused.json()["offer"] == "assisted_online"


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "pickup"},
        {"procedures": []},
        {"procedures": [DISABILITY] * 6},
        {"procedures": DISABILITY},
        {"window_id": "tomorrow"},
        {"address": {"text": "", "commune": KIM_SON, "lat": LAT, "lon": LON}},
        {"address": {"text": "Xóm 4", "commune": KIM_SON, "lat": 91, "lon": LON}},
        {"address": {"text": "Xóm 4", "commune": KIM_SON, "lat": str(LAT), "lon": LON}},
        {"address": {"text": "Xóm 4", "commune": KIM_SON}},
        {"contact": {"name": "Hoa"}},
        {"note": "x" * 301},
        {"price": 0},
    ],
)
async def test_a_body_that_is_not_a_wish_is_refused(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, tu: CourierRow, facts: dict[str, Any]
) -> None:
    hoa = await sign_in(Caller.CITIZEN)

    refused = await client.post("/v1/home-visits", json=wish(zone, **facts), headers=keyed(hoa))

    assert refused.status_code == 422, refused.text
    assert await places_taken(zone.windows[0].id) == 0


async def test_a_promise_needs_a_key_a_citizen_and_ones_own_visit(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, promise: Promise
) -> None:
    hoa, stranger = await sign_in(Caller.CITIZEN), await sign_in(Caller.CITIZEN)
    officer = await sign_in(Caller.OFFICER, centre_id=zone.pool.centre_id)
    visit = await promise(citizen_id=hoa.principal.id)
    path = f"/v1/home-visits/{visit.id}"
    body = wish(zone)

    assert (await client.post("/v1/home-visits", json=body, headers=hoa.headers)).status_code == 400
    assert (await client.post("/v1/home-visits", json=body)).status_code == 401
    refused = await client.post("/v1/home-visits", json=body, headers=keyed(officer))
    assert refused.status_code in (401, 403)
    assert (await client.get(path, headers=hoa.headers)).status_code == 200
    assert (await client.get(path, headers=stranger.headers)).status_code == 404
    assert (await client.post(f"{path}/cancel", headers=keyed(stranger))).status_code == 404
    assert await state_of(visit) == "assigned"


async def test_where_no_window_can_be_kept_the_reason_is_told(
    client: httpx.AsyncClient, zone: Zone, tomorrow: date
) -> None:
    assert (await windows(client, search(tomorrow)))["reason"] == "no_skilled_courier"
    later = search(tomorrow + timedelta(days=1))
    assert (await windows(client, later))["reason"] == "full"
    hanoi = search(tomorrow, lat=21.03, lon=105.85)
    assert await windows(client, hanoi) == {
        "windows": [],
        "reason": "address_out_of_reach",
        "alternatives": [],
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"lat": "nan"},
        {"lat": "91"},
        {"lon": "east"},
        {"from": "tomorrow"},
        {"kind": "pickup"},
        {"procedure": ""},
        {"procedure": "x" * 41},
    ],
)
async def test_a_search_that_cannot_be_read_is_a_clients_mistake(
    client: httpx.AsyncClient, zone: Zone, tomorrow: date, facts: dict[str, str]
) -> None:
    answer = await client.get("/v1/visit-windows", params=search(tomorrow, **facts))

    found = answer.json().get("windows", []) if answer.status_code == 200 else []
    assert answer.status_code in (200, 400, 422), answer.text
    assert found == []


@pytest.mark.parametrize(("start", "end"), [("2026-12-02", "2026-12-01"), ("2026-11-25", "9999-12-31")])
async def test_days_backwards_and_far_away_find_what_there_is(
    client: httpx.AsyncClient, zone: Zone, tomorrow: date, start: str, end: str
) -> None:
    answer = await client.get("/v1/visit-windows", params=search(tomorrow) | {"from": start, "to": end})

    assert answer.status_code < 500, answer.text


async def collected(visit: HomeVisitRow) -> str:
    seal = new_seal()
    await report(*collection(visit, seal))
    return seal


async def test_the_officer_takes_the_package_over_once(
    client: httpx.AsyncClient, sign_in: SignIn, promise: Promise
) -> None:
    visit = await promise()
    seal = await collected(visit)
    minh = await sign_in(Caller.OFFICER, centre_id=visit.centre_id)
    key = keyed(minh)
    body = {"seal_intact": True, "contents": PAPERS}

    taken = await client.post(f"/v1/staff/packages/{seal}/receive", json=body, headers=key)
    replay = await client.post(f"/v1/staff/packages/{seal}/receive", json=body, headers=key)
    again = await client.post(f"/v1/staff/packages/{seal}/receive", json=body, headers=keyed(minh))

    assert taken.status_code == 200, taken.text
    assert (taken.json()["state"], taken.json()["hand_overs"]) == ("received", 3)
    assert taken.json()["home_visit_status"] == "handed_to_centre"
    assert replay.headers["Idempotent-Replayed"] == "true"
    assert again.json() == taken.json()
    assert queries.hand_over_code(visit.id) not in taken.text


@pytest.mark.parametrize(
    "body",
    [
        {"seal_intact": False, "contents": PAPERS},
        {"seal_intact": True, "contents": PAPERS[:1]},
        {"seal_intact": True, "contents": []},
    ],
    ids=["broken", "one-missing", "empty"],
)
async def test_a_package_that_is_not_right_is_held_for_both_parties(
    client: httpx.AsyncClient, sign_in: SignIn, promise: Promise, body: dict[str, Any]
) -> None:
    visit = await promise()
    seal = await collected(visit)
    minh = await sign_in(Caller.OFFICER, centre_id=visit.centre_id)

    held = await client.post(f"/v1/staff/packages/{seal}/receive", json=body, headers=keyed(minh))
    right = {"seal_intact": True, "contents": PAPERS}
    later = await client.post(f"/v1/staff/packages/{seal}/receive", json=right, headers=keyed(minh))

    assert (held.status_code, held.json()["state"]) == (200, "quarantined")
    assert (later.status_code, later.json()["code"]) == (409, "package_quarantined")


async def test_packages_are_for_officers_of_their_centre_with_a_key(
    client: httpx.AsyncClient, sign_in: SignIn, promise: Promise
) -> None:
    visit = await promise()
    seal = await collected(visit)
    minh = await sign_in(Caller.OFFICER, centre_id=visit.centre_id)
    elsewhere = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    hoa = await sign_in(Caller.CITIZEN, subject_id=visit.citizen_id)
    path = f"/v1/staff/packages/{seal}/receive"
    body = {"seal_intact": True, "contents": PAPERS}

    assert (await client.post(path, json=body, headers=minh.headers)).status_code == 400
    assert (await client.post(path, json=body, headers=keyed(elsewhere))).status_code == 404
    assert (await client.post(path, json=body, headers=keyed(hoa))).status_code in (401, 403)
    unknown = "/v1/staff/packages/NIEM-999999/receive"
    assert (await client.post(unknown, json=body, headers=keyed(minh))).status_code == 404
    negative = {"seal_intact": True, "contents": [{"component": 1, "originals": -1}]}
    assert (await client.post(path, json=negative, headers=keyed(minh))).status_code == 422
    assert await state_of(visit) == "handed_over"


async def test_windows_are_told_in_the_time_people_live_in(
    client: httpx.AsyncClient, zone: Zone, tu: CourierRow, tomorrow: date
) -> None:
    [first, *_] = (await windows(client, search(tomorrow)))["windows"]

    assert first["starts_at"] == local(zone.windows[0].starts_at).isoformat()


@pytest.mark.parametrize("procedure", [MARRIAGE, RESIDENCE, "9.999999"])
async def test_no_window_is_promised_for_what_is_not_collected(
    client: httpx.AsyncClient, zone: Zone, tu: CourierRow, tomorrow: date, procedure: str
) -> None:
    answer = await client.get("/v1/visit-windows", params=search(tomorrow, procedure=procedure))

    assert answer.status_code == 404 or answer.json()["windows"] == []


async def test_the_first_day_there_ever_was_is_no_fault_of_ours(
    client: httpx.AsyncClient, zone: Zone, tomorrow: date
) -> None:
    answer = await client.get("/v1/visit-windows", params=search(tomorrow) | {"from": "0001-01-01"})

    assert answer.status_code < 500


async def test_a_move_that_is_refused_offers_others(
    client: httpx.AsyncClient, sign_in: SignIn, zone: Zone, promise: Promise
) -> None:
    hoa = await sign_in(Caller.CITIZEN)
    visit = await promise(citizen_id=hoa.principal.id)

    refused = await client.post(
        f"/v1/home-visits/{visit.id}/reschedule",
        json={"window_id": str(uuid.uuid4())},
        headers=keyed(hoa),
    )

    assert refused.status_code == 409
    assert {offer["id"] for offer in refused.json()["alternatives"]} >= {
        str(window.id) for window in zone.windows[1:]
    }
