"""PostgreSQL and Redis: killed, restarted, full, slow, read-only, emptied."""

import asyncio
import contextlib
import os
import signal
from typing import Final

import asyncpg
import redis.asyncio as redis_client

from app.faults.links import Mode, Trap
from app.faults.matrix import Act, Cell, Scene

POSTGRES: Final = "PostgreSQL"
REDIS: Final = "Redis"
SAME_PROCESSES: Final = "503, never 500; the same processes go on"
DOWN_S: Final = 10.0
LOCKED_S: Final = 9.0
MOST_SESSIONS: Final = 200
STATEMENT_TAKES_S: Final = 2.0
ASKED: Final = 12
TERMINATE: Final = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE application_name = 'motcua' AND pid <> pg_backend_pid() AND random() < $1
"""


def keeping_processes(act: Act) -> Act:
    """And none of ours ends of it."""

    async def both(scene: Scene) -> None:
        pids = {name: member.pid for name, member in scene.house.members.items()}
        await act(scene)
        await scene.load.enough(5)
        now = {name: member.pid for name, member in scene.house.members.items()}
        scene.expect(pids == now, "a process of ours ended of it")

    return both


async def restart_postgres(scene: Scene) -> None:
    await scene.house.restart_postgres()


def postgres_killed_at(pattern: bytes) -> Act:
    """The moment it is told so by the API; started again at once."""

    async def act(scene: Scene) -> None:
        house = scene.house
        trap = Trap(pattern, False, house.kill_postgres, skip=scene.chance.randrange(8))
        await scene.spring(house.members["api"].postgres, trap)
        await house.restart_postgres()

    return act


async def postgres_down(scene: Scene) -> None:
    postgres = scene.house.servers.postgres
    assert postgres is not None
    await postgres.stop()
    await asyncio.sleep(DOWN_S)
    await scene.house.restart_postgres()


async def sessions_used_up(scene: Scene) -> None:
    """Somebody else holds every session there is, and ours are ended so that they need new ones."""
    url, held = scene.house.servers.database_url, list[asyncpg.Connection]()
    try:
        with contextlib.suppress(asyncpg.PostgresError, OSError):
            for n in range(MOST_SESSIONS):
                held.append(await asyncpg.connect(url, timeout=10))
                if n == MOST_SESSIONS // 2:
                    await held[0].fetchval(TERMINATE, 2.0)
        with contextlib.suppress(asyncpg.PostgresError):
            await held[0].fetchval(TERMINATE, 2.0)
        scene.notes.append(f"{len(held)} sessions held")
        await scene.for_a_while(3, 5)
    finally:
        await asyncio.gather(*(each.close() for each in held))


async def sessions_ended(scene: Scene) -> None:
    for _ in range(scene.chance.randrange(6, 12)):
        await scene.house.rows(TERMINATE, 0.4)
        await asyncio.sleep(0.3)


async def read_only(scene: Scene) -> None:
    """As a former primary is after a fail-over."""
    house, before = scene.house, scene.load.statuses[503]
    await house.script("ALTER SYSTEM SET default_transaction_read_only = on")
    await house.script("SELECT pg_reload_conf()")
    try:
        await scene.for_a_while(4, 5)
    finally:
        await house.script(
            "SET default_transaction_read_only = off; SELECT pg_terminate_backend(pid)"
            " FROM pg_stat_activity WHERE application_name = 'motcua'"
        )
        await _alter(scene, "ALTER SYSTEM RESET default_transaction_read_only")
        await house.script("SELECT pg_reload_conf()")
    scene.expect(scene.load.statuses[503] > before, "nobody was told to wait")


async def _alter(scene: Scene, statement: str) -> None:
    connection = await asyncpg.connect(
        scene.house.servers.database_url, server_settings={"default_transaction_read_only": "off"}
    )
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def slow_statements(scene: Scene) -> None:
    """Every statement takes two seconds, for a while: a booking has a dozen, and people give up."""
    links = [member.postgres for member in scene.house.members.values()]
    for link in links:
        link.set(Mode.SLOW, delay_s=STATEMENT_TAKES_S / 2)
    await scene.for_a_while(6, 8)
    for link in links:
        link.set(Mode.PASS)


async def slots_locked(scene: Scene) -> None:
    """One centre's slots are held by somebody who does not end; the others' people go on."""
    house = scene.house
    centre = await house.sql("SELECT centre_id FROM appointment ORDER BY created_at DESC LIMIT 1")
    connection = await asyncpg.connect(house.servers.database_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT id FROM slot WHERE centre_id = $1 FOR UPDATE", centre)
            before = len(scene.load.confirmed)
            await asyncio.sleep(LOCKED_S)
            others = len(scene.load.confirmed) - before
    finally:
        await connection.close()
    scene.notes.append(f"{others} booked elsewhere meanwhile")
    scene.expect(others >= 3, f"only {others} booked elsewhere while one centre was locked")


async def redis_away(scene: Scene) -> None:
    """Killed and its file lost; booking and the limit of codes go on without it."""
    server = scene.house.servers.redis
    assert server is not None
    await server.kill(emptied=True)
    try:
        await scene.load.enough(10)
        await codes_are_limited(scene)
    finally:
        await server.start()
    await _ears(scene)


async def codes_are_limited(scene: Scene) -> None:
    """Nobody's telephone gets as many codes as somebody asks for; whoever asks is not told so."""
    [person] = await scene.load.come(1)
    for _ in range(ASKED):
        await scene.load.once("/v1/auth/otp", {}, {"phone": person.phone, "purpose": "sign_in"})
    owed = await scene.house.sql(
        "SELECT count(*) FROM message WHERE phone = $1", "+84" + person.phone.removeprefix("0")
    )
    scene.expect(owed <= 1, f"{owed} codes for one telephone within a minute")


