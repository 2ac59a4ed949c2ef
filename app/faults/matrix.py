"""One cell: people book, something breaks, is mended, conditions are waited for, nine things checked."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final

import httpx

from app.faults.house import House
from app.faults.invariants import AWAY, READY_AGAIN_WITHIN_S, Seen, check
from app.faults.links import Link, Trap
from app.faults.load import VISITS_SHARE, Load
from jobs.work import LEASE
from partners.postal.egress import TOTAL_TIMEOUT_S

SPRINGS_WITHIN_S: Final = 30.0
SETTLED_WITHIN_S: Final = 150.0
BROUGHT_FORWARD_EVERY_S: Final = 1.0
# The sum of what its parts may wait for, and hardly ever does; a cell that is longer hangs.
CELL_WITHIN_S: Final = 480.0
# What is owed and due, or will be by itself within a minute and a half.
OWED: Final = """
SELECT (SELECT count(*) FROM outbox WHERE state = 'ready')
     + (SELECT count(*) FROM outbox_work WHERE state = 'claimed'
            OR (state = 'ready' AND next_at < clock_timestamp() + interval '90 seconds'))
     + (SELECT count(*) FROM message WHERE state IN ('calling', 'unknown')
            OR (state = 'ready' AND not_before <= clock_timestamp()))
"""
# Pauses after failures grow to hours; that they pass is not what is tried here, so they are over at once.
# A message is about what its work is, be it called by the fact (`home_visit.cancelled:…`).
BRING_FORWARD: Final = """
UPDATE outbox_work work SET next_at = clock_timestamp()
 WHERE state = 'ready' AND attempts > 0 AND next_at > clock_timestamp() + interval '2 seconds'
   AND (EXISTS (SELECT FROM webhook_delivery d WHERE d.at > work.created_at)
        AND subscriber = 'partners' OR EXISTS (SELECT FROM message m
          WHERE split_part(m.about, ':', 2) = split_part(work.subject, ':', 2)
            AND m.state IN ('ready', 'unknown') AND m.not_before <= clock_timestamp()));
UPDATE message SET calling_since = calling_since - interval '10 minutes'
 WHERE state = 'unknown' AND calling_since > clock_timestamp() - interval '10 minutes';
UPDATE message_circuit SET open_until = clock_timestamp() WHERE open_until > clock_timestamp()
   AND NOT EXISTS (SELECT FROM message WHERE state = 'calling');
UPDATE webhook_circuit SET open_until = clock_timestamp() WHERE open_until > clock_timestamp();
"""
# A claim that lasts longer than the longest try, which is to tell a partner, lost its worker: its lease
# is over sooner. Were somebody still at it, the fence would have to hold, and a try that fails after
# another one was taken would count against the partner. Cells that are about leases wait for them.
LONGEST_TRY: Final = timedelta(seconds=TOTAL_TIMEOUT_S + 2)
LEASES_END: Final = f"""
UPDATE outbox_work SET lease_until = clock_timestamp() - interval '1 ms' WHERE state = 'claimed'
   AND lease_until < clock_timestamp() + interval '{(LEASE - LONGEST_TRY).total_seconds():.0f} seconds';
UPDATE message SET calling_since = calling_since - interval '25 seconds'
 WHERE state = 'calling' AND calling_since < clock_timestamp() - interval '10 seconds';
"""


@dataclass
class Scene:
    """What a fault is given to play with."""

    house: House
    load: Load
    chance: Random
    seen: Seen
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def time_passes(self) -> str:
        """SQL after which pauses and lost leases are over."""
        return BRING_FORWARD + LEASES_END

    def expect(self, holds: object, otherwise: str) -> None:
        """Something this cell promises beyond the nine."""
        if not holds:
            self.wrong.append(otherwise)

    def any_worker(self) -> str:
        return self.chance.choice(("worker-1", "worker-2"))

    async def spring(self, link: Link, trap: Trap) -> None:
        """Set a trap and wait until it closed; whoever broke is back when this returns."""
        link.trap = trap
        try:
            async with asyncio.timeout(SPRINGS_WITHIN_S):
                await trap.sprung.wait()
        except TimeoutError:
            self.wrong.append(f"nothing like {trap.pattern!r} passed")
        finally:
            link.trap = None

    async def for_a_while(self, least_s: float, most_s: float) -> None:
        """The fault lasts."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s))


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Cell:
    """One line of the table. `act` breaks, waits and mends; `must` says what it looks at beyond I1–I9.

    `before` and `after` are confirmations awaited around the fault. `lacks` says why it cannot run here.
    """

    name: str
    target: str
    when: str
    fault: str
    must: str
    act: Act
    before: int = 10
    after: int = 10
    smoke: bool = False
    visits_share: float = VISITS_SHARE
    rides: int = 1
    patient: bool = False  # leases are waited for as long as they last
    lacks: Callable[[], str | None] = lambda: None


