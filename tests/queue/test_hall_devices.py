"""Kiosks and boards: let in by a code, missed when silent, ended by a leader."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import DB, fetch_value
from app.http.principals import Caller
from app.identity import operations as identity
from app.identity.errors import CredentialsNotAccepted, DeviceNotFound, EnrolmentNotAccepted
from app.identity.operations.devices import EnrolledDevice
from app.identity.rules import PASSWORD_FAILURES
from app.queue import devices, operations, rules
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]
CENTRE = uuid.UUID(int=7)
HERE = "192.0.2.7"


async def invite(now: datetime, *, kind: str = "kiosk", label: str = "Sảnh") -> str:
    made = await identity.invite_device(
        kind=kind, label=label, centre_id=CENTRE, officer_id=uuid.uuid4(), now=now
    )
    return made.code


async def enrolled(now: datetime, **facts: Any) -> EnrolledDevice:
    return await identity.enrol_by_code(code=await invite(now, **facts), address=HERE, now=now)


async def heartbeat(device: EnrolledDevice, at: datetime, status: str = "ok") -> None:
    await operations.note_heartbeat(
        device_id=device.device_id, centre_id=device.centre_id, status=status, now=at
    )


async def test_a_leader_lets_a_kiosk_in_misses_it_and_ends_it(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    ha = await sign_in(Caller.OFFICER, Caller.CENTRE_LEADER, centre_id=CENTRE)
    invited = await client.post(
        "/v1/staff/devices", json={"kind": "kiosk", "label": " Sảnh  tầng 1 "}, headers=ha.headers
    )
    assert invited.status_code == 201, invited.text
    assert invited.headers["cache-control"] == "no-store"
    code = invited.json()["code"]

    taken = await client.post("/v1/auth/device/enrol", json={"code": code})
    again = await client.post("/v1/auth/device/enrol", json={"code": code})
    assert taken.status_code == 200, taken.text
    assert (again.status_code, again.json()["code"]) == (401, "enrolment_not_accepted")
    device = taken.json()
    assert device["device_id"] == invited.json()["id"]
    assert (device["kind"], device["label"]) == ("kiosk", "Sảnh tầng 1")

    tokens = await client.post(
        "/v1/auth/device", json={"device_id": device["device_id"], "key": device["key"]}
    )
    kiosk = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    beat = await client.post("/v1/device/heartbeat", json={"status": "no_paper"}, headers=kiosk)
    assert beat.status_code == 200, beat.text
    (shown,) = (await client.get("/v1/staff/devices", headers=ha.headers)).json()["items"]
    assert (shown["status"], shown["silent"], shown["revoked"]) == ("no_paper", False, False)
    assert shown["last_heartbeat_at"].endswith("+07:00")

    ended = await client.post(f"/v1/staff/devices/{device['device_id']}/revoke", headers=ha.headers)
    assert (ended.status_code, ended.json()) == (200, {"revoked": True})
    beat = await client.post("/v1/device/heartbeat", json={"status": "ok"}, headers=kiosk)
    key = await client.post(
        "/v1/auth/device", json={"device_id": device["device_id"], "key": device["key"]}
    )
    assert (beat.status_code, key.status_code) == (401, 401)
    (shown,) = (await client.get("/v1/staff/devices", headers=ha.headers)).json()["items"]
    assert (shown["silent"], shown["revoked"]) == (False, True)


async def test_the_code_is_kept_nowhere_and_never_answered_again(
    client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    ha = await sign_in(Caller.CENTRE_LEADER, centre_id=CENTRE)
    key = ha.headers | {"Idempotency-Key": uuid.uuid4().hex}
    body = {"kind": "board", "label": "Bảng 1"}
    first = (await client.post("/v1/staff/devices", json=body, headers=key)).json()
    second = (await client.post("/v1/staff/devices", json=body, headers=key)).json()
    device = (await client.post("/v1/auth/device/enrol", json={"code": first["code"]})).json()

    assert first["code"] != second["code"]
    assert DB.pool is not None
    tables = await DB.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        for row in await DB.pool.fetch(f'SELECT t::text AS line FROM "{table}" t'):
            for secret in (first["code"], first["code"].replace("-", ""), device["key"]):
                assert secret not in row["line"], table


@pytest.mark.parametrize("change", [str.lower, lambda c: c.replace("-", " "), lambda c: f" {c} "])
async def test_a_code_is_taken_as_people_type_it(
    database: object, now: datetime, change: Callable[[str], str]
) -> None:
    code = change(await invite(now))

    assert (await identity.enrol_by_code(code=code, address=HERE, now=now)).centre_id == CENTRE


async def test_of_eight_devices_with_one_code_one_is_let_in(database: object, now: datetime) -> None:
    code = await invite(now)

    outcomes = await asyncio.gather(
        *(identity.enrol_by_code(code=code, address=f"192.0.2.{n}", now=now) for n in range(8)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, EnrolledDevice) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EnrolmentNotAccepted) for outcome in outcomes) == 7
    assert await fetch_value("SELECT count(*) FROM device_credential") == 1


async def test_a_code_is_worth_nothing_after_a_quarter_of_an_hour(database: object, now: datetime) -> None:
    code = await invite(now - timedelta(minutes=15, seconds=1))

    with pytest.raises(EnrolmentNotAccepted):
        await identity.enrol_by_code(code=code, address=HERE, now=now)


async def test_guessing_codes_ends_after_ten_wrong_ones_for_that_address(
    client: httpx.AsyncClient, now: datetime
) -> None:
    code = await invite(now)
    guesses = [
        (await client.post("/v1/auth/device/enrol", json={"code": f"0000-{n:04d}"})).status_code
        for n in range(PASSWORD_FAILURES)
    ]

    refused = await client.post("/v1/auth/device/enrol", json={"code": code})

    assert set(guesses) == {401}
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sign_ins")
    assert int(refused.headers["retry-after"]) > 0
    # Somebody else's guesses do not keep the kiosk itself out.
    await identity.enrol_by_code(code=code, address=HERE, now=now)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "printer", "label": "x"},
        {"kind": "kiosk", "label": ""},
        {"kind": "kiosk", "label": "   "},
        {"kind": "kiosk", "label": "x" * 61},
        {"kind": "kiosk", "label": "a\u0007"},
        {"kind": "kiosk"},
        {"kind": "kiosk", "label": "x", "centre_id": str(CENTRE)},
    ],
)
async def test_a_device_has_a_kind_and_a_readable_name(
    client: httpx.AsyncClient, sign_in: SignIn, body: dict[str, Any]
) -> None:
    ha = await sign_in(Caller.CENTRE_LEADER, centre_id=CENTRE)

    answer = await client.post("/v1/staff/devices", json=body, headers=ha.headers)

    assert answer.status_code == 422, answer.text
    assert await fetch_value("SELECT count(*) FROM device_enrolment") == 0


async def test_another_centre_sees_and_ends_nothing_of_it(
    client: httpx.AsyncClient, sign_in: SignIn, now: datetime
) -> None:
    device = await enrolled(now)
    other = await sign_in(Caller.OFFICER, Caller.CENTRE_LEADER, centre_id=uuid.uuid4())

    listed = await client.get("/v1/staff/devices", headers=other.headers)
    ended = await client.post(f"/v1/staff/devices/{device.device_id}/revoke", headers=other.headers)

    assert listed.json()["items"] == []
    assert (ended.status_code, ended.json()["code"]) == (404, "device_not_found")
    await identity.sign_in_device(device_id=device.device_id, key=device.key, now=now)


async def test_ending_a_device_twice_is_once_and_an_unknown_one_is_not_there(
    database: object, now: datetime
) -> None:
    device = await enrolled(now)
    session = await identity.sign_in_device(device_id=device.device_id, key=device.key, now=now)

    first = await identity.revoke_device(device_id=device.device_id, centre_id=CENTRE, now=now)
    second = await identity.revoke_device(device_id=device.device_id, centre_id=CENTRE, now=now)

    assert (first, second) == ([session.principal.sign_in_id], [])
    assert await fetch_value("SELECT count(*) FROM journal WHERE action = 'device.revoked'") == 1
    with pytest.raises(DeviceNotFound):
        await identity.revoke_device(device_id=uuid.uuid4(), centre_id=CENTRE, now=now)


async def test_no_sign_in_survives_an_end_that_came_meanwhile(database: object, now: datetime) -> None:
    for _ in range(5):
        device = await enrolled(now)
        facts = {"device_id": device.device_id, "key": device.key, "now": now}
        outcomes = await asyncio.gather(
            *(identity.sign_in_device(**facts) for _ in range(6)),  # type: ignore[arg-type]  # three kinds
            identity.revoke_device(device_id=device.device_id, centre_id=CENTRE, now=now),
            return_exceptions=True,
        )

        refused = [o for o in outcomes if isinstance(o, BaseException)]
        assert all(isinstance(o, CredentialsNotAccepted) for o in refused), refused
        assert await fetch_value("SELECT count(*) FROM sign_in WHERE ended_at IS NULL") == 0


async def test_a_device_is_missed_after_ninety_seconds_and_heard_again(
    database: object, now: datetime
) -> None:
    kiosk = await enrolled(now, label="A")
    board = await enrolled(now, kind="board", label="B")
    ended = await enrolled(now, label="C")
    await identity.revoke_device(device_id=ended.device_id, centre_id=CENTRE, now=now)
    await heartbeat(kiosk, now)

    async def missed(after: float) -> list[str]:
        found = await devices.silent_devices(CENTRE, now=now + timedelta(seconds=after))
        return [device.label for device in found]

    assert await missed(90) == []
    assert await missed(91) == ["B", "A"]
    await heartbeat(board, now + timedelta(seconds=91))
    assert await missed(92) == ["A"]
    assert {device.label for device in await devices.devices(CENTRE, now=now)} == {"A", "B", "C"}


@given(since=st.timedeltas(timedelta(), timedelta(days=2)), first=st.booleans())
def test_silence_is_counted_from_the_last_word_or_from_the_beginning(since: timedelta, first: bool) -> None:
    moment = datetime.fromisoformat("2026-11-25T08:00:00+07:00")
    enrolled_at = moment if first else moment - timedelta(days=9)

    silent = rules.is_silent(
        last_heard_at=None if first else moment, enrolled_at=enrolled_at, now=moment + since
    )

    assert silent is (since > timedelta(seconds=90))
