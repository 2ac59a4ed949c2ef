"""The unit of work: it cancels cleanly, survives a lost server, and never nests silently."""

import asyncio
import random
import uuid

import asyncpg
import pytest

from app.core.database import (
    DB,
    DatabaseUnavailable,
    NestedTransaction,
    fetch_value,
    in_transaction,
    transaction,
)
from app.core.operation import operation
from app.core.outbox import KINDS
from app.identity.tables import PhoneAccount


async def add_account(phone: str) -> None:
    await in_transaction().execute(
        "INSERT INTO phone_account (id, phone, created_at) VALUES ($1, $2, now())",
        uuid.uuid4(),
        phone,
    )


async def test_cancelling_three_hundred_transactions_leaks_no_connection(database: object) -> None:
    chance = random.Random(7)

    async def interrupted() -> None:
        async with transaction() as connection:
            await connection.execute("SELECT pg_sleep(0.02)")
            await connection.execute("SELECT 1")

    for _ in range(30):
        tasks = [asyncio.create_task(interrupted()) for _ in range(10)]
        await asyncio.wait(tasks, timeout=chance.uniform(0, 0.03))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    pool = DB.pool
    assert pool is not None
    connections = [await pool.acquire(timeout=2) for _ in range(pool.get_max_size())]
    for connection in connections:
        await pool.release(connection)


async def test_an_operation_inside_an_operation_is_an_error(database: object) -> None:
    @operation
    async def inner() -> None:
        await add_account("+84900000001")

    @operation
    async def outer() -> None:
        await inner()

    with pytest.raises(NestedTransaction):
        await outer()
    assert await fetch_value("SELECT count(*) FROM phone_account") == 0


async def test_a_task_started_inside_cannot_use_the_transaction(database: object) -> None:
    async def elsewhere() -> None:
        await PhoneAccount.count()

    async with transaction():
        with pytest.raises(NestedTransaction):
            await asyncio.create_task(elsewhere())


async def test_a_task_that_lost_its_connection_goes_on_with_the_next(database: object) -> None:
    """Piccolo's own transaction would keep the dead one in its context for ever."""
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            async with transaction() as connection:
                own = await connection.fetchval("SELECT pg_backend_pid()")
                killer = await asyncpg.connect(DB.config["dsn"])
                await killer.execute("SELECT pg_terminate_backend($1)", own)
                await killer.close()
                await connection.execute("SELECT 1")
        assert await fetch_value("SELECT 1") == 1
        assert await PhoneAccount.count() == 0


async def test_the_bodys_own_error_wins_over_the_lost_connection(database: object) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction() as connection:
            own = await connection.fetchval("SELECT pg_backend_pid()")
            killer = await asyncpg.connect(DB.config["dsn"])
            await killer.execute("SELECT pg_terminate_backend($1)", own)
            await killer.close()
            raise ZeroDivisionError


async def test_what_an_operation_wrote_is_gone_when_it_is_refused(database: object) -> None:
    @operation
    async def refused() -> None:
        await add_account("+84900000002")
        raise LookupError

    with pytest.raises(LookupError):
        await refused()
    assert await fetch_value("SELECT count(*) FROM phone_account") == 0


async def test_a_deadlock_is_run_again_and_reaches_no_caller(database: object) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    async with transaction() as connection:
        await connection.executemany(
            "INSERT INTO phone_account (id, phone, created_at) VALUES ($1, $2, now())",
            [(first, "+84900000003"), (second, "+84900000004")],
        )
    both_hold_one = asyncio.Barrier(2)
    runs = 0

    @operation
    async def touch(one: uuid.UUID, other: uuid.UUID) -> None:
        nonlocal runs
        runs += 1
        connection = in_transaction()
        touch_one = "UPDATE phone_account SET created_at = now() WHERE id = $1"
        await connection.execute(touch_one, one)
        if runs <= 2:
            await both_hold_one.wait()
        await connection.execute(touch_one, other)

    await asyncio.gather(touch(first, second), touch(second, first))
    assert runs == 3


async def test_the_journal_refuses_to_be_rewritten(database: object) -> None:
    for statement in ("UPDATE journal SET action = 'x'", "DELETE FROM journal"):
        with pytest.raises(asyncpg.RaiseError):
            async with transaction() as connection:
                await connection.execute(statement)


def test_facts_have_distinct_kinds_that_name_their_aggregate() -> None:
    for kind, fact in KINDS.items():
        assert fact.subject_field in fact.__struct_fields__, kind
        assert "." in kind
