"""Several endpoints of a partner, and several events of a visit: who waits for whom, and who does not."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core import outbox
from app.core.clock import local_date
from app.core.database import DB
from app.core.operation import operation
from app.home_service.events import HomeVisitAssigned
from jobs.drainer import Drainer
from jobs.subscriptions import SILENT, make_subscriptions
from partners.postal import feed, item_numbers
from tests.partners.test_webhooks import Partner, Receiver, listening, partner, push, receiver

__all__ = ["partner", "receiver"]


async def test_an_endpoint_that_asks_for_time_is_told_nothing_before_whatever_another_one_wants(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event, other = await partner.event("visit-1", now), await partner.event("visit-2", now)
    receiver.status, receiver.headers = 503, {"Retry-After": "3600"}
    async with listening() as refusing:
        refusing.status = 422
        await partner.ask("POST", "", {"url": refusing.url})

        first = await push(event, now)
        second = await push(event, now, after=timedelta(seconds=6))
        third = await push(event, now, after=timedelta(minutes=6))
        await push(other, now)

        assert [first is not None, second is not None, third is not None] == [True] * 3
        assert timedelta(seconds=4) < first < timedelta(seconds=6)  # type: ignore[operator]
        assert timedelta(minutes=4) < second < timedelta(minutes=6)  # type: ignore[operator]
        assert refusing.ids == [str(event.id)] * 3 + [str(other.id)]
    assert receiver.ids == [str(event.id)]

    assert DB.pool is not None
    await DB.pool.execute("UPDATE webhook_circuit SET open_until = clock_timestamp()")
    receiver.status = 204
    await push(event, now, after=timedelta(hours=1))
    assert receiver.ids == [str(event.id)] * 2


async def test_each_endpoint_keeps_its_own_pauses(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    event = await partner.event("visit-1", now)
    receiver.status = 422
    pauses = [await push(event, now) for _ in range(2)]
    async with listening() as late:
        late.status = 422
        await partner.ask("POST", "", {"url": late.url})

        # Seconds for the one, minutes for the other: tried again when the first of them is due.
        pauses += [await push(event, now, after=timedelta(seconds=n)) for n in (0, 10)]
        assert (len(receiver.heard), len(late.heard)) == (2, 2)
        pauses.append(await push(event, now, after=timedelta(minutes=6)))
        assert (len(receiver.heard), len(late.heard)) == (3, 3)
        late.status = 204
        pauses.append(await push(event, now, after=timedelta(minutes=45)))
        assert (len(receiver.heard), len(late.heard)) == (4, 4)
    minutes = [pause.total_seconds() / 60 for pause in pauses if pause is not None]
    assert [round(minute) for minute in minutes[:1] + minutes[2:3]] == [0, 0]
    assert all(4 < minute < 6 for minute in (minutes[1], minutes[3]))
    assert 26 < minutes[4] < 34
    assert 100 < minutes[5] < 140


async def test_what_has_no_row_of_its_own_keeps_its_pauses_all_the_same(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    """A shortage is looked at with every visit, and asked about no oftener than anything else."""
    event = await partner.event("item_numbers", now)
    receiver.status = 422
    for _ in range(2):
        await push(event, now)

    assert await push(event, now, has_row=False) is not None
    assert len(receiver.heard) == 2
    await push(event, now, after=timedelta(minutes=6), has_row=False)
    assert len(receiver.heard) == 3


async def test_endpoints_are_told_beside_each_other(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    """One that hangs takes none of the time another has."""
    both = asyncio.Barrier(2)
    async with listening() as other:
        await partner.ask("POST", "", {"url": other.url})
        receiver.before_it_answers = other.before_it_answers = both.wait
        assert await push(await partner.event("visit-1", now), now) is None


async def test_an_endpoint_paused_while_it_is_asked_is_waited_for_no_longer(
    partner: Partner, receiver: Receiver, now: datetime
) -> None:
    receiver.status = 422
    receiver.before_it_answers = lambda: partner.own("PATCH", "", {"state": "paused"})

    assert await push(await partner.event("visit-1", now), now) is None
    assert len(receiver.heard) == 1


@operation
async def changes(partner_id: uuid.UUID, visit: uuid.UUID, versions: list[int], now: datetime) -> None:
    """So many facts of one visit, which are told in their order."""
    for version in versions:
        await outbox.record(
            HomeVisitAssigned(
                occurred_at=now,
                home_visit_id=visit,
                centre_id=uuid.uuid4(),
                visit_kind="collection",
                version=version,
                partner_id=partner_id,
                courier_id=uuid.uuid4(),
            )
        )


async def drain(settings: Any) -> None:
    async with make_subscriptions(settings) as subscriptions:
        await Drainer(subscriptions, silent=SILENT).drain()


async def a_long_pause() -> int:
    """What waits for its next try waits for a day; how many rows do."""
    assert DB.pool is not None
    tag = await DB.pool.execute(
        "UPDATE outbox_work SET next_at = clock_timestamp() + interval '1 day'"
        " WHERE subscriber = 'partners' AND state = 'ready' AND attempts > 0"
    )
    return int(tag.rpartition(" ")[2])


async def test_what_waits_behind_an_event_goes_out_when_it_is_passed_over(
    partner: Partner, receiver: Receiver, now: datetime, settings: Any
) -> None:
    visit, other = uuid.uuid4(), uuid.uuid4()
    await changes(partner.id, visit, [1, 2], now)
    await changes(partner.id, other, [1, 2], now)
    receiver.status = 422
    await drain(settings)
    assert await a_long_pause() == 2
    receiver.heard.clear()
    receiver.status = 204

    [first, *_] = [event for event in await feed.after(partner.id, 0, limit=9) if str(visit) in event.body]
    assert (await partner.own("POST", "/skip", {"event_id": str(first.id)})).status_code == 204
    await drain(settings)

    assert (receiver.versions_of(visit), receiver.versions_of(other)) == ([2], [])


@pytest.mark.parametrize(
    ("method", "body"), [("PATCH", {"state": "paused"}), ("DELETE", None)], ids=["paused", "removed"]
)
async def test_an_endpoint_that_is_told_no_longer_keeps_nothing_from_the_others(
    partner: Partner, receiver: Receiver, now: datetime, settings: Any, method: str, body: Any
) -> None:
    visit = uuid.uuid4()
    async with listening() as healthy:
        await partner.ask("POST", "", {"url": healthy.url})
        await changes(partner.id, visit, [1, 2], now)
        receiver.status = 422
        await drain(settings)
        assert await a_long_pause() == 1
        assert healthy.versions_of(visit) == [1]

        assert (await partner.own(method, "", body)).is_success
        await drain(settings)

        assert healthy.versions_of(visit) == [1, 2]


async def test_an_endpoint_that_ends_itself_keeps_nothing_from_the_others(
    partner: Partner, receiver: Receiver, now: datetime, settings: Any
) -> None:
    visit = uuid.uuid4()
    async with listening() as healthy:
        await partner.ask("POST", "", {"url": healthy.url})
        await changes(partner.id, visit, [1, 2], now)
        receiver.status = 422
        await drain(settings)
        assert await a_long_pause() == 1

        receiver.status = 410
        await changes(partner.id, uuid.uuid4(), [1], now)
        await drain(settings)

        assert healthy.versions_of(visit) == [1, 2]


async def test_a_shortage_that_is_refused_keeps_no_visit_waiting(
    partner: Partner, receiver: Receiver, now: datetime, settings: Any
) -> None:
    visit = uuid.uuid4()
    await item_numbers.give(
        partner_id=partner.id,
        numbers=["RR473124829VN"],
        valid_to=local_date(now) + timedelta(days=2),
        now=now,
    )
    receiver.refused_kind = "item_numbers"
    await changes(partner.id, visit, [1, 2], now)

    await drain(settings)

    told = [event.type for event in await feed.after(partner.id, 0, limit=9)]
    assert "vn.motcua.item_numbers.exhausted" in told
    assert receiver.versions_of(visit) == [1, 2]
    assert await a_long_pause() == 0
