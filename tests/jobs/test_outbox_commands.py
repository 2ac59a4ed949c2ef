"""What an operator sees of the outbox and does about it: listed, shown with errors, replayed, cancelled."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from app.core import outbox
from app.core.database import DB, fetch, fetch_value
from app.core.later import Later
from app.core.operation import operation
from app.core.outbox import Fact
from jobs import ledger, work
from jobs.commands import outbox_commands
from jobs.drainer import Drainer
from jobs.subscription import Lane, Subscription


class DrumBeat(Fact, frozen=True, kw_only=True):
    """A fact of these tests."""

    kind: ClassVar[str] = "drum.beat"
    subject_field: ClassVar[str] = "drum_id"

    drum_id: str
    number: int


@operation
async def beat(number: int, now: datetime) -> None:
    await outbox.record(DrumBeat(occurred_at=now, drum_id="drum", number=number))


class Ear:
    """Fails in another way each time, until it has had enough."""

    def __init__(self, *, fails: int, dies: bool = False) -> None:
        self.heard: list[int] = []
        self.tries = 0
        self._fails, self._dies = fails, dies

    async def hear(self, fact: DrumBeat) -> None:
        self.tries += 1
        if self.tries <= self._fails:
            if self._dies:
                raise LookupError(f"try {self.tries}")
            raise Later(timedelta(seconds=-self.tries))
        self.heard.append(fact.number)


async def drained(ear: Ear, *, in_order: bool = False, max_attempts: int = 12) -> None:
    await Drainer(
        [Subscription(DrumBeat, "ear", ear.hear, in_order=in_order, max_attempts=max_attempts)]
    ).drain()


async def only_row() -> uuid.UUID:
    found: uuid.UUID = await fetch_value("SELECT id FROM outbox_work")
    return found


async def test_the_last_five_errors_are_kept_with_moment_and_attempt(
    database: object, now: datetime
) -> None:
    await beat(1, now)
    await drained(Ear(fails=7), max_attempts=7)

    row = await ledger.whole(await only_row())

    assert row is not None
    assert (row.state, row.attempts) == ("dead", 7)
    assert [error["attempt"] for error in row.errors] == [3, 4, 5, 6, 7]
    assert [error["error"] for error in row.errors] == [f"later, in -{n} s" for n in (3, 4, 5, 6, 7)]
    moments = [datetime.fromisoformat(error["at"]) for error in row.errors]
    assert moments == sorted(moments)
    assert row.fact["drum_id"] == "drum"


async def test_a_lost_worker_is_an_error_as_well(database: object, now: datetime) -> None:
    await beat(1, now)
    await work.fan_out([Subscription(DrumBeat, "ear", Ear(fails=0).hear, max_attempts=1)], [])
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE outbox_work SET state = 'claimed', attempts = 1, lease_token = gen_random_uuid(),"
        " lease_until = now() - interval '1 second'"
    )

    assert await work.sweep() == 1

    row = await ledger.whole(await only_row())
    assert row is not None
    assert row.state == "dead"
    assert [error["error"] for error in row.errors] == ["the worker was lost"]


async def test_replaying_gives_a_new_budget_to_the_same_ids_and_is_noted(
    database: object, now: datetime
) -> None:
    await beat(1, now)
    await drained(Ear(fails=1, dies=True))
    before = await ledger.whole(await only_row())
    assert before is not None

    first = await ledger.replay(work_id=before.id, now=now)
    ready = await ledger.whole(before.id)
    again = await ledger.replay(work_id=before.id, now=now)
    ear = Ear(fails=0)
    await drained(ear)

    assert (first, again) == (True, False)
    assert ready is not None
    assert (ready.state, ready.attempts, ready.fact_id) == ("ready", 0, before.fact_id)
    assert ready.errors == before.errors
    assert ear.heard == [1]
    lines = await fetch("SELECT action FROM journal WHERE object_id = $1", str(before.id))
    assert [line["action"] for line in lines] == ["work.replayed"]


async def test_a_cancelled_row_is_done_by_nobody_and_holds_nobody_back(
    database: object, now: datetime
) -> None:
    await beat(1, now)
    await beat(2, now)

    async def stuck(_: DrumBeat) -> None:
        raise Later(timedelta(hours=1))

    await Drainer([Subscription(DrumBeat, "ear", stuck, in_order=True)]).drain()
    first: uuid.UUID = await fetch_value("SELECT id FROM outbox_work ORDER BY seq LIMIT 1")

    assert await ledger.cancel(work_id=first, now=now)
    assert not await ledger.cancel(work_id=first, now=now)
    ear = Ear(fails=0)
    await drained(ear, in_order=True)

    assert ear.heard == [2]
    assert (
        await fetch_value("SELECT action FROM journal WHERE object_id = $1", str(first)) == "work.cancelled"
    )


async def test_what_is_being_done_cannot_be_cancelled(database: object, now: datetime) -> None:
    subscription = Subscription(DrumBeat, "ear", Ear(fails=0).hear)
    await beat(1, now)
    await work.fan_out([subscription], [])
    (claimed,) = await work.claim([subscription], 1, slowest=Lane.BULK)

    assert not await ledger.cancel(work_id=claimed.id, now=now)
    assert await work.close(claimed, "done", "", timedelta())
    assert not await ledger.cancel(work_id=claimed.id, now=now)


Invoke = Callable[..., Awaitable[Result]]


@pytest.fixture
def invoke() -> Invoke:
    """The command line; the work it asks for is done on this test's loop."""

    async def run(*arguments: str) -> Result:
        loop = asyncio.get_running_loop()

        def work_done(work: Callable[[], Awaitable[Any]]) -> Any:
            async def worked() -> Any:
                return await work()

            return asyncio.run_coroutine_threadsafe(worked(), loop).result()

        commands = outbox_commands(work_done, out=Console())
        return await asyncio.to_thread(CliRunner().invoke, commands, arguments)

    return run


