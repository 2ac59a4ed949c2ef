"""API and workers: killed at chosen moments, asked to end, stopped in their tracks."""

import asyncio
import signal
import time
from typing import Final

from app.faults.fronts import Asked, Front, Manner, Told, passing
from app.faults.links import Trap
from app.faults.matrix import Act, Cell, Scene

API: Final = "API process"
WORKER: Final = "Worker"
ONE_BOOKING: Final = "the same key gives the same appointment, one booking"
NOT_BLIND: Final = "asked at the provider before it is sent again"
# The lease of a claim is 30 s; whoever takes over looks every second.
LEASE_S: Final = 30.0
# A second to look, and a worker that is just starting.
STARTS_WITHIN_S: Final = 10.0
CLAIMED: Final = "SELECT count(*) FROM outbox_work WHERE state = 'claimed'"
BEGIN: Final = b"BEGIN;"
COMMIT: Final = b"COMMIT;"
COMMITTED: Final = b"COMMIT\x00"
CREATED: Final = b"HTTP/1.1 201"
SLOW_S: Final = 1.0
STOPS_WITHIN_S: Final = 28.0
BLOCKED_S: Final = 40
DIES_WITHIN_S: Final = 120.0


def api_killed_at(pattern: bytes, *, to_client: bool) -> Act:
    """The moment PostgreSQL is told, or tells, something."""

    async def act(scene: Scene) -> None:
        house = scene.house
        trap = Trap(pattern, to_client, lambda: house.kill("api"), skip=scene.chance.randrange(8))
        await scene.spring(house.members["api"].postgres, trap)

    return act


async def api_killed_while_answering(scene: Scene) -> None:
    house = scene.house
    trap = Trap(CREATED, True, lambda: house.kill("api"), skip=scene.chance.randrange(8))
    await scene.spring(house.door, trap)


async def api_asked_to_end(scene: Scene) -> None:
    """As a deployment does it."""
    house = scene.house
    child = house.members["api"].child
    assert child is not None
    began = time.monotonic()
    child.process.send_signal(signal.SIGTERM)
    code = await child.process.wait()
    took = time.monotonic() - began
    scene.notes.append(f"ended in {took:.1f} s")
    scene.expect(took < STOPS_WITHIN_S, f"it took {took:.0f} s to end")
    scene.expect(code == 0, f"it ended with {code}")


async def worker_killed_after_claim(scene: Scene) -> None:
    """The other worker is away, so what is claimed is the victim's; the provider takes its time."""
    house = scene.house
    await house.stop("worker-2")
    house.members["worker-1"].sms.behaviour = _slowly

    async def claimed() -> bool:
        return int(await house.sql(CLAIMED)) > 0

    await house.until("a claim", claimed, every_s=0.01)
    await house.kill("worker-1")
    lost = await house.rows("SELECT id, lease_token FROM outbox_work WHERE state = 'claimed'")
    house.members["worker-1"].sms.behaviour = passing
    house.members["worker-2"].wanted.set()
    await _taken_over(scene, {row["id"]: row["lease_token"] for row in lost})


async def _taken_over(scene: Scene, lost: dict[object, object]) -> None:
    """Until none of the claims is the dead one's any more."""
    house = scene.house

    async def look() -> bool:
        rows = await house.rows(
            "SELECT id, lease_token FROM outbox_work WHERE id = ANY($1) AND state = 'claimed'", list(lost)
        )
        return all(lost[row["id"]] != row["lease_token"] for row in rows)

    took = await house.until("the claims to be taken over", look, within_s=90)
    scene.notes.append(f"{len(lost)} claim(s) taken over after {took:.1f} s")
    scene.expect(
        took < LEASE_S + STARTS_WITHIN_S * house.pace, f"claims were taken over after {took:.0f} s only"
    )


async def _slowly(front: Front, asked: Asked) -> Told:
    await asyncio.sleep(SLOW_S)
    return await front.forward(asked)


