"""Draining the outbox: once each, in order, again when told later, dead and visible otherwise."""

import asyncio
import re
import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from app.core import outbox
from app.core.database import DB, fetch, fetch_value
from app.core.later import Later
from app.core.operation import operation
from app.core.outbox import Fact
from jobs import ledger
from jobs import work as draining
from jobs.drainer import Drainer
from jobs.subscription import Lane, Subscription

# What an error may quote, and no column may keep.
PHONE = "+84987654321"


class BellRang(Fact, frozen=True, kw_only=True):
    """A fact of these tests."""

    kind: ClassVar[str] = "bell.rang"
    subject_field: ClassVar[str] = "bell_id"

    bell_id: str
    number: int


@operation
async def ring(bell_id: str, number: int, now: datetime) -> None:
    await outbox.record(BellRang(occurred_at=now, bell_id=bell_id, number=number))


class Ear:
    """Remembers what it heard; may say "later" or fail first."""

    def __init__(self, *, later: int = 0, fails: bool = False) -> None:
        self.heard: list[tuple[str, int]] = []
        self._later = later
        self._fails = fails

    async def hear(self, fact: BellRang) -> None:
        if self._later:
            self._later -= 1
            raise Later(timedelta())
        if self._fails:
            raise LookupError(PHONE)
        self.heard.append((fact.bell_id, fact.number))


def listening(ear: Ear, *, in_order: bool = False, name: str = "ear") -> Subscription:
    return Subscription(BellRang, name, ear.hear, in_order=in_order)


async def test_every_fact_is_heard_once_by_many_drainers(database: object, now: datetime) -> None:
    for number in range(40):
        await ring(f"bell-{number % 7}", number, now)
    ear = Ear()

    await asyncio.gather(*(Drainer([listening(ear)]).drain() for _ in range(4)))

    assert sorted(number for _, number in ear.heard) == list(range(40))
    assert await ledger.open_rows() == 0


async def test_facts_of_one_aggregate_are_heard_in_order(database: object, now: datetime) -> None:
    for number in range(30):
        await ring(f"bell-{number % 3}", number, now)
    ear = Ear(later=5)

    drainers = [Drainer([listening(ear, in_order=True)]) for _ in range(3)]
    while await ledger.open_rows():
        await asyncio.gather(*(drainer.drain() for drainer in drainers))

    for bell in range(3):
        numbers = [number for name, number in ear.heard if name == f"bell-{bell}"]
        assert numbers == sorted(numbers)
        assert len(numbers) == 10


async def test_work_that_says_later_is_done_later(database: object, now: datetime) -> None:
    await ring("bell", 1, now)
    ear = Ear(later=2)
    drainer = Drainer([listening(ear)])

    while await ledger.open_rows():
        await drainer.drain()

    assert ear.heard == [("bell", 1)]
    assert await fetch_value("SELECT attempts FROM outbox_work") == 3


async def test_work_that_fails_is_dead_visible_and_can_be_replayed(database: object, now: datetime) -> None:
    await ring("bell", 1, now)
    await Drainer([listening(Ear(fails=True))]).drain()
    dead = await ledger.dead()
    assert [(row.kind, row.state) for row in dead] == [("bell.rang", "dead")]
    assert PHONE not in str(await fetch("SELECT * FROM outbox_work"))
    assert re.fullmatch(r"builtins.LookupError at core/test_drainer.py:\d+ hear", dead[0].last_error)

    ear = Ear()
    assert await ledger.replay(work_id=dead[0].id, now=now)
    await Drainer([listening(ear)]).drain()

    assert ear.heard == [("bell", 1)]


async def test_a_fact_this_program_does_not_know_waits_for_a_newer_one(
    database: object, now: datetime
) -> None:
    await ring("bell", 1, now)

    await Drainer([]).drain()

    assert await fetch_value("SELECT count(*) FROM outbox WHERE state = 'ready'") == 1


async def test_a_late_finish_with_a_lost_lease_changes_nothing(database: object, now: datetime) -> None:
    await ring("bell", 1, now)
    subscription = listening(Ear())
    await draining.fan_out([subscription], [])
    (slow,) = await draining.claim([subscription], 1, slowest=Lane.BULK)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET lease_until = now() - interval '1 second'")
    (fast,) = await draining.claim([subscription], 1, slowest=Lane.BULK)

    assert not await draining.close(slow, "dead", "too late", timedelta())
    assert await draining.close(fast, "done", "", timedelta())
    assert await fetch_value("SELECT state FROM outbox_work") == "done"


async def test_what_ran_out_of_time_is_expired_and_not_run(database: object, now: datetime) -> None:
    await ring("bell", 1, now)
    ear = Ear()
    await draining.fan_out([listening(ear)], [])
    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET expires_at = now() - interval '1 second'")

    await Drainer([listening(ear)]).drain()
    await draining.sweep()

    assert ear.heard == []
    assert await fetch_value("SELECT state FROM outbox_work") == "expired"


async def test_a_running_drainer_hears_a_fact_without_redis_within_its_idle_time(
    database: object, now: datetime
) -> None:
    ear = Ear()
    drainer = Drainer([listening(ear)])
    running = asyncio.create_task(drainer.run())
    try:
        await ring(str(uuid.uuid4()), 1, now)
        async with asyncio.timeout(5):
            while not ear.heard:
                await asyncio.sleep(0)  # yields; the drainer decides
    finally:
        drainer.stop()
        await running
