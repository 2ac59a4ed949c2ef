"""The SMS provider: what it answers, and what it does not."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from app.faults.fronts import Asked, Behaviour, Front, Manner, Told, passing
from app.faults.matrix import Act, Cell, Scene

PROVIDER: Final = "Twilio emulator"
JSON: Final = (("Content-Type", "application/json"),)
LASTS_S: Final = (2.5, 4.0)
MET_WITHIN_S: Final = 20.0
# Other cells of this house may have left what was given up for reasons of their own.
GIVEN_UP: Final = """
SELECT count(*) FROM message WHERE state = 'gave_up' AND EXISTS
    (SELECT FROM message_attempt a WHERE a.message_id = message.id AND a.outcome = 'configuration')
"""


def _is_sending(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path.endswith("/Messages.json")


def refusing(told: Told) -> Behaviour:
    """Every message is answered so and not taken; everything else passes."""

    async def behave(front: Front, asked: Asked) -> Told:
        return told if _is_sending(asked) else await front.forward(asked)

    return behave


def taking_then(change: Callable[[Told], Told]) -> Behaviour:
    """Every message is taken, and its answer spoiled."""

    async def behave(front: Front, asked: Asked) -> Told:
        told = await front.forward(asked)
        return change(told) if _is_sending(asked) else told

    return behave


def answers(behaviour: Behaviour, beyond: Callable[[Scene], Awaitable[None]] | None = None) -> Act:
    """The provider does so to everybody for a while."""

    async def act(scene: Scene) -> None:
        fronts = [member.sms for member in scene.house.members.values()]
        began = time.monotonic()
        for front in fronts:
            front.behaviour = behaviour

        async def met() -> bool:
            return any(
                line.at > began and _is_sending(line.asked) for front in fronts for line in front.log
            )

        try:
            await scene.for_a_while(*LASTS_S)
            # An earlier cell may have left the way resting for a moment.
            await scene.house.until("somebody to be sent something", met, within_s=MET_WITHIN_S)
        except TimeoutError as reason:
            scene.wrong.append(str(reason))
        finally:
            for front in fronts:
                front.behaviour = passing
        if beyond is not None:
            await beyond(scene)

    return act


def _as(status: int, code: int) -> Told:
    body = f'{{"code": {code}, "message": "told so", "more_info": "", "status": {status}}}'
    return Told(status, body.encode(), JSON)


async def nothing_burned(scene: Scene) -> None:
    """A wrong account is not the messages' fault: none is given up for it."""
    given_up = await scene.house.sql(GIVEN_UP)
    scene.expect(given_up == 0, f"{given_up} messages were given up for a wrong account")


HTML: Final = Told(502, b"<html><body>Bad gateway</body></html>", (("Content-Type", "text/html"),))
BUSY: Final = Told(429, _as(429, 20429).body, (*JSON, ("Retry-After", "2")))
ASKED_FIRST: Final = "asked what became of it before it is sent again; at most N sends"
FOUND: Final = "found at the provider and not sent again"
TOLD_LATER: Final = "sent once the provider has time"


def _spoiled(manner: Manner) -> Behaviour:
    return taking_then(lambda told: replace(told, manner=manner))


def _cell(name: str, fault: str, must: str, act: Act, *, smoke: bool = False) -> Cell:
    return Cell(f"provider-{name}", PROVIDER, "sending", fault, must, act, smoke=smoke)


def _taken(name: str, fault: str, behaviour: Behaviour, *, smoke: bool = False) -> Cell:
    return _cell(name, f"accepts, {fault}", FOUND, answers(behaviour), smoke=smoke)


GARBAGE: Final = taking_then(lambda told: replace(told, body=b"{no"))

CELLS: Final = (
    _cell("500", "500", ASKED_FIRST, answers(refusing(_as(500, 20500))), smoke=True),
    _cell("429", "429 with Retry-After", TOLD_LATER, answers(refusing(BUSY))),
    _cell("502-html", "502 with a page", ASKED_FIRST, answers(refusing(HTML))),
    _taken("201-garbage", "and answers 201 with garbage", GARBAGE, smoke=True),
    _taken("accept-then-cut", "then cuts the connection", _spoiled(Manner.CUT)),
    _taken("accept-then-hang", "then says nothing", _spoiled(Manner.HANG)),
    _taken("half-an-answer", "and half of its answer arrives", _spoiled(Manner.HALF)),
    _taken("a-byte-at-a-time", "and answers four bytes a second", _spoiled(Manner.DRIP)),
    _cell(
        "401", "401", "no attempt is counted, all is sent afterwards",
        answers(refusing(_as(401, 20003)), nothing_burned),
    ),
    _cell(
        "21610", "21610 (opted out)", "rejected visibly and not tried again",
        answers(refusing(_as(400, 21610))),
    ),
)  # fmt: skip
