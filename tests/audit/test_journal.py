"""One line of the journal altered, taken out or put in beside the program is found and named."""

import asyncio
import json
import os
import random
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import jwt
import pytest

from app.audit import operations, queries
from app.audit.journal import JournalReport, verify
from app.audit.operations import seal_lines, seal_what_is_written
from app.core import journal
from app.core.database import DB
from app.core.keys import keys
from app.core.operation import operation
from app.http.tokens import SigningKey
from tests.conftest import Stores, _keys_file
from tests.custody.tampering import altered, beside_the_program, put, rows_of

LONG = bool(os.environ.get("MOTCUA_LONG"))
ROUNDS = 40 if LONG else 8


@operation
async def note(*, action: str, now: datetime) -> None:
    await journal.write(action, object_kind="test", object_id="7", at=now, detail={"to": "Kim Sơn"})


@pytest.fixture
async def written(database: Stores, now: datetime) -> None:
    """Two seals over three lines, and a line nobody sealed yet; below the first is a number no line has."""
    assert DB.pool is not None
    await DB.pool.execute("SELECT nextval('journal_seq_seq')")
    await note(action="one.happened", now=now)
    await note(action="two.happened", now=now)
    assert await seal_what_is_written(now=now) == 2
    await note(action="three.happened", now=now)
    assert await seal_what_is_written(now=now + timedelta(days=1)) == 1
    await note(action="four.happened", now=now)


async def test_what_nobody_touched_is_good(written: None) -> None:
    assert await verify() == JournalReport(lines=3, seals=2, unsealed=1, faults=[])


async def sealed_lines() -> list[dict[str, Any]]:
    return sorted(await rows_of("journal"), key=lambda row: row["seq"])


async def put_lines(rows: list[dict[str, Any]]) -> None:
    """The table holds these lines; their numbers are ours to say, as the owner's are."""
    assert DB.pool is not None
    async with DB.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("DELETE FROM journal")
        for row in rows:
            places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
            await connection.execute(
                f"INSERT INTO journal ({', '.join(row)}) OVERRIDING SYSTEM VALUE VALUES ({places})",
                *row.values(),
            )


async def test_one_byte_altered_in_any_column_of_any_line_names_it(written: None) -> None:
    chance = random.Random(None if LONG else "lines")
    rows = await sealed_lines()
    tried = set()
    for column in [name for name in rows[0] if name != "seq"] * ROUNDS:
        at = chance.randrange(3)
        other = (
            json.dumps({"to": f"Kim Sơn {chance.random()}"})
            if column == "detail"
            else altered(column, rows[at][column] or "x", chance)
        )
        await put_lines([*rows[:at], rows[at] | {column: other}, *rows[at + 1 :]])
        tried.add(column)
        [fault] = (await verify()).faults
        assert fault == ("journal", str(rows[at]["seq"]), "it is not what was sealed"), column
    assert tried == set(rows[0]) - {"seq"}
    await put_lines(rows)
    assert (await verify()).faults == []


async def test_a_line_taken_out_put_in_or_moved_is_named(written: None) -> None:
    rows = await sealed_lines()
    first, second = rows[0]["seq"], rows[1]["seq"]
    for changed, line, what in (
        (rows[1:], first, "it was taken out"),
        ([rows[0], *rows[2:]], second, "it was taken out"),
        ([rows[0] | {"seq": first - 1}, *rows[1:]], first - 1, "it was put in after its seal"),
        (
            [rows[0] | {"seq": second}, rows[1] | {"seq": first}, *rows[2:]],
            first,
            "it is not what was sealed",
        ),
    ):
        await put_lines(changed)
        assert (await verify()).faults[0] == ("journal", str(line), what)


async def test_a_line_below_the_first_number_is_refused_and_named_where_it_was_put(
    written: None,
) -> None:
    """No seal reaches below one, so whoever may change the table could put lines there unseen."""
    assert DB.pool is not None
    rows = await sealed_lines()
    below = [*rows, rows[0] | {"seq": 0, "id": uuid.uuid4()}]
    with pytest.raises(asyncpg.CheckViolationError, match="journal_numbers_begin_at_one"):
        await put_lines(below)

    await DB.pool.execute("ALTER TABLE journal DROP CONSTRAINT journal_numbers_begin_at_one")
    try:
        await put_lines(below)
        faults = (await verify()).faults
    finally:
        await DB.pool.execute(
            "ALTER TABLE journal ADD CONSTRAINT journal_numbers_begin_at_one CHECK (seq > 0) NOT VALID"
        )

    assert faults == [("journal", "0", "its number is below one, where no seal reaches")]