@dataclass(frozen=True)
class Outcome:
    """How a cell went."""

    cell: str
    seed: int
    took_s: float
    ready_after_s: float | None
    acknowledged: int
    waited: int  # answers 503 or 429
    cut: int
    most_sends: int
    longest_s: float
    wrong: dict[str, Sequence[str]]
    notes: Sequence[str] = ()
    parts: Mapping[str, float] = field(default_factory=dict)  # seconds each took

    @property
    def holds(self) -> bool:
        return not self.wrong

    def as_dict(self) -> dict[str, Any]:
        return {
            "cell": self.cell,
            "seed": self.seed,
            "holds": self.holds,
            "took_s": round(self.took_s, 1),
            "ready_after_s": None if self.ready_after_s is None else round(self.ready_after_s, 1),
            "acknowledged": self.acknowledged,
            "waited": self.waited,
            "cut": self.cut,
            "most_sends": self.most_sends,
            "longest_s": round(self.longest_s, 1),
            "wrong": {name: list(words) for name, words in self.wrong.items()},
            "notes": list(self.notes),
            "parts": {name: round(took, 1) for name, took in self.parts.items()},
        }


class Course:
    """Which part of a cell is played at the moment, and how long those before took."""

    def __init__(self) -> None:
        self.now = "beginning"
        self.parts: dict[str, float] = {}

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        self.now, began = name, time.monotonic()
        try:
            yield
        finally:
            self.parts[name] = time.monotonic() - began


async def play(house: House, cell: Cell, *, seed: int, within_s: float = CELL_WITHIN_S) -> Outcome:
    """Run one cell in a house that is whole, and leave it whole. Whatever hangs, it ends and says where."""
    began = time.monotonic()
    house.chance.seed(f"{cell.name}-{seed}")
    load, seen, course = Load(house, visits_share=cell.visits_share), Seen(), Course()
    scene = Scene(house, load, house.chance, seen)
    house.partner.rides = cell.rides
    wrong: dict[str, Sequence[str]] = {}
    try:
        async with asyncio.timeout(within_s * house.pace) as bound:
            await _through(scene, cell, course)
    except (*AWAY, AssertionError) as reason:
        why = (
            f"waited {within_s * house.pace:.0f} s"
            if bound.expired()
            else f"{type(reason).__name__}: {reason}"
        )
        wrong["run"] = [f"{course.now}: {why}"]
    with course.part("checks"):
        await load.end()
        wrong |= await check(house, load, seen)
    await load.close()
    if scene.wrong:
        wrong["beyond"] = scene.wrong
    return Outcome(
        cell.name,
        seed,
        time.monotonic() - began,
        seen.ready_after_s,
        len(load.acknowledged),
        load.statuses[503] + load.statuses[429],
        load.cut,
        await most_sends(house),
        load.longest_s,
        wrong,
        scene.notes,
        course.parts,
    )


async def _through(scene: Scene, cell: Cell, course: Course) -> None:
    """The parts of a cell, in their order."""
    house, load = scene.house, scene.load
    with course.part("everybody runs"):
        await house.until_all_run()
    with course.part("people come"):
        await load.begin()
        await load.enough(cell.before)
    try:
        with course.part("the fault"):
            await cell.act(scene)
    finally:
        await house.mend()
    with course.part("ready again"):
        scene.seen.ready_after_s = await until_ready(house)
    with course.part("people go on"):
        await load.enough(cell.after)
        await load.end()
    with course.part("all is settled"):
        await settle(house, patient=cell.patient)


async def until_ready(house: House) -> float | None:
    """Seconds until the API says so by itself; None where it never does."""
    async with httpx.AsyncClient(timeout=3, trust_env=False) as http:

        async def look() -> bool:
            try:
                return (await http.get(f"{house.api}/readyz")).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False

        try:
            return await house.until("ready", look, within_s=READY_AGAIN_WITHIN_S * 2)
        except TimeoutError:
            return None


async def settle(house: House, *, patient: bool = False, within_s: float = SETTLED_WITHIN_S) -> float:
    """Until nothing is owed that could be done; pauses of minutes and hours are cut short."""
    forwarded = 0.0

    async def look() -> bool:
        nonlocal forwarded
        if time.monotonic() - forwarded > BROUGHT_FORWARD_EVERY_S:
            forwarded = time.monotonic()
            await house.script(BRING_FORWARD if patient else BRING_FORWARD + LEASES_END)
        return int(await house.sql(OWED)) == 0

    try:
        return await house.until("everything owed to be done", look, within_s=within_s, every_s=0.3)
    except TimeoutError as late:
        rows = await house.rows(
            "SELECT subscriber, state, attempts, last_error, count(*) AS n FROM outbox_work"
            " WHERE state IN ('ready', 'claimed') GROUP BY 1, 2, 3, 4 ORDER BY n DESC LIMIT 5"
        )
        raise TimeoutError(f"{late}: {[tuple(row) for row in rows]}") from late


async def most_sends(house: House) -> int:
    """How often the most repeated text of all reached a telephone."""
    times: dict[tuple[str, str], int] = {}
    for message in await house.sms_log():
        key = (message["to"], message["body"])
        times[key] = times.get(key, 0) + 1
    return max(times.values(), default=0)
