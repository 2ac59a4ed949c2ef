"""What the kit does to a system, in order; nothing is judged here."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import httpx

from app.core.clock import current_time, machine_time
from app.custody import s10
from partners.postal import signing
from partners.postal.kit.numbering import REUSED
from partners.postal.kit.our_side import OurSide
from partners.postal.kit.seen import Call, Seen, events_of
from partners.postal.kit.sending import OLD, Sender, encoded
from partners.postal.kit.world import COURIER, UNKNOWN_TYPE, World
from partners.postal.serving import served

POLL_S: Final = 0.05
SECOND_TRY_WITHIN_S: Final = 6.0
LATER_VERSION: Final = "v1a,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
LATER_FIELDS: Final[Mapping[str, Any]] = {"priority": "elderly", "hints": {"floor": 3}}


class KitCannotRun(Exception):
    """There is nothing to examine; the message says what to do."""


class Setup(NamedTuple):
    """How a system is examined.

    `secret` is the webhook secret when it was agreed by hand; None when the system registers its address
    at our side. `patience_s` is how long the kit waits for what somebody may have to do by hand.
    """

    url: str
    host: str
    port: int
    secret: str | None
    courier: str = COURIER
    patience_s: float = 30.0
    answer_within_s: float = 5.0


async def examine(setup: Setup, *, told: Callable[[str], None] = lambda _line: None) -> Seen:
    """Serve our side, wait for the system, tell it everything. Raises `KitCannotRun`, `OSError`."""
    world = World(current_time())
    ours = OurSide(world)
    async with served(ours.app(), host=setup.host, port=setup.port):
        told(f"Motcua's side is served at http://{setup.host}:{setup.port}")
        secret = await _secret(setup, ours)
        await _answers(setup.url)
        script = _Script(setup, world, ours, Sender(setup.url, secret))
        await script.play(told)
        return script.seen()


async def _secret(setup: Setup, ours: OurSide) -> str:
    if setup.secret is not None:
        return setup.secret
    await _until(lambda: ours.secret_of(setup.url) is not None, setup.patience_s)
    found = ours.secret_of(setup.url)
    if found is None:
        raise KitCannotRun(
            f"No webhook {setup.url} was registered at http://{setup.host}:{setup.port} in"
            f" {setup.patience_s:.0f} s. Point the system there, or name its secret with --secret."
        )
    return found


async def _answers(url: str) -> None:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(url)
    except httpx.TransportError as reason:
        raise KitCannotRun(f"Nothing answers at {url} ({type(reason).__name__}).") from reason


async def _until(holds: Callable[[], bool], patience_s: float) -> bool:
    """Whether it came to hold in time: a system's own people may have to act."""
    end = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(POLL_S)
    return True