async def test_one_byte_altered_in_any_column_of_any_seal_is_found(written: None) -> None:
    chance = random.Random(None if LONG else "seals")
    rows = await rows_of("journal_seal")
    tried, unseen = set(), []
    for column in list(rows[0]) * ROUNDS:
        at = chance.randrange(len(rows))
        other = altered(column, rows[at][column], chance)
        try:
            await put("journal_seal", [*rows[:at], rows[at] | {column: other}, *rows[at + 1 :]])
        except asyncpg.IntegrityConstraintViolationError:
            continue
        tried.add(column)
        if not (await verify()).faults:
            unseen.append((column, rows[at][column], other))
    assert unseen == []
    assert tried == set(rows[0])


async def test_the_first_seal_taken_out_is_found_and_the_last_by_one_kept_outside(written: None) -> None:
    first, last = await queries.newest_of_days()
    assert (first.n, last.n) == (1, 2)
    assert (await verify(kept=first.printed())).faults == []
    rows = await rows_of("journal_seal")
    await put("journal_seal", rows[1:])
    assert [fault.row for fault in (await verify()).faults] == ["journal_seal"]
    await put("journal_seal", rows[:1])
    assert (await verify()).faults == []
    assert [fault.id for fault in (await verify(kept=last.printed())).faults] == ["kept outside"]


async def test_the_program_itself_can_neither_change_nor_remove_a_seal(written: None) -> None:
    assert DB.pool is not None
    for statement in ("UPDATE journal_seal SET n = n", "DELETE FROM journal_seal", "TRUNCATE journal_seal"):
        with pytest.raises(asyncpg.RaiseError, match="append only"):
            await DB.pool.execute(statement)


async def test_a_line_whose_transaction_is_still_open_waits_and_is_in_a_later_seal(
    database: Stores, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is smaller than a number that is committed already: sealing now would leave it out."""
    monkeypatch.setattr(operations, "PATIENCE_S", 0.5)
    assert DB.pool is not None
    async with DB.pool.acquire() as slow:
        work = slow.transaction()
        await work.start()
        await slow.execute(
            "INSERT INTO journal (id, at, actor_kind, actor_id, action, object_kind, object_id, detail,"
            " request_id) VALUES (gen_random_uuid(), now(), 'x', 'x', 'slow', 'x', 'x', '{}', '')"
        )
        await note(action="quick.happened", now=now)
        assert await seal_what_is_written(now=now) == 0
        monkeypatch.undo()
        sealing = asyncio.create_task(seal_what_is_written(now=now))
        await work.commit()
    assert await sealing == 2
    assert (await verify()) == JournalReport(lines=2, seals=1, unsealed=0, faults=[])


async def test_many_lines_are_sealed_in_several_seals(
    database: Stores, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "AT_ONCE", 3)
    for n in range(7):
        await note(action=f"n{n}.happened", now=now)
    assert await seal_what_is_written(now=now) == 7
    assert await verify() == JournalReport(lines=7, seals=3, unsealed=0, faults=[])


async def test_two_workers_at_once_seal_each_line_once(database: Stores, now: datetime) -> None:
    for n in range(5):
        await note(action=f"n{n}.happened", now=now)
    upto, _ = await queries.reached()
    sealed = await asyncio.gather(*(seal_lines(upto=upto, now=now) for _ in range(4)))
    assert sorted(sealed) == [0, 0, 0, 5]
    assert await verify() == JournalReport(lines=5, seals=1, unsealed=0, faults=[])


async def test_anybody_can_check_a_printed_seal_with_the_public_key(written: None) -> None:
    seal, _ = await queries.newest_of_days()
    kid, pem = next(iter(keys().signing.items()))
    signed = jwt.PyJWS().decode(
        seal.printed(), SigningKey.from_pem(kid, pem).private.public_key(), algorithms=["ES256"]
    )
    assert json.loads(signed)["lines"] == 2


async def test_the_command_names_the_altered_line_and_fails(
    written: None, opened: Stores, tmp_path: Path
) -> None:
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
    found = json.loads(said)
    assert (code, found["lines"], found["seals"], found["unsealed"], found["faults"]) == (0, 3, 2, 1, [])
    printed = (await command("seals"))[1].split()
    assert len(printed) == 2
    assert (await command("verify", "--head", printed[-1]))[0] == 0

    rows = await sealed_lines()
    await beside_the_program("UPDATE journal SET actor_id = 'somebody' WHERE seq = $1", rows[1]["seq"])
    code, said = await command("verify")
    assert code == 1
    assert f"journal {rows[1]['seq']}: it is not what was sealed" in said
