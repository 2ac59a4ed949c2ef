"""What went wrong is logged by its kind and place; what it was about is not."""

import json
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from app.core.database import DB
from app.http.wordless import in_short, without_words
from tests.conftest import Stores

PHONE = "+84987654321"


async def test_the_row_a_database_refuses_is_not_told(database: Stores) -> None:
    assert DB.pool is not None
    insert = "INSERT INTO phone_account (id, phone, created_at) VALUES (gen_random_uuid(), $1, now())"
    await DB.pool.execute(insert, PHONE)
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await DB.pool.execute(insert, PHONE)
    assert PHONE in f"{refused.value} {refused.value.detail}"

    assert PHONE not in in_short(refused.value)
    assert in_short(refused.value).startswith(
        "asyncpg.exceptions.UniqueViolationError [23505] phone_account"
    )
    told = without_words(refused.value)
    assert PHONE not in told
    assert "UniqueViolationError [23505] phone_account" in told
    assert "test_the_row_a_database_refuses_is_not_told" in told


def test_errors_behind_errors_and_groups_are_told_without_words() -> None:
    try:
        try:
            _ = {}[PHONE]
        except KeyError as reason:
            raise ExceptionGroup(PHONE, [ValueError(PHONE), TypeError(PHONE)]) from reason
    except ExceptionGroup as reason:
        told, short = without_words(reason), in_short(reason)
    assert [line.split(".")[-1] for line in told.splitlines() if not line.startswith(" ")] == [
        "ExceptionGroup",
        "ValueError",
        "TypeError",
        "KeyError",
    ]
    here = f"{Path(__file__).parent.name}/{Path(__file__).name}"
    kinds = [each.partition(f" at {here}:")[0] for each in short.split(", from ")]
    assert kinds == ["builtins.ExceptionGroup", "builtins.KeyError"]
    assert PHONE not in short
    assert PHONE not in told


SAYS = """
import asyncio, logging, structlog
from app.entrance import configure_logging
configure_logging("debug")
log = structlog.get_logger("x")
try:
    raise LookupError("{phone}")
except LookupError as reason:
    log.error("unexpected_error", exc_info=reason)
    log.exception("work_failed", subscriber="people", phone="{phone}")
    logging.getLogger("asyncio").error("a library failed", exc_info=reason)
async def never_awaited():
    raise LookupError("{phone}")
async def main():
    asyncio.ensure_future(never_awaited())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main())
import gc; gc.collect()
"""


def test_a_process_logs_errors_of_its_own_and_of_libraries_without_words(tmp_path: Path) -> None:
    program = tmp_path / "says.py"
    program.write_text(SAYS.replace("{phone}", PHONE))
    said = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    ours = [json.loads(line) for line in said.stderr.splitlines() if line.startswith("{")]
    assert [line["event"] for line in ours] == ["unexpected_error", "work_failed"]
    assert all("builtins.LookupError" in line["exception"] for line in ours)
    assert "a library failed" in said.stderr
    assert said.stderr.count("builtins.LookupError") >= 4
    assert PHONE not in said.stderr
