"""Wires between our processes and their neighbours: held, lossy, slow, half-open, nameless."""

from collections.abc import Callable, Sequence
from typing import Final

import psutil

from app.faults.house import WORKERS, House
from app.faults.links import Link, Mode
from app.faults.matrix import Act, Cell, Scene

NETWORK: Final = "Network"
HANGS_AT_MOST_S: Final = 21.0
MOST_THREADS: Final = 60
LATENCY_S: Final = 2.0
SLOW_MS: Final = 150
FOUND_OUT_WITHIN_S: Final = 60.0
MET_NOBODY: Final = """
SELECT count(*) FROM message_attempt
 WHERE ended_at > $1 AND outcome = 'temporary' AND error_code = 'connect_refused'
"""
BOUNDED: Final = "waits are bounded, no thread is left behind"

Wires = Callable[[House], Sequence[Link]]


def to_postgres(house: House) -> Sequence[Link]:
    return [member.postgres for member in house.members.values()]


def to_redis(house: House) -> Sequence[Link]:
    return [member.redis for member in house.members.values()]


def to_provider(house: House) -> Sequence[Link]:
    return [member.sms_link for member in house.members.values()]


def mode(wires: Wires, mode: Mode, *, delay_s: float = 0.0, lasts_s: tuple[float, float] = (6, 8)) -> Act:
    """All of these wires for a while."""

    async def act(scene: Scene) -> None:
        for link in wires(scene.house):
            link.set(mode, delay_s=delay_s)
        await scene.for_a_while(*lasts_s)
        for link in wires(scene.house):
            link.set(Mode.PASS)
        await bounded(scene)

    return act


def half_open(wires: Wires) -> Act:
    """Who was connected is not any more, and is not told."""

    async def act(scene: Scene) -> None:
        for link in wires(scene.house):
            link.forget()
        await scene.load.enough(10)
        await bounded(scene)

    return act


async def bounded(scene: Scene) -> None:
    """Nobody waited longer than timeouts allow, and no process grew threads."""
    longest = scene.load.longest_s
    scene.expect(longest < HANGS_AT_MOST_S, f"somebody waited {longest:.0f} s")
    for member in scene.house.members.values():
        threads = sum(p.num_threads() for p in _family(member.pid))
        scene.expect(threads < MOST_THREADS, f"{member.name} has {threads} threads")


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


async def no_name(scene: Scene) -> None:
    """The provider's name cannot be resolved; then it can."""
    house = scene.house
    for name in WORKERS:
        await house.renew(name, extra={"TWILIO_API_BASE": "http://provider.invalid:8010"})
    began = await house.sql("SELECT clock_timestamp()")

    async def met() -> int:
        return int(await house.sql(MET_NOBODY, began))

    try:
        await house.until("a message to find no such name", met, within_s=FOUND_OUT_WITHIN_S)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    for name in WORKERS:
        await house.renew(name)


def _cell(name: str, when: str, fault: str, act: Act, *, smoke: bool = False) -> Cell:
    return Cell(f"network-{name}", NETWORK, when, fault, BOUNDED, act, smoke=smoke)


CELLS: Final = (
    _cell("postgres-held", "app ↔ PostgreSQL", "nothing arrives, no FIN", mode(to_postgres, Mode.HOLD)),
    _cell("postgres-lossy", "app ↔ PostgreSQL", "30 % loss", mode(to_postgres, Mode.LOSE)),
    _cell("postgres-half-open", "app ↔ PostgreSQL", "half-open", half_open(to_postgres)),
    _cell(
        "postgres-latency", "app ↔ PostgreSQL", f"{SLOW_MS} ms each way",
        mode(to_postgres, Mode.SLOW, delay_s=SLOW_MS / 1000),
    ),
    _cell("redis-held", "app ↔ Redis", "nothing arrives, no FIN", mode(to_redis, Mode.HOLD), smoke=True),
    _cell("redis-lossy", "app ↔ Redis", "30 % loss", mode(to_redis, Mode.LOSE)),
    _cell(
        "redis-latency", "app ↔ Redis", f"{LATENCY_S:.0f} s each way",
        mode(to_redis, Mode.SLOW, delay_s=LATENCY_S),
    ),
    _cell("redis-half-open", "app ↔ Redis", "half-open", half_open(to_redis)),
    _cell(
        "provider-held", "app ↔ provider", "nothing arrives, no FIN",
        mode(to_provider, Mode.HOLD, lasts_s=(11, 12)),
    ),
    _cell("provider-lossy", "app ↔ provider", "30 % loss", mode(to_provider, Mode.LOSE)),
    _cell(
        "provider-latency", "app ↔ provider", f"{LATENCY_S:.0f} s each way",
        mode(to_provider, Mode.SLOW, delay_s=LATENCY_S),
    ),
    _cell("provider-refused", "app ↔ provider", "connections reset", mode(to_provider, Mode.REFUSE)),
    _cell("provider-no-name", "app ↔ provider", "its name does not resolve", no_name),
)  # fmt: skip
