"""One byte altered anywhere beside the program is found, and what nobody touched is good."""

import asyncio
import json
import os
import random
import sys
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import jwt
import pytest

from app.core.database import DB
from app.core.keys import keys
from app.custody import queries
from app.custody.audit import Report, verify
from app.custody.operations import sign_head
from app.http.tokens import SigningKey
from tests.conftest import Stores, _keys_file
from tests.custody.conftest import KIM_SON, TU, Sealed, hand_over, receive
from tests.custody.tampering import TABLES, altered, beside_the_program, put, rows_of

LONG = bool(os.environ.get("MOTCUA_LONG"))
ROUNDS = 60 if LONG else 10


@pytest.fixture
async def days(sealed: Sealed, now: datetime) -> None:
    """Packages in every situation, and two heads over them."""
    carried, received, quarantined = [await sealed() for _ in range(3)]
    await hand_over(seal_number=carried.seal_number, giver=TU, receiver=KIM_SON, now=now)
    await sign_head(now=now)
    await hand_over(seal_number=carried.seal_number, giver=KIM_SON, receiver=TU, now=now)
    await receive(seal_number=received.seal_number, now=now)
    await receive(seal_number=quarantined.seal_number, contents=(), now=now)
    await sealed(direction="delivery")
    await sign_head(now=now + timedelta(days=1))


async def test_what_nobody_touched_is_good(days: None) -> None:
    assert await verify() == Report(packages=4, links=8, heads=2, faults=[])


@pytest.mark.parametrize("table", TABLES)
async def test_one_byte_altered_in_any_column_of_any_row_is_found(days: None, table: str) -> None:
    chance = random.Random(None if LONG else table)
    rows = await rows_of(table)
    tried, unseen = set(), []
    for column in list(rows[0]) * ROUNDS:
        at = chance.randrange(len(rows))
        other = altered(column, rows[at][column], chance)
        try:
            await put(table, [*rows[:at], rows[at] | {column: other}, *rows[at + 1 :]])
        except asyncpg.IntegrityConstraintViolationError:
            continue  # the database itself stands in the way: nothing was altered
        tried.add(column)
        if not (await verify()).faults:
            unseen.append((column, rows[at][column], other))

    assert unseen == []
    assert tried == set(rows[0])
    await put(table, rows)
    assert (await verify()).faults == []


@pytest.mark.parametrize("table", TABLES)
async def test_a_row_taken_out_is_found(days: None, table: str) -> None:
    rows = await rows_of(table)
    for row in rows:
        await put(table, [other for other in rows if other is not row])
        assert (await verify()).faults, row


async def test_a_package_taken_out_with_all_that_was_said_of_it_is_missed_by_the_head(days: None) -> None:
    assert DB.pool is not None
    package_id = await DB.pool.fetchval("SELECT id FROM package LIMIT 1")
    for table, column in (
        ("custody_signed", "package_id"),
        ("custody_event", "package_id"),
        ("package", "id"),
    ):
        await beside_the_program(f"DELETE FROM {table} WHERE {column} = $1", package_id)

    faults = (await verify()).faults

    assert [fault.row for fault in faults] == ["custody_head"]


async def test_all_heads_taken_out_are_missed_by_one_that_was_kept_outside(days: None) -> None:
    first, last = await queries.signed_heads()
    assert (await verify(kept=first.printed())).faults == []
    await beside_the_program("DELETE FROM custody_signed WHERE day = $1", last.day)
    await beside_the_program("DELETE FROM custody_head WHERE day = $1", last.day)

    assert (await verify()).faults == []
    assert [fault.id for fault in (await verify(kept=last.printed())).faults] == ["kept outside"]


async def test_a_day_has_one_head_however_often_it_is_asked_for(sealed: Sealed, now: datetime) -> None:
    await sealed()

    made = await asyncio.gather(*(sign_head(now=now) for _ in range(4)))

    assert sum(head is not None for head in made) == 1
    assert await sign_head(now=now) is None
    assert len(await queries.signed_heads()) == 1


async def test_anybody_can_check_a_printed_head_with_the_public_key(sealed: Sealed, now: datetime) -> None:
    await sealed()
    head = await sign_head(now=now)
    assert head is not None
    kid, pem = next(iter(keys().signing.items()))

    signed = jwt.PyJWS().decode(
        head.printed(), SigningKey.from_pem(kid, pem).private.public_key(), algorithms=["ES256"]
    )

    assert json.loads(signed)["chains"] == 1
    assert signed.decode() == head.body


async def test_the_command_names_the_bad_row_and_fails(
    sealed: Sealed, now: datetime, opened: Stores, tmp_path: Any
) -> None:
    package = await sealed()
    await sign_head(now=now)
    environment = dict(os.environ) | {
        "DATABASE_URL": opened.database_url,
        "REDIS_URL": opened.redis_url,
        "MOTCUA_DATA_DIR": str(tmp_path),
        "MOTCUA_KEYS_FILE": str(_keys_file(tmp_path)),
    }

    async def command(*words: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "audit", *words),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    code, said = await command("verify", "--json")
    assert (code, json.loads(said)["faults"]) == (0, [])
    printed = (await command("heads"))[1].strip()
    assert (await command("verify", "--head", printed))[0] == 0

    await beside_the_program("UPDATE custody_event SET receiver_id = 'thief'")
    code, said = await command("verify")
    assert code == 1
    assert f"custody_event {package.id}/1" in said