async def worker_killed_after_sending(scene: Scene) -> None:
    """The provider has it, and nobody is left to hear so."""
    house, name = scene.house, scene.any_worker()
    front, done = house.members[name].sms, asyncio.Event()

    async def behave(front: Front, asked: Asked) -> Told:
        told = await front.forward(asked)
        if asked.method == "POST" and not done.is_set():
            done.set()
            await house.kill(name)
            return Told(told.status, manner=Manner.CUT)
        return told

    front.behaviour = behave
    await _happened(scene, done, "nothing was sent")
    front.behaviour = passing


async def _without_callbacks(front: Front, asked: Asked) -> Told:
    """A callback would tell what asking tells, and sooner."""
    return Told(204) if asked.path.startswith("/v1/callbacks/") else await front.forward(asked)


async def worker_killed_while_reconciling(scene: Scene) -> None:
    """First answers are lost, so that it has to ask; then it dies asking."""
    house, done = scene.house, asyncio.Event()
    members = [house.members["worker-1"], house.members["worker-2"]]

    async def losing(front: Front, asked: Asked) -> Told:
        told = await front.forward(asked)
        if asked.method == "POST":
            return Told(told.status, manner=Manner.CUT)
        if not done.is_set():
            done.set()
            await house.kill(next(m.name for m in members if m.sms is front))
        return told

    house.public.behaviour = _without_callbacks
    for member in members:
        member.sms.behaviour = losing

    async def asked() -> bool:
        """The pause before asking is half a minute and longer; that it passes is not tried here."""
        await house.script(scene.time_passes)
        return done.is_set()

    try:
        await house.until("somebody to ask what became of a message", asked, every_s=1)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    house.public.behaviour = passing
    for member in members:
        member.sms.behaviour = passing


async def _happened(scene: Scene, done: asyncio.Event, otherwise: str) -> None:
    try:
        async with asyncio.timeout(60):
            await done.wait()
    except TimeoutError:
        scene.wrong.append(otherwise)


async def worker_stopped(scene: Scene) -> None:
    """Longer than its lease, with calls under way; then it goes on as if nothing had been."""
    house, name = scene.house, scene.any_worker()
    member = house.members[name]
    member.sms.behaviour = _slowly
    await _happened_at(scene, member.sms)
    house.signal(name, signal.SIGSTOP)
    mine = await house.rows("SELECT id, lease_token FROM outbox_work WHERE state = 'claimed'")
    await _pause_over(scene, {row["id"]: row["lease_token"] for row in mine})
    before = await _ends(scene, [row["id"] for row in mine])
    member.sms.behaviour = passing
    house.signal(name, signal.SIGCONT)
    await asyncio.sleep(3)
    after = await _ends(scene, [row["id"] for row in mine])
    scene.expect(before == after, "a late finish changed what another had finished")


async def _happened_at(scene: Scene, front: Front) -> None:
    async def look() -> bool:
        return front.busy > 0

    await scene.house.until("a call under way", look, every_s=0.01)


async def _pause_over(scene: Scene, mine: dict[object, object]) -> None:
    """Until the other one has taken over what the stopped one held, and ended it."""

    async def look() -> bool:
        rows = await scene.house.rows(
            "SELECT id FROM outbox_work WHERE id = ANY($1) AND state = 'claimed'", list(mine)
        )
        return not rows

    await scene.house.until("the other worker to take over", look, within_s=120)


async def _ends(scene: Scene, ids: list[object]) -> list[tuple[object, ...]]:
    rows = await scene.house.rows(
        "SELECT id, state, done_at FROM outbox_work WHERE id = ANY($1) AND state = 'done' ORDER BY id", ids
    )
    return [tuple(row) for row in rows]


