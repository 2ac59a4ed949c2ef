"""Drainers beside each other: of two releases, stopping, and with a slow provider behind them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ClassVar

import pytest

from app.core import outbox
from app.core.database import DB, fetch, fetch_value
from app.core.operation import operation
from app.core.outbox import Fact
from jobs import drainer as drainer_module
from jobs import ledger
from jobs.drainer import SHARE, Drainer, room_for
from jobs.listening import AWAY_FOR, register
from jobs.subscription import Lane, Subscription
from jobs.work import FAN_OUT_BATCH, FAN_OUT_MANY, HEARD_FOR, fan_out

PATIENCE_S = 30


class GongRang(Fact, frozen=True, kw_only=True):
    """A fact both releases know."""

    kind: ClassVar[str] = "gong.rang"
    subject_field: ClassVar[str] = "gong_id"

    gong_id: str
    number: int


class HornBlew(Fact, frozen=True, kw_only=True):
    """A fact only the newer release knows."""

    kind: ClassVar[str] = "horn.blew"
    subject_field: ClassVar[str] = "horn_id"

    horn_id: str
    number: int


@operation
async def tell(*facts: Fact) -> None:
    for fact in facts:
        await outbox.record(fact)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await look():
            await asyncio.sleep(0.01)


class Ear:
    def __init__(self) -> None:
        self.heard: list[int] = []

    async def hear(self, fact: GongRang | HornBlew) -> None:
        self.heard.append(fact.number)


async def test_an_old_and_a_new_worker_side_by_side_lose_nothing(database: object, now: datetime) -> None:
    """The newer one has a new kind for a listener both have: the older one leaves it alone."""
    old_ear, new_ear = Ear(), Ear()
    old = Drainer([Subscription(GongRang, "ear", old_ear.hear)])
    new = Drainer(
        [Subscription(GongRang, "ear", new_ear.hear), Subscription(HornBlew, "ear", new_ear.hear)]
    )
    for number in range(30):
        await tell(
            GongRang(occurred_at=now, gong_id=f"g{number % 3}", number=number),
            HornBlew(occurred_at=now, horn_id=f"h{number % 3}", number=100 + number),
        )
    # The new one has fanned its kind out, and is away for a moment.
    await new.turn()
    await old.drain()
    running = [asyncio.create_task(each.run()) for each in (old, new)]

    async def nothing_owed() -> bool:
        return await ledger.open_rows() == 0

    try:
        await until(nothing_owed)
    finally:
        old.stop()
        new.stop()
        await asyncio.gather(*running)

    assert sorted(old_ear.heard + new_ear.heard) == [*range(30), *range(100, 130)]
    assert not any(number >= 100 for number in old_ear.heard)
    assert await fetch("SELECT DISTINCT state, attempts FROM outbox_work") == [("done", 1)]


async def test_only_an_old_worker_leaves_what_it_does_not_know_untouched(
    database: object, now: datetime
) -> None:
    newer = Subscription(HornBlew, "ear", Ear().hear)
    await tell(HornBlew(occurred_at=now, horn_id="h", number=1))
    await fan_out([newer], [])
    await Drainer([Subscription(GongRang, "ear", Ear().hear)]).drain()

    assert await fetch("SELECT state, attempts FROM outbox_work") == [("ready", 0)]


async def run_beside(*drainers: Drainer, until_true: Callable[[], Awaitable[bool]]) -> None:
    running = [asyncio.create_task(each.run()) for each in drainers]
    try:
        await until(until_true)
    finally:
        for each in drainers:
            each.stop()
        await asyncio.gather(*running)


async def has_registered() -> bool:
    return bool(await fetch_value("SELECT count(*) FROM outbox_listener"))


@pytest.mark.parametrize("has_another", [False, True], ids=["silent", "with another listener"])
async def test_what_an_old_worker_fans_out_is_heard_by_a_newer_ones_listener_too(
    database: object, now: datetime, *, has_another: bool
) -> None:
    """Both know the kind; that somebody hears it, or one more does, only the newer one knows."""
    old_ear, new_ear = Ear(), Ear()
    others = [Subscription(HornBlew, "old ear", old_ear.hear)] if has_another else []
    old = Drainer([Subscription(GongRang, "ear", old_ear.hear), *others], silent=["horn.blew"], release=1)
    new = [*others, Subscription(HornBlew, "ear", new_ear.hear)]
    await run_beside(Drainer(new, release=2), until_true=has_registered)
    # The newer one is away while all is told and fanned out; the older one was started again meanwhile.
    for number in range(30):
        await tell(HornBlew(occurred_at=now, horn_id=f"h{number % 3}", number=number))

    async def all_fanned_out() -> bool:
        return not await fetch_value("SELECT count(*) FROM outbox WHERE state = 'ready'")

    await run_beside(old, until_true=all_fanned_out)
    early = list(new_ear.heard)
    await Drainer(new, release=2).drain()

    assert early == []
    assert sorted(new_ear.heard) == list(range(30))
    assert await ledger.open_rows() == 0


async def test_a_listener_a_newer_release_does_not_have_is_told_nothing_more(
    database: object, now: datetime
) -> None:
    kept, dropped = (Subscription(GongRang, name, Ear().hear) for name in ("kept", "dropped"))
    await register([kept, dropped], release=1)
    await register([kept], release=2)
    # An old worker that still runs writes again, and adds nothing.
    await register([kept, dropped], release=1)
    await tell(GongRang(occurred_at=now, gong_id="g", number=1))
    await fan_out([kept], [])

    assert await fetch("SELECT subscriber, release FROM outbox_listener") == [("kept", 2)]
    assert await fetch("SELECT subscriber FROM outbox_work") == [("kept",)]


async def test_two_of_one_release_are_heard_both_and_one_that_left_is_forgotten(
    database: object, now: datetime
) -> None:
    """As when a neighbour was configured and is not any more: workers of a release need not be alike."""
    assert DB.pool is not None
    one, other = (Subscription(GongRang, name, Ear().hear) for name in ("one", "other"))
    await register([one], release=1)
    await register([other], release=1)
    beside = await fetch("SELECT subscriber FROM outbox_listener ORDER BY subscriber")
    await DB.pool.execute(
        "UPDATE outbox_listener SET seen_at = now() - $1::interval WHERE subscriber = 'one'", AWAY_FOR
    )
    await register([other], release=1)

    assert beside == [("one",), ("other",)]
    assert await fetch("SELECT subscriber FROM outbox_listener") == [("other",)]


async def test_nothing_is_kept_for_a_release_that_was_taken_back_long_ago(
    database: object, now: datetime
) -> None:
    assert DB.pool is not None
    await register([Subscription(HornBlew, "newer", Ear().hear)], release=2)
    kept = []
    for _ in range(2):
        await tell(HornBlew(occurred_at=now, horn_id="h", number=1))
        await fan_out([], ["horn.blew"])
        kept.append(await fetch_value("SELECT count(*) FROM outbox_work"))
        await DB.pool.execute("UPDATE outbox_listener SET seen_at = now() - $1::interval", HEARD_FOR)

    assert kept == [1, 1]
    assert await fetch_value("SELECT count(*) FROM outbox WHERE state = 'ready'") == 0


async def test_what_is_claimed_while_stopping_is_given_back_at_once(
    database: object, now: datetime
) -> None:
    ear = Ear()
    drainer = Drainer([Subscription(GongRang, "ear", ear.hear)])
    await tell(*(GongRang(occurred_at=now, gong_id="g", number=number) for number in range(5)))
    drainer.stop()

    assert not await drainer.turn()

    assert ear.heard == []
    assert await fetch(
        "SELECT DISTINCT state, attempts, lease_token IS NULL AND lease_until IS NULL FROM outbox_work"
    ) == [("ready", 0, True)]
    other = Ear()
    await Drainer([Subscription(GongRang, "ear", other.hear)]).drain()
    assert sorted(other.heard) == list(range(5))


async def test_stopping_finishes_what_runs_and_claims_nothing_more(database: object, now: datetime) -> None:
    begun, may_end, ear = asyncio.Event(), asyncio.Event(), Ear()

    async def slow(fact: GongRang) -> None:
        begun.set()
        await may_end.wait()
        await ear.hear(fact)

    drainer = Drainer([Subscription(GongRang, "ear", slow)])
    await tell(GongRang(occurred_at=now, gong_id="g", number=1))
    running = asyncio.create_task(drainer.run())
    async with asyncio.timeout(PATIENCE_S):
        await begun.wait()
    drainer.stop()
    await tell(GongRang(occurred_at=now, gong_id="g", number=2))
    may_end.set()
    async with asyncio.timeout(PATIENCE_S):
        await running

    assert ear.heard == [1]
    assert await fetch_value("SELECT count(*) FROM outbox_work WHERE state = 'done'") == 1
    assert await ledger.open_rows() == 1


async def test_what_does_not_end_in_time_is_left_to_its_lease(database: object, now: datetime) -> None:
    """Whether it was done is not known, so nobody repeats it before the lease is over."""
    begun, ear = asyncio.Event(), Ear()

    async def hangs(fact: GongRang) -> None:
        begun.set()
        await asyncio.Event().wait()

    drainer = Drainer([Subscription(GongRang, "ear", hangs)], stop_within_s=0.01)
    await tell(GongRang(occurred_at=now, gong_id="g", number=1))
    running = asyncio.create_task(drainer.run())
    async with asyncio.timeout(PATIENCE_S):
        await begun.wait()
        drainer.stop()
        await running
    other = Drainer([Subscription(GongRang, "ear", ear.hear)])
    await other.drain()
    early = list(ear.heard)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET lease_until = now() - interval '1 second'")
    await other.drain()

    assert early == []
    assert ear.heard == [1]
    assert await fetch("SELECT state, attempts FROM outbox_work") == [("done", 2)]


@pytest.mark.parametrize("crowd", [Lane.BULK, Lane.NORMAL, Lane.URGENT])
async def test_a_code_finds_room_however_much_hangs(database: object, now: datetime, crowd: Lane) -> None:
    hanging, heard = 0, asyncio.Event()
    may_end = asyncio.Event()

    async def hangs(fact: GongRang) -> None:
        nonlocal hanging
        hanging += 1
        await may_end.wait()

    async def code(fact: HornBlew) -> None:
        heard.set()

    drainer = Drainer(
        [
            Subscription(GongRang, "slow", hangs, lane=crowd),
            Subscription(HornBlew, "code", code, lane=Lane.CODE),
        ],
        concurrency=10,
    )
    await tell(*(GongRang(occurred_at=now, gong_id="g", number=number) for number in range(30)))
    running = asyncio.create_task(drainer.run())

    async def is_full() -> bool:
        return hanging >= int(10 * SHARE[crowd])

    try:
        await until(is_full)
        await tell(HornBlew(occurred_at=now, horn_id="h", number=1))
        async with asyncio.timeout(PATIENCE_S):
            await heard.wait()
        assert hanging == int(10 * SHARE[crowd])
    finally:
        may_end.set()
        drainer.stop()
        await running


async def test_many_facts_are_fanned_out_in_few_turns(
    database: object, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ear = Ear()

    async def counted(*arguments: object, at_most: int) -> int:
        asked.append(at_most)
        return await fan_out(*arguments, at_most=at_most)  # type: ignore[arg-type]

    async def all_heard() -> bool:
        return len(ear.heard) == 1_000

    monkeypatch.setattr(drainer_module, "fan_out", counted)
    drainer = Drainer([Subscription(GongRang, "slow", ear.hear, lane=Lane.BULK)])
    await tell(*(GongRang(occurred_at=now, gong_id="g", number=number) for number in range(1_000)))
    running = asyncio.create_task(drainer.run())
    try:
        await until(all_heard)
        before = list(asked)
    finally:
        drainer.stop()
        await running

    assert before[:2] == [FAN_OUT_BATCH, FAN_OUT_MANY]
    assert FAN_OUT_MANY not in before[2:]


FLOOD = 20_000
MANY_GONGS = """
INSERT INTO outbox (id, kind, subject, payload, occurred_at, request_id)
SELECT gen_random_uuid(), 'gong.rang', 'gong:g' || n % 50,
       jsonb_build_object('occurred_at', now(), 'gong_id', 'g' || n % 50, 'number', n), now(), ''
  FROM generate_series(1, $1::int) n