async def _ears(scene: Scene) -> None:
    """Everybody listens for hints again."""
    client = redis_client.Redis.from_url(scene.house.servers.redis_url)
    members = len(scene.house.members)

    async def look() -> bool:
        return (
            int(await client.pubsub_numpat()) >= 1
            and len([each for each in await client.client_list() if int(each["psub"]) > 0]) >= members
        )

    try:
        await scene.house.until("everybody to listen again", look, within_s=30)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    finally:
        await client.aclose()


async def redis_flushed(scene: Scene) -> None:
    client = redis_client.Redis.from_url(scene.house.servers.redis_url)
    for _ in range(scene.chance.randrange(4, 8)):
        await client.flushall()
        await asyncio.sleep(0.4)
    await client.aclose()


async def redis_stopped(scene: Scene) -> None:
    server = scene.house.servers.redis
    assert server is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        await scene.load.enough(10)
        await codes_are_limited(scene)
        await scene.for_a_while(2, 4)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await _ears(scene)


async def redis_full(scene: Scene) -> None:
    """No memory to write into, and nothing may be evicted."""
    client = redis_client.Redis.from_url(scene.house.servers.redis_url)
    await client.config_set("maxmemory", "1")
    try:
        await scene.load.enough(10)
        await codes_are_limited(scene)
        await scene.for_a_while(1, 3)
    finally:
        await client.config_set("maxmemory", "0")
        await client.aclose()


CELLS: Final = (
    Cell(
        "postgres-killed-in-transaction", POSTGRES, "in a transaction", "`kill -9`", SAME_PROCESSES,
        keeping_processes(postgres_killed_at(b"BEGIN;")),
    ),
    Cell(
        "postgres-killed-at-commit", POSTGRES, "as COMMIT is sent", "`kill -9`",
        "an unknown commit is resolved by its key", keeping_processes(postgres_killed_at(b"COMMIT;")),
    ),
    Cell(
        "postgres-immediate-restart", POSTGRES, "under load", "immediate restart (no checkpoint)",
        SAME_PROCESSES, keeping_processes(restart_postgres), smoke=True,
    ),
    Cell(
        "postgres-down", POSTGRES, "under load", f"down for {DOWN_S:.0f} s", SAME_PROCESSES,
        keeping_processes(postgres_down),
    ),
    Cell(
        "postgres-sessions-used-up", POSTGRES, "under load", "connection limit reached",
        "waits are bounded, 503", keeping_processes(sessions_used_up),
    ),
    Cell(
        "postgres-sessions-ended", POSTGRES, "under load", "`pg_terminate_backend` of random sessions",
        SAME_PROCESSES, keeping_processes(sessions_ended), smoke=True,
    ),
    Cell(
        "postgres-read-only", POSTGRES, "under load", "turned read-only (fail-over), then a writer again",
        "503, no silent success; the same processes go on", keeping_processes(read_only),
    ),
    Cell(
        "postgres-slow", POSTGRES, "under load", f"{STATEMENT_TAKES_S:.0f} s a statement",
        "the pool is not drained", keeping_processes(slow_statements),
    ),
    Cell(
        "postgres-slots-locked", POSTGRES, "under load", f"one centre's slots locked {LOCKED_S:.0f} s",
        "503 after `lock_timeout`; other centres go on", keeping_processes(slots_locked), smoke=True,
    ),
    Cell(
        "redis-killed-empty", REDIS, "under load", "`kill -9`, restart empty",
        "booking goes on, codes stay limited, everybody listens again", keeping_processes(redis_away),
        smoke=True,
    ),
    Cell("redis-flushed", REDIS, "under load", "FLUSHALL", "nothing owed was there", redis_flushed),
    Cell(
        "redis-stopped", REDIS, "under load", "SIGSTOP, then SIGCONT",
        "booking goes on, codes stay limited, everybody listens again", keeping_processes(redis_stopped),
    ),
    Cell(
        "redis-full", REDIS, "under load", "`maxmemory` reached, noeviction",
        "as when it is away", keeping_processes(redis_full),
    ),
)  # fmt: skip
