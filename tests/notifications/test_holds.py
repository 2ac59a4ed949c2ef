"""What an operator holds back does not leave and goes on when it is let go; a centre has a budget."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core import journal
from app.core.clock import local_date
from app.core.database import DB
from app.core.errors import PreconditionFailed
from app.core.later import Later
from app.http.principals import Caller
from notifications import delivery, holds
from notifications.emulator.server import TwilioEmulator
from notifications.holds import Budget
from notifications.limits import HOLD_LOOK
from notifications.twilio_channel import TwilioChannel
from tests.appointments.conftest import Place, place, tomorrow  # noqa: F401 - fixtures
from tests.notifications.conftest import LAN, owe, sent_to

STANDING = "/v1/staff/messages/standing"
HOLDS = "/v1/staff/messages/holds"
BUDGETS = "/v1/staff/messages/budgets"
WHY = {"reason": "nhà mạng từ chối"}

SignIn = Callable[..., Awaitable[Any]]


@pytest.fixture
async def editor(sign_in: SignIn) -> Any:
    return await sign_in(Caller.MESSAGE_EDITOR, centre_id=uuid.uuid4())


async def actions(thing: object) -> list[tuple[str, str]]:
    """What the journal says was done to it, and by whom."""
    return [(line.action, line.actor_id) for line in await journal.about(str(thing))]


@pytest.mark.parametrize(
    ("path", "held", "free"),
    [
        (f"{HOLDS}/everything", ["otp", "appointment_cancelled"], []),
        (f"{HOLDS}/templates/otp", ["otp"], ["appointment_cancelled"]),
    ],
)
async def test_what_is_held_does_not_leave_until_it_is_let_go(
    client: httpx.AsyncClient,
    editor: Any,
    sms: TwilioChannel,
    emulator: TwilioEmulator,
    now: datetime,
    path: str,
    held: list[str],
    free: list[str],
) -> None:
    put = await client.put(path, json=WHY, headers=editor.headers)
    again = await client.put(path, json={"reason": "khác"}, headers=editor.headers)
    owed = {code: await owe(code, LAN, now) for code in (*held, *free)}
    for code, message_id in owed.items():
        if code in held:
            with pytest.raises(Later):
                await delivery.deliver(message_id, channel=sms, now=now)
        else:
            await delivery.deliver(message_id, channel=sms, now=now)
    standing = (await client.get(STANDING, headers=editor.headers)).json()
    sent_meanwhile = len(sent_to(emulator, LAN))
    gone = [await client.delete(path, headers=editor.headers) for _ in range(2)]
    for code in held:
        await delivery.deliver(owed[code], channel=sms, now=now + HOLD_LOOK)

    assert put.status_code == again.status_code == 200
    assert put.json()["reason"] == again.json()["reason"] == WHY["reason"]
    assert sent_meanwhile == len(free)
    (seen,) = standing["holds"]
    assert (seen["waiting"], seen["held_by"]) == (len(held), str(editor.principal.id))
    assert standing["everything_held"] is (seen["template"] is None) is (free == [])
    assert [answer.status_code for answer in gone] == [204, 204]
    assert len(sent_to(emulator, LAN)) == len(owed)
    thing, kind = ("all", "messages") if free == [] else ("otp", "message_template")
    me = str(editor.principal.id)
    assert await actions(thing) == [(f"{kind}.held", me), (f"{kind}.let_go", me)]


async def test_a_wording_that_paused_itself_is_seen_and_let_go(
    client: httpx.AsyncClient, editor: Any, now: datetime
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_hold (scope, reason, since) VALUES ('template:otp', 'refused 3 times', $1)",
        now,
    )

    (seen,) = (await client.get(STANDING, headers=editor.headers)).json()["holds"]
    template = await client.get("/v1/staff/message-templates/otp", headers=editor.headers)
    await client.delete(f"{HOLDS}/templates/otp", headers=editor.headers)

    assert (seen["template"], seen["held_by"]) == ("otp", None)
    assert template.json()["paused"] is True
    assert await holds.holds() == []


async def test_a_way_left_alone_and_phones_that_said_no_are_seen(
    client: httpx.AsyncClient, editor: Any, now: datetime
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_circuit (way, failures, first_failed_at, open_until, reason)"
        " VALUES ('sms', 5, $1, $2, '503'), ('zalo', 1, $1, NULL, 'x')",
        now,
        now + timedelta(hours=1),
    )
    await DB.pool.execute(
        "INSERT INTO phone_suppression (phone, code, since) VALUES ($1, '21610', $2)", LAN, now
    )

    standing = (await client.get(STANDING, headers=editor.headers)).json()

    (way,) = standing["ways_left_alone"]
    assert (way["way"], way["failures"], way["reason"]) == ("sms", 5, "503")
    assert standing["suppressed_phones"] == 1
    assert LAN not in str(standing)


async def test_a_centres_leader_sets_and_sees_the_budget_of_their_own_centre_only(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    place: Place,  # noqa: F811
    now: datetime,
) -> None:
    own, other = f"{BUDGETS}/{place.centre_id}", f"{BUDGETS}/{uuid.uuid4()}"
    leader = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)
    await spent(place.centre_id, 30, now)
    await spent(uuid.uuid4(), 99, now)

    before = await client.get(own, headers=leader.headers)
    put = await client.put(own, json={"segments_per_day": 40}, headers=leader.headers | {"If-Match": '"0"'})
    stale = await client.put(
        own, json={"segments_per_day": 50}, headers=leader.headers | {"If-Match": '"0"'}
    )
    not_own = [
        await client.get(other, headers=leader.headers),
        await client.put(other, json={"segments_per_day": 9}, headers=leader.headers | {"If-Match": '"0"'}),
    ]
    standing = await client.get(STANDING, headers=leader.headers)

    assert before.headers["etag"] == '"0"' and before.json()["segments_per_day"] is None
    assert put.status_code == 200 and put.headers["etag"] == '"1"'
    assert put.json() == {
        "centre_id": str(place.centre_id),
        "segments_per_day": 40,
        "segments_today": 30,
        "percent": 75,
        "version": 1,
    }
    assert stale.status_code == 412
    assert [answer.status_code for answer in not_own] == [404, 404]
    assert standing.json()["budgets"] == [put.json()]
    assert await actions(place.centre_id) == [("message_budget.set", str(leader.principal.id))]


async def test_an_editor_sees_every_centre_that_spends_and_may_set_any_budget(
    client: httpx.AsyncClient,
    editor: Any,
    place: Place,  # noqa: F811
    now: datetime,
) -> None:
    await spent(place.centre_id, 30, now)
    await spent(uuid.UUID(int=0), 7, now)

    put = await client.put(
        f"{BUDGETS}/{place.centre_id}",
        json={"segments_per_day": 20},
        headers=editor.headers | {"If-Match": '"0"'},
    )
    nobodys = await client.get(f"{BUDGETS}/{uuid.uuid4()}", headers=editor.headers)
    standing = await client.get(STANDING, headers=editor.headers)

    assert (put.status_code, put.json()["percent"]) == (200, 150)
    # What belongs to no centre is no centre's budget.
    assert standing.json()["budgets"] == [put.json()]
    assert nobodys.status_code == 404


async def test_the_same_budget_again_changes_nothing(database: object, now: datetime) -> None:
    centre_id = uuid.uuid4()

    rows = [
        await holds.put_budget(
            centre_id=centre_id, segments_per_day=40, expected_version=version, officer_id=LAM, now=now
        )
        for version in (0, 1)
    ]

    assert rows == [Budget(centre_id, 40, 0, 1)] * 2
    assert len(await actions(centre_id)) == 1


LAM = uuid.UUID(int=9)


async def test_of_eight_who_set_a_budget_at_once_one_does(database: object, now: datetime) -> None:
    centre_id = uuid.uuid4()

    answers = await asyncio.gather(
        *(
            holds.put_budget(
                centre_id=centre_id, segments_per_day=n, expected_version=0, officer_id=LAM, now=now
            )
            for n in range(1, 9)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, Budget) for answer in answers) == 1
    assert sum(isinstance(answer, PreconditionFailed) for answer in answers) == 7


async def test_the_shares_of_a_new_budget_are_told_anew(database: object, now: datetime) -> None:
    centre_id = uuid.uuid4()
    await spent(centre_id, 80, now, warned=70)

    await holds.put_budget(
        centre_id=centre_id, segments_per_day=100, expected_version=0, officer_id=LAM, now=now
    )

    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT warned FROM message_spending") == 0


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "a\u200bb"}, {"reason": "x", "y": 1}])
async def test_a_hold_says_why(client: httpx.AsyncClient, editor: Any, body: dict[str, Any]) -> None:
    answer = await client.put(f"{HOLDS}/everything", json=body, headers=editor.headers)

    assert answer.status_code == 422
    assert await holds.holds() == []


async def test_only_a_wording_there_is_can_be_held(client: httpx.AsyncClient, editor: Any) -> None:
    put = await client.put(f"{HOLDS}/templates/nothing", json=WHY, headers=editor.headers)
    deleted = await client.delete(f"{HOLDS}/templates/nothing", headers=editor.headers)

    assert (put.status_code, deleted.status_code) == (404, 404)


@pytest.mark.parametrize(
    "caller", [Caller.MONITOR, Caller.CENTRE_LEADER, Caller.DISPATCHER, Caller.OFFICER]
)
async def test_nobody_else_stops_the_messages(
    client: httpx.AsyncClient, sign_in: SignIn, caller: Caller
) -> None:
    who = await sign_in(caller, centre_id=uuid.uuid4())

    answers = [
        await client.put(f"{HOLDS}/everything", json=WHY, headers=who.headers),
        await client.delete(f"{HOLDS}/everything", headers=who.headers),
        await client.put(f"{HOLDS}/templates/otp", json=WHY, headers=who.headers),
        await client.delete(f"{HOLDS}/templates/otp", headers=who.headers),
    ]
    seen = await client.get(STANDING, headers=who.headers)

    assert {answer.status_code for answer in answers} == {403}
    assert seen.status_code == (200 if caller in {Caller.MONITOR, Caller.CENTRE_LEADER} else 403)


async def spent(centre_id: uuid.UUID, segments: int, now: datetime, *, warned: int = 0) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO message_spending (centre_id, day, segments, warned) VALUES ($1, $2, $3, $4)",
        centre_id,
        local_date(now),
        segments,
        warned,
    )
