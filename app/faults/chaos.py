"""So many acknowledged appointments while things break at random, and beside it the same in peace.

What is asked: is anything lost, how often does one message reach its telephone, and how long does it take
from the answer to the confirmation until the provider has the message.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final

import redis.asyncio as redis_client

from app.faults.cells.provider import HTML, taking_then
from app.faults.fronts import Asked, Behaviour, Front, Manner, Told, passing
from app.faults.house import House, running_house
from app.faults.invariants import Seen, check
from app.faults.load import Load
from app.faults.matrix import SETTLED_WITHIN_S, settle, until_ready

AT_ONCE: Final = 12
PLACES: Final = 6000
MORE_PLACES: Final = 40
EVERY_S: Final = (2.0, 5.0)
LASTS_S: Final = (1.0, 3.0)
# Of everything acknowledged, so many are asked for again; all are looked up in the database.
REPLAYED: Final = 2000
LONGEST_S: Final = 3600.0
# As a short code takes them: people would otherwise book faster than a sender of names may tell them.
PER_SECOND: Final = 100

Trouble = Callable[[House], Awaitable[None]]


@dataclass(frozen=True)
class Figures:
    """What came of a run."""

    acknowledged: int
    lost: int
    sends: int
    most_sends: int
    extra_sends: int
    p50_s: float
    p95_s: float
    took_s: float
    troubles: Mapping[str, int]
    wrong: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {
            "acknowledged": self.acknowledged,
            "lost": self.lost,
            "sends": self.sends,
            "most_sends": self.most_sends,
            "extra_sends": self.extra_sends,
            "p50_s": round(self.p50_s, 2),
            "p95_s": round(self.p95_s, 2),
            "took_s": round(self.took_s),
            "troubles": dict(self.troubles),
            "wrong": {name: list(words) for name, words in self.wrong.items()},
        }


async def _slowly(front: Front, asked: Asked) -> Told:
    await asyncio.sleep(1.5)
    return await front.forward(asked)


async def _refused(_front: Front, _asked: Asked) -> Told:
    return HTML


def _provider(behaviour: Behaviour) -> Trouble:
    async def trouble(house: House) -> None:
        fronts = [member.sms for member in house.members.values()]
        for front in fronts:
            front.behaviour = behaviour
        await asyncio.sleep(house.chance.uniform(*LASTS_S))
        for front in fronts:
            front.behaviour = passing

    return trouble


async def _kill_a_worker(house: House) -> None:
    await house.kill(house.chance.choice(("worker-1", "worker-2")))


async def _restart_postgres(house: House) -> None:
    await house.restart_postgres()


async def _kill_redis(house: House) -> None:
    assert house.servers.redis is not None
    await house.servers.redis.kill(emptied=True)
    await asyncio.sleep(house.chance.uniform(*LASTS_S))
    await house.servers.redis.start()


async def _flush_redis(house: House) -> None:
    client = redis_client.Redis.from_url(house.servers.redis_url)
    await client.flushall()
    await client.aclose()


async def _stop_a_worker(house: House) -> None:
    name = house.chance.choice(("worker-1", "worker-2"))
    house.signal(name, signal.SIGSTOP)
    await asyncio.sleep(house.chance.uniform(*LASTS_S))
    house.signal(name, signal.SIGCONT)


async def _kill_the_api(house: House) -> None:
    await house.kill("api")


def _spoiled(manner: Manner) -> Behaviour:
    return taking_then(lambda told: Told(told.status, told.body, told.headers, manner))


TROUBLES: Final[Mapping[str, Trouble]] = MappingProxyType(
    {
        "a worker killed": _kill_a_worker,
        "a worker stopped": _stop_a_worker,
        "the API killed": _kill_the_api,
        "PostgreSQL restarted at once": _restart_postgres,
        "Redis killed and emptied": _kill_redis,
        "Redis flushed": _flush_redis,
        "provider: 502": _provider(_refused),
        "provider: accepts, then cuts": _provider(_spoiled(Manner.CUT)),
        "provider: accepts, then says nothing": _provider(_spoiled(Manner.HANG)),
        "provider: slow": _provider(_slowly),
    }
)


async def run(appointments: int, *, seed: int, troubled: bool) -> Figures:
    """One run in a house of its own."""
    with tempfile.TemporaryDirectory(prefix="motcua-chaos-", ignore_cleanup_errors=True) as folder:
        async with running_house(
            Path(folder),
            seed=seed,
            partner_wanted=False,
            environment={"TWILIO_PER_SECOND": str(PER_SECOND)},
        ) as house:
            await house.script(
                f"UPDATE slot SET capacity = capacity + {MORE_PLACES},"
                f" online_cap = online_cap + {MORE_PLACES}"
                " FROM pool WHERE pool.id = pool_id AND pool.kind = 'counter'"
            )
            return await _measure(house, appointments, troubled=troubled)


async def _measure(house: House, appointments: int, *, troubled: bool) -> Figures:
    began = time.monotonic()
    load = Load(house, wanted=appointments, visits_share=0.0, thinks_s=0.0, at_once=AT_ONCE)
    await house.until_all_run()
    await load.begin(people=appointments + appointments // 5, places=PLACES)
    troubles: Counter[str] = Counter()
    trouble = asyncio.create_task(_trouble(house, troubles)) if troubled else None
    async with asyncio.timeout(LONGEST_S):
        await load.all()
    if trouble is not None:
        trouble.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await trouble
        await _whole_again(house)
    await house.mend()
    seen = Seen()
    seen.ready_after_s = await until_ready(house)
    await settle(house, patient=True, within_s=SETTLED_WITHIN_S + appointments / PER_SECOND)
    took = time.monotonic() - began
    load.acknowledged = house.chance.sample(load.acknowledged, min(REPLAYED, len(load.acknowledged)))
    wrong = await check(house, load, seen)
    await load.close()
    return _figures(house, load, took, troubles, wrong)


async def _trouble(house: House, troubles: Counter[str]) -> None:
    """One thing after another, as a seed has it."""
    chance = Random(house.chance.random())  # noqa: S311 - repeatable, and nothing is secret
    while True:
        await asyncio.sleep(chance.uniform(*EVERY_S))
        name = chance.choice(list(TROUBLES))
        await TROUBLES[name](house)
        troubles[name] += 1


async def _whole_again(house: House) -> None:
    """Whatever was under way when people had what they wanted."""
    redis = house.servers.redis
    assert redis is not None
    try:
        os.kill(redis.pid, 0)
    except (RuntimeError, ProcessLookupError):
        await redis.start()
    if not await _answers(house):
        await house.restart_postgres()


async def _answers(house: House) -> bool:
    try:
        return bool(await house.sql("SELECT true"))
    except OSError:
        return False


def _figures(
    house: House, load: Load, took: float, troubles: Counter[str], wrong: Mapping[str, Any]
) -> Figures:
    sends: dict[str, list[float]] = defaultdict(list)
    for member in house.members.values():
        for line in member.sms.log:
            if line.asked.method == "POST" and line.upstream == 201:
                sends[line.asked.form.get("To", "")].append(line.at)
    waits, lost = [], 0
    for _, phone, at in load.confirmed:
        times = sends.get("+84" + phone[1:])
        if times:
            waits.append(max(0.0, min(times) - at))
        else:
            lost += 1
    waits.sort()
    counts = [len(times) for times in sends.values()]
    return Figures(
        acknowledged=len(load.confirmed),
        lost=lost,
        sends=sum(counts),
        most_sends=max(counts, default=0),
        extra_sends=sum(count - 1 for count in counts),
        p50_s=_at(waits, 0.5),
        p95_s=_at(waits, 0.95),
        took_s=took,
        troubles=troubles,
        wrong=wrong,
    )


def _at(waits: list[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(len(waits) * share))] if waits else 0.0
