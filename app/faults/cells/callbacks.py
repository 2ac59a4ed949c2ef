"""What the provider calls back with: early, often, backwards, never, forged, late, of nobody."""

import asyncio
import uuid
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
from twilio.request_validator import RequestValidator

from app.faults.fronts import Asked, Front, Told, passing
from app.faults.matrix import Act, Cell, Scene

TIMES: Final = 5
CALLBACK: Final = "/v1/callbacks/twilio/status"
LASTS_S: Final = (3.0, 5.0)
TAKEN: Final = Told(204)
# A phone that cannot be reached, which our emulator never tells by itself.
FORGED_CODE: Final = "30003"
FINAL_STATES: Final = ("delivered",)
# Of those sent since a moment: an earlier cell may have left some that nobody ever calls back about.
WHERE_NOT_FINAL: Final = """
 FROM message WHERE template = 'appointment_confirmed' AND provider_id IS NOT NULL
   AND accepted_at >= $2 AND NOT (state = ANY($1)) AND state NOT IN ('undelivered', 'rejected')
"""
NOT_FINAL: Final = f"SELECT count(*) {WHERE_NOT_FINAL}"
OF_WHICH_NOT_FINAL: Final = f"SELECT state, attempts, count(*) {WHERE_NOT_FINAL} GROUP BY 1, 2"
# Which those are; and whether any is still to be sent.
SENT_SINCE: Final = """
SELECT id::text AS id FROM message WHERE channel = 'sms' AND accepted_at >= $1
"""
OF_WHICH: Final = """
SELECT state, template, attempts, error_code, count(*) AS n FROM message
 WHERE id::text = ANY($1) OR state IN ('ready', 'calling') AND not_before <= clock_timestamp()
 GROUP BY 1, 2, 3, 4
"""
TO_SEND: Final = """
SELECT (SELECT count(*) FROM outbox WHERE state = 'ready') + (SELECT count(*) FROM message
        WHERE state IN ('ready', 'calling') AND not_before <= clock_timestamp())
"""


def _is_callback(asked: Asked) -> bool:
    return asked.path.startswith("/v1/callbacks/")


def _about(asked: Asked) -> str:
    """Which message a callback is about."""
    return parse_qs(urlsplit(asked.target).query)["n"][0]


async def _now(scene: Scene) -> datetime:
    began: datetime = await scene.house.sql("SELECT clock_timestamp()")
    return began


async def _final(scene: Scene, began: datetime) -> None:
    """All that was sent since then ends as the provider said, whatever the order was."""

    async def look() -> bool:
        return int(await scene.house.sql(NOT_FINAL, list(FINAL_STATES), began)) == 0

    try:
        await scene.load.end()
        await scene.house.until("every message to be delivered", look, within_s=60)
    except TimeoutError as reason:
        left = await scene.house.rows(OF_WHICH_NOT_FINAL, list(FINAL_STATES), began)
        scene.wrong.append(f"{reason}: {[tuple(row) for row in left]}")


async def before_the_answer(scene: Scene) -> None:
    """The provider calls back while it still keeps us waiting for its answer."""

    async def late(front: Front, asked: Asked) -> Told:
        told = await front.forward(asked)
        await asyncio.sleep(1.5)
        return told

    began = await _now(scene)
    for member in scene.house.members.values():
        member.sms.behaviour = late
    await scene.for_a_while(*LASTS_S)
    await _final(scene, began)


async def repeated(scene: Scene) -> None:
    async def often(front: Front, asked: Asked) -> Told:
        if not _is_callback(asked):
            return await front.forward(asked)
        answers = [await front.forward(asked) for _ in range(TIMES)]
        scene.expect(all(told.status < 300 for told in answers), "a repeated callback was refused")
        return answers[-1]

    began = await _now(scene)
    scene.house.public.behaviour = often
    await scene.for_a_while(*LASTS_S)
    await _final(scene, began)


async def reversed_order(scene: Scene) -> None:
    await _kept_back(scene, backwards=True)


async def late(scene: Scene) -> None:
    await _kept_back(scene, backwards=False)


