"""The sandbox's time: of the database, forward only, and nobody's outside."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import asyncpg
import pytest

from app.core import outbox, sandbox
from app.core.clock import ahead, current_time, machine_time
from app.core.database import DB
from app.core.operation import operation
from app.core.outbox import Fact
from app.core.sandbox import NotThisDatabase
from app.settings import Settings, SettingsError
from jobs.drainer import Drainer
from jobs.schedules import _job
from jobs.subscription import Subscription

DAY = timedelta(days=1)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def rehearsal(database: object) -> Iterator[None]:
    """This process is part of a sandbox, for the test."""
    sandbox.enter(sandbox=True)
    yield
    sandbox.enter(sandbox=False)


async def another_process_moves(by: timedelta) -> None:
    assert DB.pool is not None
    await DB.pool.execute("UPDATE sandbox_clock SET ahead = $1", by)


async def lived_in(now: datetime) -> None:
    """Somebody has signed in here."""
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO phone_account (id, phone, created_at) VALUES ($1, '+84912345678', $2)",
        uuid.uuid4(),
        now,
    )


async def test_a_process_that_starts_takes_the_time_that_was_moved(rehearsal: None) -> None:
    await sandbox.claim_database()
    assert abs(current_time() - machine_time()) < A_MINUTE
    await another_process_moves(3 * DAY)

    sandbox.enter(sandbox=True)  # as after a restart
    await sandbox.claim_database()

    assert ahead() == 3 * DAY
    assert abs(current_time() - machine_time() - 3 * DAY) < A_MINUTE


async def test_an_older_answer_takes_no_time_back(rehearsal: None) -> None:
    await sandbox.claim_database()
    await another_process_moves(3 * DAY)
    await sandbox.follow()
    assert DB.pool is not None
    async with DB.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE sandbox_clock SET ahead = interval '1 day'")

    await sandbox.follow()

    assert ahead() == 3 * DAY


async def test_the_database_itself_turns_no_clock_back(rehearsal: None) -> None:
    await sandbox.claim_database()
    await another_process_moves(2 * DAY)
    assert DB.pool is not None

    for statement in ("UPDATE sandbox_clock SET ahead = interval '1 day'", "DELETE FROM sandbox_clock"):
        with pytest.raises(asyncpg.RaiseError):
            await DB.pool.execute(statement)
    with pytest.raises(asyncpg.UniqueViolationError):
        await DB.pool.execute(
            "INSERT INTO sandbox_clock (ahead, begun_at, moved_at) VALUES (interval '9 days', now(), now())"
        )


async def test_a_database_people_have_used_becomes_no_sandbox(rehearsal: None, now: datetime) -> None:
    await lived_in(now)

    with pytest.raises(NotThisDatabase, match="used as a real one"):
        await sandbox.claim_database()

    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM sandbox_clock") == 0


async def test_a_sandbox_that_was_used_starts_again(rehearsal: None, now: datetime) -> None:
    await sandbox.claim_database()
    await lived_in(now)

    await sandbox.claim_database()

    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM sandbox_clock") == 1


async def test_production_starts_on_no_sandboxs_database_and_its_clock_stands_still(
    rehearsal: None,
) -> None:
    await sandbox.claim_database()
    await another_process_moves(5 * DAY)

    sandbox.enter(sandbox=False)
    with pytest.raises(NotThisDatabase, match="belongs to a sandbox"):
        await sandbox.claim_database()
    await sandbox.follow()

    assert ahead() == timedelta(0)
    assert sandbox.livemode()


class SunRose(Fact, frozen=True, kw_only=True):
    """A fact of these tests."""

    kind: ClassVar[str] = "sun.rose"
    subject_field: ClassVar[str] = "sun"

    sun: str


@operation
async def rise(now: datetime) -> None:
    await outbox.record(SunRose(occurred_at=now, sun="sun"))


async def test_work_that_begins_after_the_move_is_done_in_the_moved_time(
    rehearsal: None, now: datetime
) -> None:
    await sandbox.claim_database()
    await rise(now)
    seen: list[datetime] = []

    async def look(_fact: Any) -> None:
        seen.append(current_time())

    async def tick(_context: dict[Any, Any]) -> None:
        seen.append(current_time())

    await another_process_moves(2 * DAY)
    await Drainer([Subscription(SunRose, "eye", look)]).drain()
    await another_process_moves(4 * DAY)
    await _job(tick)({})

    assert [round((moment - machine_time()) / DAY) for moment in seen] == [2, 4]
    assert _job(tick).__qualname__ == tick.__qualname__  # what arq names its jobs by


SANDBOX = {"MOTCUA_SANDBOX": "yes", "MOTCUA_DATA_DIR": "/nowhere"}


def test_a_sandbox_is_switched_on_by_a_setting_and_off_without() -> None:
    assert Settings.from_environment(SANDBOX).sandbox
    assert not Settings.from_environment({"MOTCUA_DATA_DIR": "/nowhere"}).sandbox
    assert not Settings.from_environment(SANDBOX | {"MOTCUA_SANDBOX": "no"}).sandbox


@pytest.mark.parametrize(
    "real",
    [
        {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32},
        {"TWILIO_API_BASE": "https://api.twilio.com"},
        {"TWILIO_API_BASE": "https://api.dublin.ie1.TWILIO.com/"},
        {"MOTCUA_CLOCK": "2026-11-30T07:00:00+07:00,2026-11-27T03:00:00+00:00,60"},
    ],
    ids=["account", "provider", "region", "clock"],
)
def test_a_sandbox_beside_production_is_refused(real: dict[str, str]) -> None:
    Settings.from_environment({"MOTCUA_DATA_DIR": "/nowhere"} | real)

    with pytest.raises(SettingsError, match="MOTCUA_SANDBOX=yes"):
        Settings.from_environment(SANDBOX | real)
