"""Attempts that end together are closed together, and each is told of its own."""

import asyncio
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from app.core import outbox
from app.core.database import DB, DatabaseUnavailable, fetch
from app.core.operation import operation
from app.core.outbox import Fact
from jobs import closing, work
from jobs.closing import Closer
from jobs.subscription import Lane, Subscription
from jobs.work import Claim


class WhistleBlew(Fact, frozen=True, kw_only=True):
    """A fact of these tests."""

    kind: ClassVar[str] = "whistle.blew"
    subject_field: ClassVar[str] = "whistle_id"

    whistle_id: str


async def nothing(_: WhistleBlew) -> None:
    """A listener that is never asked here."""


@operation
async def blow(times: int, now: datetime) -> None:
    for number in range(times):
        await outbox.record(WhistleBlew(occurred_at=now, whistle_id=str(number)))


async def claimed(times: int, now: datetime) -> list[Claim]:
    subscription = Subscription(WhistleBlew, "ear", nothing)
    await blow(times, now)
    await work.fan_out([subscription], [])
    return await work.claim([subscription], times, slowest=Lane.BULK)


async def test_each_is_closed_as_it_ended_and_a_lost_lease_is_told(database: object, now: datetime) -> None:
    claims = await claimed(4, now)
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE outbox_work SET lease_token = gen_random_uuid() WHERE id = $1", claims[3].id
    )
    closer = Closer()

    held = await asyncio.gather(
        closer.close(claims[0], "done", "", timedelta()),
        closer.close(claims[1], "dead", "LookupError: x", timedelta()),
        closer.close(claims[2], "ready", "later", timedelta(hours=1)),
        closer.close(claims[3], "done", "", timedelta()),
    )

    assert held == [True, True, True, False]
    rows = {row["id"]: row for row in await fetch("SELECT *, next_at > now() AS later FROM outbox_work")}
    assert [rows[each.id]["state"] for each in claims] == ["done", "dead", "ready", "claimed"]
    assert [rows[each.id]["last_error"] for each in claims] == ["", "LookupError: x", "later", ""]
    assert [rows[each.id]["later"] for each in claims[1:3]] == [False, True]
    assert [rows[each.id]["done_at"] is None for each in claims] == [False, False, True, True]


async def test_those_who_end_meanwhile_share_one_transaction(
    database: object, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = await claimed(10, now)
    sizes: list[int] = []

    async def counted(endings: list[work.Ending]) -> set[object]:
        sizes.append(len(endings))
        return set(await work.close_all(endings))

    monkeypatch.setattr(closing, "close_all", counted)
    closer = Closer()

    async def late(each: Claim) -> bool:
        while not sizes:
            await asyncio.sleep(0)
        return await closer.close(each, "done", "", timedelta())

    held = await asyncio.gather(
        closer.close(claims[0], "done", "", timedelta()), *(late(each) for each in claims[1:])
    )

    assert all(held)
    assert sizes == [1, 9]


async def test_an_outage_is_told_to_each_and_the_next_is_written(
    database: object, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = await claimed(3, now)

    async def away(_: object) -> set[object]:
        raise DatabaseUnavailable

    closer = Closer()
    with monkeypatch.context() as broken:
        broken.setattr(closing, "close_all", away)
        told = await asyncio.gather(
            *(closer.close(each, "done", "", timedelta()) for each in claims), return_exceptions=True
        )

    assert [type(each) for each in told] == [DatabaseUnavailable] * 3
    assert await closer.close(claims[0], "done", "", timedelta())