async def _kept_back(scene: Scene, *, backwards: bool) -> None:
    """Kept for as long as the fault lasts, told when everything else is over."""
    kept: list[Asked] = []
    began = await _now(scene)

    async def keep(front: Front, asked: Asked) -> Told:
        if not _is_callback(asked):
            return await front.forward(asked)
        kept.append(asked)
        return TAKEN

    front = scene.house.public
    front.behaviour = keep
    await scene.for_a_while(*LASTS_S)
    await scene.load.end()

    async def untold() -> set[str]:
        """Of what the provider was sent, that whose end it has not told yet."""
        told = {_about(asked) for asked in kept if b"delivered" in asked.body}
        return {row["id"] for row in await scene.house.rows(SENT_SINCE, began)} - told

    async def all_kept() -> bool:
        if int(await scene.house.sql(TO_SEND)):
            # A try that failed, of an earlier fault too, may wait for minutes.
            await scene.house.script(scene.time_passes)
            return False
        return not await untold()

    try:
        await scene.house.until("the provider to call back about everything", all_kept, every_s=0.5)
    except TimeoutError as late:
        left = await scene.house.rows(OF_WHICH, sorted(await untold()))
        raise TimeoutError(f"{late}: {[tuple(row) for row in left]}") from late
    front.behaviour = passing
    scene.expect(kept, "nobody called back")
    for asked in reversed(kept) if backwards else list(kept):
        told = await front.forward(asked)
        scene.expect(told.status < 300, f"a late callback was answered {told.status}")
    scene.notes.append(f"{len(kept)} callbacks kept back")
    await _final(scene, began)


async def never(scene: Scene) -> None:
    async def lose(front: Front, asked: Asked) -> Told:
        return TAKEN if _is_callback(asked) else await front.forward(asked)

    scene.house.public.behaviour = lose
    await scene.for_a_while(*LASTS_S)


async def forged(scene: Scene) -> None:
    """Signed with another key, of a message of ours; and well signed, of a message nobody knows."""
    house = scene.house
    message = await house.sql("SELECT id FROM message ORDER BY created_at DESC LIMIT 1")
    wrong = await _call(scene, message, "not-the-token")
    scene.expect(wrong == httpx.codes.FORBIDDEN, f"a forged callback was answered {wrong}")
    # Its sending goes on meanwhile, so the state may move; the code it told may not be believed.
    believed = await house.sql("SELECT error_code = $2 FROM message WHERE id = $1", message, FORGED_CODE)
    scene.expect(not believed, "a forged callback was believed")
    right = str(house.supervisor.settings.twilio.auth_token)
    unknown = await _call(scene, uuid.uuid4(), right)
    scene.expect(200 <= unknown < 300, f"a callback of an unknown message was answered {unknown}")


async def _call(scene: Scene, message: uuid.UUID, token: str) -> int:
    url = f"{scene.house.public.url}{CALLBACK}?n={message}&a=1"
    fields = {
        "MessageSid": "SM" + "0" * 32,
        "MessageStatus": "undelivered",
        "ErrorCode": FORGED_CODE,
        "AccountSid": scene.house.supervisor.settings.twilio.account_sid,
    }
    signature = RequestValidator(token).compute_signature(url, fields)
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        answer = await http.post(url, data=fields, headers={"X-Twilio-Signature": signature})
    return answer.status_code


def _cell(name: str, fault: str, must: str, act: Act, *, smoke: bool = False) -> Cell:
    return Cell(f"callbacks-{name}", "Twilio emulator", "calling back", fault, must, act, smoke=smoke)


CELLS: Final = (
    _cell("before-the-answer", "before the answer to the send", "all end delivered", before_the_answer),
    _cell("repeated", f"each {TIMES} times", "2xx; all end delivered", repeated),
    _cell("reversed", "backwards", "all end delivered", reversed_order),
    _cell("late", "only when all else is over", "2xx; all end delivered", late),
    _cell("never", "never", "accepted, and not sent again", never),
    _cell("forged-and-unknown", "forged; of an unknown message", "403; 2xx", forged, smoke=True),
)
