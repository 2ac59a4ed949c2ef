"""The SMS provider: what it answers, and what it does not."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

from app.faults.fronts import Asked, Behaviour, Front, Manner, Told, passing
from app.faults.matrix import Act, Cell, Scene

PROVIDER: Final = "Twilio emulator"
JSON: Final = (("Content-Type", "application/json"),)
LASTS_S: Final = (2.5, 4.0)


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
        try:
            await scene.for_a_while(*LASTS_S)
        finally:
            for front in fronts:
                front.behaviour = passing
        spoiled = sum(
            1 for front in fronts for line in front.log if line.at > began and _is_sending(line.asked)
        )
        scene.expect(spoiled, "nobody was sent anything while the provider was spoiled")
        if beyond is not None:
            await beyond(scene)

    return act


SERVER_ERROR: Final = Told(500, b'{"code": 20500, "message": "Internal", "status": 500}', JSON)

CELLS: Final = (
    Cell(
        "provider-500",
        PROVIDER,
        "sending",
        "500",
        "asked what became of it before it is sent again; at most N sends",
        answers(refusing(SERVER_ERROR)),
        smoke=True,
    ),
    Cell(
        "provider-accept-then-cut",
        PROVIDER,
        "sending",
        "accepts, then cuts the connection",
        "found at the provider and not sent again",
        answers(taking_then(lambda told: Told(told.status, told.body, manner=Manner.CUT))),
        smoke=True,
    ),
)