async def worker_blocked(scene: Scene) -> None:
    """Its loop stands still while its threads go on."""
    house, name = scene.house, scene.any_worker()
    await house.renew(name, ["-m", "app.faults.blockable"], {"MOTCUA_BLOCK_S": str(BLOCKED_S)})
    member = house.members[name]
    member.sms.behaviour = _slowly
    await _happened_at(scene, member.sms)
    assert member.child is not None
    member.child.process.send_signal(signal.SIGUSR1)
    mine = await house.rows("SELECT id, lease_token FROM outbox_work WHERE state = 'claimed'")
    await _pause_over(scene, {row["id"]: row["lease_token"] for row in mine})
    member.sms.behaviour = passing
    await asyncio.sleep(BLOCKED_S - LEASE_S)
    await house.renew(name)


async def worker_dies_of_one_message(scene: Scene) -> None:
    """Whoever touches this one message is killed, as by the kernel when memory is short."""
    house, deaths = scene.house, 0
    [victim] = await scene.load.come(1)

    async def deadly(front: Front, asked: Asked) -> Told:
        nonlocal deaths
        if asked.method == "POST" and asked.form.get("To", "").endswith(victim.phone[1:]):
            deaths += 1
            await house.kill(next(m.name for m in house.members.values() if m.sms is front))
            return Told(500, manner=Manner.CUT)
        return await front.forward(asked)

    for member in house.members.values():
        member.sms.behaviour = deadly
    scene.expect(await scene.load.book(victim), "the victim could not book")
    state, began = None, time.monotonic()
    while time.monotonic() - began < DIES_WITHIN_S:
        state = await house.sql(
            "SELECT state FROM message WHERE phone LIKE '%' || $1 ORDER BY created_at DESC LIMIT 1",
            victim.phone[1:],
        )
        if state in ("gave_up", "rejected", "expired"):
            break
        await house.script(scene.time_passes)
        await asyncio.sleep(1)
    scene.notes.append(f"{deaths} worker(s) died of it")
    scene.expect(state == "gave_up", f"the message is {state} after {deaths} deaths")
    await scene.load.enough(5)


CELLS: Final = (
    Cell(
        "api-killed-before-transaction", API, "before its transaction", "`kill -9`", ONE_BOOKING,
        api_killed_at(BEGIN, to_client=False),
    ),
    Cell(
        "api-killed-before-commit", API, "after the insert", "`kill -9`", ONE_BOOKING,
        api_killed_at(COMMIT, to_client=False),
    ),
    Cell(
        "api-killed-after-commit", API, "after COMMIT, before the answer", "`kill -9`", ONE_BOOKING,
        api_killed_at(COMMITTED, to_client=True), smoke=True,
    ),
    Cell(
        "api-killed-while-answering", API, "during the answer", "`kill -9`", ONE_BOOKING,
        api_killed_while_answering,
    ),
    Cell(
        "api-sigterm", API, "under load", "SIGTERM", "no 5xx but 503; it ends with 0 within its time",
        api_asked_to_end, smoke=True,
    ),
    Cell(
        "worker-killed-after-claim", WORKER, "after claiming", "`kill -9`",
        "claimed again when the lease is over", worker_killed_after_claim, patient=True,
    ),
    Cell(
        "worker-killed-after-sending", WORKER, "after the provider's 201, before it is noted", "`kill -9`",
        NOT_BLIND, worker_killed_after_sending, smoke=True,
    ),
    Cell(
        "worker-killed-while-reconciling", WORKER, "while it asks the provider", "`kill -9`",
        NOT_BLIND, worker_killed_while_reconciling,
    ),
    Cell(
        "worker-stopped", WORKER, "mid-call", "SIGSTOP for longer than its lease, then SIGCONT",
        "a late finish changes nothing", worker_stopped, patient=True,
    ),
    Cell(
        "worker-blocked", WORKER, "mid-call", f"event loop blocked {BLOCKED_S} s",
        "the other worker takes over; at most N sends", worker_blocked, patient=True,
    ),
    Cell(
        "worker-dies-of-one-message", "Memory", "one message", "killed whenever it is touched",
        "given up visibly after N calls, others flow", worker_dies_of_one_message,
    ),
)  # fmt: skip
