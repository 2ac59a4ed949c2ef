"""Those who share a transaction: nobody is forgotten, and nobody takes the others along."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from app.core import database
from app.core.database import DB, DatabaseUnavailable, in_transaction
from app.core.together import Together
from tests.conftest import Stores

TAKE = "UPDATE place SET takes = takes + 1 WHERE name = ANY($1) RETURNING name"
BOUND_S = 30


async def take(names: Sequence[str]) -> list[str | None]:
    """One more take of each of these places."""
    taken = {row["name"] for row in await in_transaction().fetch(TAKE, list(names))}
    return [name if name in taken else None for name in names]


@pytest.fixture
async def places(database: Stores) -> AsyncIterator[asyncpg.Pool]:
    """A table of places named by letters."""
    assert DB.pool is not None
    await DB.pool.execute("CREATE TABLE place (name text PRIMARY KEY, takes integer NOT NULL DEFAULT 0)")
    await DB.pool.execute("INSERT INTO place (name) SELECT chr(97 + n) FROM generate_series(0, 25) n")
    yield DB.pool
    await DB.pool.execute("DROP TABLE place")


@pytest.fixture
async def impatient(places: asyncpg.Pool) -> AsyncIterator[asyncpg.Pool]:
    """A process that waits a tenth of a second for a lock, not seconds."""
    settings = DB.config["server_settings"] | {"lock_timeout": "100"}
    DB.pool = await asyncpg.create_pool(
        **DB.config | {"server_settings": settings},
        min_size=4,
        max_size=8,
        reset=database._reset,
        init=database._speak_json,
    )
    yield places
    await DB.pool.close()
    DB.pool = places


async def takes(places: asyncpg.Pool) -> dict[str, int]:
    return {row["name"]: row["takes"] for row in await places.fetch("SELECT * FROM place WHERE takes > 0")}


async def test_whoever_has_an_answer_finds_the_lane_free_for_the_next_question(
    places: asyncpg.Pool,
) -> None:
    together = Together(take, apart=lambda name: name)

    async def ask(name: str) -> None:
        for _ in range(3):
            assert await together(name) == name
            # With both lanes counted as taken and neither under way, the next would wait for ever.
            assert all(not lane.done() for lane in together._lanes)

    async with asyncio.timeout(BOUND_S):
        await asyncio.gather(*(ask(name) for name in "abcdef"))
    assert await takes(places) == dict.fromkeys("abcdef", 3)


async def test_who_hangs_up_takes_nobody_along(places: asyncpg.Pool) -> None:
    together = Together(take, apart=lambda name: name)
    stay, leave = "abcdefghijklm", "nopqrstuvwxyz"
    asked = {name: asyncio.create_task(together(name)) for name in stay + leave}
    for name in leave:
        await asyncio.sleep(0)
        asked[name].cancel()

    async with asyncio.timeout(BOUND_S):
        answers = await asyncio.gather(*asked.values(), return_exceptions=True)
        assert await together("a") == "a"

    assert answers[: len(stay)] == list(stay)
    found = await takes(places)
    assert {name: found[name] for name in stay} == dict.fromkeys(stay, 1) | {"a": 2}
    # What was under way when they left was done once; what was not was not.
    assert all(found.get(name, 0) <= 1 for name in leave)


async def test_a_place_somebody_holds_for_long_keeps_nobody_from_the_others(
    impatient: asyncpg.Pool,
) -> None:
    together = Together(take, apart=lambda name: name)
    async with impatient.acquire() as somebody, somebody.transaction():
        await somebody.execute("SELECT FROM place WHERE name = 'a' FOR UPDATE")
        # The first two go at once, each alone; the others share the next transaction with one more 'a'.
        async with asyncio.timeout(BOUND_S):
            answers = await asyncio.gather(
                *(together(name) for name in ("a", "a", "b", "a", "c")), return_exceptions=True
            )

    # Nothing was kept, and nobody is refused: each may ask alone.
    assert set(answers) <= {None, "b", "c"}
    assert "a" not in await takes(impatient)


async def test_whoever_shares_a_lost_connection_is_told_that_it_is_not_known(places: asyncpg.Pool) -> None:
    """Nobody is told to ask again alone: what was sent may have been kept."""

    async def die(names: Sequence[str]) -> list[str | None]:
        done = await take(names)
        backend = await in_transaction().fetchval("SELECT pg_backend_pid()")
        await places.fetchval("SELECT pg_terminate_backend($1)", backend)
        return done

    together = Together(die, apart=lambda name: name)

    async with asyncio.timeout(BOUND_S):
        answers = await asyncio.gather(*(together(name) for name in "abcd"), return_exceptions=True)

    assert all(isinstance(answer, DatabaseUnavailable) for answer in answers)
    assert await takes(places) == {}
