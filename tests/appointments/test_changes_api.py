"""The same over HTTP: what a shift lead sees, does, and is refused."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx

from app.core.clock import local
from app.http.principals import Caller
from tests.appointments.conftest import GRAIN, Place, Publish
from tests.appointments.test_changes import book
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]
CHANGES = "/v1/staff/availability-changes"


def closing(place: Place, grains: int = 8) -> dict[str, object]:
    return {
        "change": {
            "kind": "close",
            "starts_at": local(place.opens).isoformat(),
            "ends_at": local(place.opens + grains * GRAIN).isoformat(),
        },
        "reason": "Mất điện",
    }


async def test_a_shift_lead_sees_the_impact_then_applies_it_once(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2)
    rows = [await book(place, now) for _ in range(2)]
    hoa = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=place.centre_id)

    proposed = await client.post(CHANGES, json=closing(place), headers=hoa.headers)

    assert proposed.status_code == 201, proposed.text
    assert proposed.json()["impact"] | {"appointments": None} == {
        "supported": 0,
        "orphaned": 2,
        "unreachable": 2,
        "appointments": None,
    }
    assert [each["reference"] for each in proposed.json()["impact"]["appointments"]] == [
        row.reference for row in rows
    ]
    path = f"{CHANGES}/{proposed.json()['id']}"
    assert (await client.get(path, headers=hoa.headers)).json() == proposed.json()

    key = hoa.headers | {"Idempotency-Key": uuid.uuid4().hex}
    first = await client.post(f"{path}/apply", json={"orphans": "keep"}, headers=key)
    replay = await client.post(f"{path}/apply", json={"orphans": "keep"}, headers=key)
    again = await client.post(f"{path}/apply", json={"orphans": "keep"}, headers=hoa.headers)

    assert first.status_code == 200, first.text
    assert first.json() == replay.json() == again.json()
    assert (first.json()["status"], first.json()["outcome"]["kept"]) == ("applied", 2)
    listed = await client.get("/v1/staff/orphaned-appointments", params={"limit": 1}, headers=hoa.headers)
    assert [each["id"] for each in listed.json()["items"]] == [str(rows[0].id)]
    rest = await client.get(
        "/v1/staff/orphaned-appointments",
        params={"cursor": listed.json()["next_cursor"]},
        headers=hoa.headers,
    )
    assert [each["id"] for each in rest.json()["items"]] == [str(rows[1].id)]


async def test_a_stale_proposal_is_a_conflict_with_fresh_figures(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2)
    hoa = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=place.centre_id)
    proposed = await client.post(CHANGES, json=closing(place), headers=hoa.headers)
    row = await book(place, now)

    answer = await client.post(
        f"{CHANGES}/{proposed.json()['id']}/apply", json={"orphans": "cancel"}, headers=hoa.headers
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "proposal_stale")
    assert answer.json()["impact"]["orphaned"] == 1
    assert answer.json()["impact"]["appointments"][0]["reference"] == row.reference


async def test_another_centres_change_does_not_exist_and_nonsense_is_unprocessable(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish
) -> None:
    opening = await publish(counters=2)
    hoa = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=place.centre_id)
    minh = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=uuid.uuid4())
    proposed = await client.post(CHANGES, json=closing(place), headers=hoa.headers)
    path = f"{CHANGES}/{proposed.json()['id']}"
    fewer = {"change": {"kind": "counters", "opening_id": str(opening.id), "counters": 1}}

    assert (await client.get(path, headers=minh.headers)).status_code == 404
    assert (
        await client.post(f"{path}/apply", json={"orphans": "keep"}, headers=minh.headers)
    ).status_code == 404
    assert (await client.post(CHANGES, json=fewer, headers=minh.headers)).status_code == 404
    for body in (
        closing(place, grains=0),
        {"change": {"kind": "counters", "opening_id": str(opening.id), "counters": 0}},
        {"change": {"kind": "open", "starts_at": local(place.opens).isoformat()}},
        {"change": {"kind": "end", "opening_id": str(opening.id), "ends_at": "2026-11-30T08:00:00"}},
        {"change": None},
    ):
        answer = await client.post(CHANGES, json=body, headers=hoa.headers)
        assert answer.status_code == 422, answer.text