"""


@pytest.mark.parametrize("lane", [Lane.CODE, Lane.URGENT, Lane.NORMAL])
async def test_a_fact_somebody_waits_for_passes_twenty_thousand_that_were_told_before_it(
    database: object, now: datetime, lane: Lane
) -> None:
    """Lanes begin with the fact: it is in the first turn after it was told, whatever stands before it."""
    assert DB.pool is not None
    urgent, bulk = Ear(), Ear()
    drainer = Drainer(
        [
            Subscription(GongRang, "bulk", bulk.hear, lane=Lane.BULK),
            # What the same fact causes elsewhere may be slow: the most urgent of its listeners counts.
            Subscription(HornBlew, "urgent", urgent.hear, lane=lane),
            Subscription(HornBlew, "bulk", bulk.hear, lane=Lane.BULK),
        ]
    )
    await DB.pool.execute(MANY_GONGS, FLOOD)
    for number in (1, 2):
        await tell(HornBlew(occurred_at=now, horn_id="h", number=number))
        await drainer.turn()

        async def heard(count: int = number) -> bool:
            return len(urgent.heard) == count

        await until(heard)
    assert urgent.heard == [1, 2]
    waiting = await fetch_value("SELECT count(*) FROM outbox WHERE state = 'ready' AND kind = 'gong.rang'")
    assert waiting == FLOOD - 2 * (FAN_OUT_BATCH - 1)


async def test_of_one_lane_who_waits_longest_is_first(database: object, now: datetime) -> None:
    """A kind nobody tells often is not held back by one that is told without end."""
    subscriptions = [Subscription(GongRang, "ear", Ear().hear), Subscription(HornBlew, "ear", Ear().hear)]
    gongs = [GongRang(occurred_at=now, gong_id="g", number=number) for number in range(4)]
    horn = HornBlew(occurred_at=now, horn_id="h", number=9)
    await tell(*gongs[:2], horn, *gongs[2:])
    order = []
    for _ in range(3):
        await fan_out(subscriptions, [], at_most=2)
        order.append(
            await fetch_value("SELECT array_agg(kind ORDER BY seq) FROM outbox WHERE state = 'ready'")
        )

    assert order == [["horn.blew", "gong.rang", "gong.rang"], ["gong.rang"], None]


def test_room_is_shared_by_lanes_and_never_none_for_all() -> None:
    assert room_for(0, 20) == (12, Lane.BULK)
    assert room_for(12, 20) == (4, Lane.NORMAL)
    assert room_for(17, 20) == (1, Lane.URGENT)
    assert room_for(19, 20) == (1, Lane.CODE)
    assert room_for(20, 20) == (0, Lane.CODE)
    assert room_for(0, 1) == (1, Lane.BULK)
    assert room_for(0, 20)[0] < room_for(0, 40)[0]