class _Script:
    def __init__(self, setup: Setup, world: World, ours: OurSide, sender: Sender) -> None:
        self._setup = setup
        self._world = world
        self._ours = ours
        self._sender = sender

    def seen(self) -> Seen:
        return Seen(
            deliveries=tuple(self._sender.deliveries),
            calls=tuple(self._ours.calls),
            tasks=dict(self._world.tasks),
            answer_within_s=self._setup.answer_within_s,
            numbers=dict(self._world.told_numbers),
        )

    async def play(self, told: Callable[[str], None]) -> None:
        told("Signatures, right and wrong")
        await self._signatures()
        told("Messages of a later contract")
        await self._unknown_things()
        told("The same message three times at once; waiting for its visit to be ridden")
        await self._three_times()
        told("A visit with fields of a later contract; waiting for it to be ridden")
        await self._later_fields()
        told("A gap in what was pushed, and the missing message late")
        await self._gap_and_late()
        told("A visit with an item number that another package has")
        await self._used_number()
        await self._second_try()

    async def _signatures(self) -> None:
        """Each of its own thing, so that none is held back for another."""
        now, own = machine_time(), self._sender.secret
        other = signing.new_secret()
        tell = self._sender.tell
        await tell("good", self._told_of_another())
        await tell("forged", self._told_of_another(), signing_secrets=[other])
        await tell("old", self._told_of_another(), at=now - OLD)
        await tell("future", self._told_of_another(), at=now + OLD)
        await tell("second_signature", self._told_of_another(), signing_secrets=[other, own])
        event = self._told_of_another()
        body = encoded(event)
        await self._sender.post("unsigned", event["id"], body, {"content-type": "application/json"})
        signed = self._sender.signed(event["id"], b'{"other": "body"}')
        await self._sender.post("changed_body", event["id"], body, signed)
        garbage = b'{"half": '
        await self._sender.post("not_json", event["id"], garbage, self._sender.signed(event["id"], garbage))
        await self._later_signature()

    async def _later_signature(self) -> None:
        """An Ed25519 signature before the one the system knows."""
        event = self._told_of_another()
        body = encoded(event)
        headers = self._sender.signed(event["id"], body)
        headers["webhook-signature"] = f"{LATER_VERSION} {headers['webhook-signature']}"
        await self._sender.post("later_signature", event["id"], body, headers)

    async def _unknown_things(self) -> None:
        await self._sender.tell("unknown_type", self._told_of_another(UNKNOWN_TYPE))
        await self._sender.tell("unknown_thing", self._told_of_another("received"))

    def _told_of_another(self, name: str = "rescheduled") -> dict[str, Any]:
        """About a visit the system never heard of, nor finds in its list: nothing is to be done."""
        n = len(self._world.feed)
        return self._world.event(name, f"00000000-0000-4000-8000-{n:012d}")

    async def _three_times(self) -> None:
        task = self._world.task("three_times", courier=self._setup.courier)
        event = self._world.event("assigned", task.id)
        answers = await asyncio.gather(*(self._sender.tell("three_times", event) for _ in range(3)))
        if any(answer.accepted for answer in answers):
            await self._ridden("three_times")

    async def _later_fields(self) -> None:
        """Also the end of the wait for a second effect of the first visit: it began before this one."""
        task = self._world.task("later_fields", courier=self._setup.courier)
        event = self._world.event("assigned", task.id, extra=LATER_FIELDS)
        if (await self._sender.tell("later_fields", event)).accepted:
            await self._ridden("later_fields")

    async def _gap_and_late(self) -> None:
        task = self._world.task("gap", courier=self._setup.courier)
        missed = self._world.event("assigned", task.id)
        after_it = self._world.event("rescheduled", task.id, version=2)
        if not (await self._sender.tell("gap", after_it)).accepted:
            return
        # Told before it was ridden, the missed message would fill the gap itself.
        if not await self._ridden("gap") or not (await self._sender.tell("late", missed)).accepted:
            return
        last = self._world.task("last", courier=self._setup.courier)
        if (await self._sender.tell("last", self._world.event("assigned", last.id))).accepted:
            await self._ridden("last")

    async def _used_number(self) -> None:
        """Only where a number was used at all. A system may ride without it, or not ride."""
        used = next((str(r.data["item"]) for r in self.seen().reports() if r.data.get("item")), None)
        if used is None:
            return
        task = self._world.task(REUSED, courier=self._setup.courier)
        self._world.stock.bind_again(task.id, s10.plain(used))
        if (await self._sender.tell(REUSED, self._world.event("assigned", task.id))).accepted:
            await self._ridden(REUSED)

    async def _second_try(self) -> None:
        """What met an outage may still be on its way."""
        refused = [call for call in self._ours.calls if call.status == 503]
        owed = {report.id for call in refused for report in events_of(call)}
        await _until(
            lambda: owed <= {report.id for report in self.seen().reports()},
            min(self._setup.patience_s, SECOND_TRY_WITHIN_S),
        )

    async def _ridden(self, purpose: str) -> bool:
        """Until the sealing of the visit was reported, or patience ends."""
        task_id = self._world.tasks[purpose].id
        return await _until(
            lambda: any(_seals(call, task_id) for call in self._ours.calls), self._setup.patience_s
        )


def _seals(call: Call, task_id: str) -> bool:
    return call.status == 200 and any(
        report.task_id == task_id and report.type == "sealed" for report in events_of(call)
    )
