"""14 days of one centre through HTTP ÷ the framework's own hello, on one server in one run.

The same client asks both in interleaved rounds. Bodies are whole (no 304): two pools, 8 hours a day,
ten-minute slots. Then larger centres are asked while somebody books there twenty times a second: 12 pools,
ten times the pools, and ten times the appointments.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from itertools import repeat
from typing import Final, NamedTuple

import asyncpg

from app.core.clock import local_date
from app.core.database import DB
from bench.metrics import Metric, growth, ratio_of, shown
from bench.stage import PROCEDURE, Stage, add_centre, fill, make_centre, open_alike, own_database
from bench.wire import HELLO, Crowd, answer, crowd, get, server

PER_ROUND: Final = 1500
ROUNDS: Final = 15
ROUNDS_LONG: Final = 45
# On a machine that is busy with other things there are fewer rounds, and never less than three.
FEWEST_ROUNDS: Final = 3
ROUNDS_WITHIN_S: Final = 15.0
DAYS: Final = 14
GRAINS_A_DAY: Final = 48
COUNTERS: Final = 4
FLOOR: Final = 0.4

POOLS: Final = 12
# 12 pools hold 8,064 slots: a tenth of them with three appointments, then all of them.
EACH: Final = 3
A_TENTH: Final = 10
BOOKED_EVERY_S: Final = 0.05
ASKED: Final = 320
ASKED_LONG: Final = 10_000
READINGS: Final = 6
READINGS_LONG: Final = 60
WARMING_UP: Final = 64

# What booking does to what is read: one place of one slot.
TAKE: Final = "UPDATE slot SET taken_online = taken_online + $2 WHERE id = $1"


class Scene(NamedTuple):
    """A centre as its citizens ask about it."""

    stage: Stage
    path: str


class Seen(NamedTuple):
    """How a centre is answered: a crowd while places go, and one reading that finds something new."""

    crowd: Crowd
    readings_ms: list[float]


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `availability`."""
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            small, usual, many_pools, many_visits = await _prepare(url)
        finally:
            await DB.close()
        async with server(url) as served:
            against = await _against_hello(served.port, small.path, ROUNDS_LONG if long else ROUNDS)
            seen = [
                await _watched(url, served.port, scene, long=long)
                for scene in (usual, many_pools, many_visits)
            ]
    return against | _growth(*seen)


async def _prepare(url: str) -> tuple[Scene, Scene, Scene, Scene]:
    small = await make_centre(url, pools=2)
    usual = await add_centre(url, code="B2", pools=POOLS)
    many_pools = await add_centre(url, code="B3", pools=10 * POOLS)
    many_visits = await add_centre(url, code="B4", pools=POOLS)
    stages = (small, usual, many_pools, many_visits)
    for stage in stages:
        await open_alike(stage, days=DAYS, grains=GRAINS_A_DAY, counters=COUNTERS)
    await fill(usual, each=EACH, of_every=A_TENTH)
    # As many appointments as the usual one has, so that only the pools differ.
    await fill(many_pools, each=EACH, of_every=10 * A_TENTH)
    await fill(many_visits, each=EACH, of_every=1)
    a, b, c, d = (Scene(stage, _path(stage)) for stage in stages)
    return a, b, c, d


def _path(stage: Stage) -> str:
    first = local_date(stage.opens) - timedelta(days=1)
    last = first + timedelta(days=DAYS - 1)
    return f"/v1/availability?centre={stage.centre_id}&procedure={PROCEDURE}&from={first}&to={last}"


async def _against_hello(port: int, path: str, rounds: int) -> dict[str, Metric]:
    # A server just started is slower for its first few thousand answers.
    for each in (path, HELLO):
        await _ask(port, each, PER_ROUND)
    references: list[Crowd] = []
    ours: list[Crowd] = []
    began = time.monotonic()
    for played in range(rounds):
        if played >= FEWEST_ROUNDS and time.monotonic() - began > ROUNDS_WITHIN_S:
            break
        references.append(await _ask(port, HELLO, PER_ROUND))
        ours.append(await _ask(port, path, PER_ROUND))
    ratios = [mine.rate / theirs.rate for mine, theirs in zip(ours, references, strict=True)]
    return {
        "availability": ratio_of(
            [each.rate for each in ours],
            [each.rate for each in references],
            unit="requests/s",
            floor=FLOOR,
        ),
        "availability_lowest_round": shown(min(ratios), "of hello"),
        "availability_p99": growth(
            [each.p99_ms for each in ours], [each.p99_ms for each in references], unit="ms"
        ),
        "availability_bytes": shown(ours[-1].size, "bytes"),
    }


async def _ask(port: int, path: str, total: int) -> Crowd:
    found = await crowd(port, repeat(get(path)), total=total)
    if set(found.statuses) != {200}:
        raise RuntimeError(f"{path} answered {dict(found.statuses)}")
    return found


async def _watched(url: str, port: int, scene: Scene, *, long: bool) -> Seen:
    connection = await asyncpg.connect(url)
    try:
        slots = await connection.fetch(
            "SELECT id FROM slot WHERE centre_id = $1 AND taken_online < $2 ORDER BY id LIMIT 500",
            scene.stage.centre_id,
            COUNTERS,
        )
        ids = [row["id"] for row in slots]
        await _ask(port, scene.path, WARMING_UP)
        async with _somebody_books(connection, ids):
            asked = await _ask(port, scene.path, ASKED_LONG if long else ASKED)
        readings = await _readings(connection, ids, port, scene.path, long=long)
    finally:
        await connection.close()
    return Seen(asked, readings)


@asynccontextmanager
async def _somebody_books(connection: asyncpg.Connection, slots: list[object]) -> AsyncIterator[None]:
    """Twenty times a second a place of this centre goes, or is given back, while the block runs."""

    leaving = asyncio.Event()

    async def book() -> None:
        for slot_id in itertools.cycle(slots):
            for places in (1, -1):
                await connection.execute(TAKE, slot_id, places)
                with suppress(TimeoutError):
                    await asyncio.wait_for(leaving.wait(), BOOKED_EVERY_S)
            if leaving.is_set():
                return  # With every place given back.

    booking = asyncio.create_task(book())
    try:
        yield
    finally:
        leaving.set()
        await booking


async def _readings(
    connection: asyncpg.Connection, slots: list[object], port: int, path: str, *, long: bool
) -> list[float]:
    """How long one client waits for an answer that has to be read and written anew."""
    waits: list[float] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        for turn in range(READINGS_LONG if long else READINGS):
            await connection.execute(TAKE, slots[turn % len(slots)], 1)
            asked = time.perf_counter()
            writer.write(get(path))
            status, _ = await answer(reader)
            waits.append((time.perf_counter() - asked) * 1000)
            if status != 200:
                raise RuntimeError(f"{path} answered {status}")
    finally:
        writer.close()
    return waits


def _growth(usual: Seen, many_pools: Seen, many_visits: Seen) -> dict[str, Metric]:
    found = {
        "availability_12_pools": shown(usual.crowd.rate, "requests/s"),
        "availability_12_pools_p99": shown(usual.crowd.p99_ms, "ms"),
        "availability_12_pools_reading": shown(statistics.median(usual.readings_ms), "ms"),
    }
    for name, grown in (("10x_pools", many_pools), ("10x_appointments", many_visits)):
        found[f"availability_p99_at_{name}"] = growth([grown.crowd.p99_ms], [usual.crowd.p99_ms], unit="ms")
        found[f"availability_reading_at_{name}"] = growth(
            [statistics.median(grown.readings_ms)], [statistics.median(usual.readings_ms)], unit="ms"
        )
    return found