async def test_the_commands_list_show_replay_and_cancel(
    database: object, now: datetime, invoke: Invoke
) -> None:
    await beat(1, now)
    await drained(Ear(fails=1, dies=True))
    row = str(await only_row())

    overview = await invoke("--json")
    listed = await invoke("list", "--json")
    others = await invoke("list", "--listener", "nobody", "--json")
    owed = await invoke("list", "--state", "ready", "--json")
    shown = await invoke("show", row)
    unknown = await invoke("show", str(uuid.uuid4()))
    replayed = await invoke("replay", row)
    again = await invoke("replay", row)
    both = await invoke("replay", row, "--all-of", "ear")
    all_of = await invoke("replay", "--all-of", "ear")
    cancelled = await invoke("cancel", row)

    [count] = json.loads(overview.output)["counts"]
    assert (count["subscriber"], count["state"], count["rows"]) == ("ear", "dead", 1)
    assert [each["id"] for each in json.loads(listed.output)] == [row]
    assert json.loads(others.output) == json.loads(owed.output) == []
    assert "builtins.LookupError at jobs/test_outbox_commands.py:" in shown.output
    assert "try 1" not in shown.output
    assert (unknown.exit_code, again.exit_code, both.exit_code, all_of.exit_code) == (1, 1, 2, 1)
    assert (replayed.exit_code, cancelled.exit_code) == (0, 0)
    lines = await fetch("SELECT action, actor_kind FROM journal WHERE object_id = $1 ORDER BY id", row)
    assert [tuple(line) for line in lines] == [
        ("work.replayed", "operator"),
        ("work.cancelled", "operator"),
    ]


async def test_everything_of_one_listener_is_replayed_at_once(database: object, now: datetime) -> None:
    for number in range(3):
        await beat(number, now)
    await drained(Ear(fails=3, dies=True))

    assert await ledger.replay_all(subscriber="nobody", now=now) == 0
    assert await ledger.replay_all(subscriber="ear", now=now) == 3
    ear = Ear(fails=0)
    await drained(ear)
    assert sorted(ear.heard) == [0, 1, 2]
