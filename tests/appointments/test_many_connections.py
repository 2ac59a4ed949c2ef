"""The ledger under forty-eight connections, each its own transaction: nothing oversold, nothing lost.

The races of BOOKING.md 2.1 to 2.3; `MOTCUA_LONG=1` runs the numbers of that page, the suite fewer.
"""

import asyncio
import os
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg
import pytest

from app.appointments import hot, operations, queries, rules
from app.appointments.errors import HoldExpired, SlotFull
from app.appointments.hot import Held, Wanted
from app.appointments.needs import Item, StoredItem
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.core import database
from app.core.clock import local_date
from app.core.database import DB, transaction
from app.core.ids import new_id
from app.core.references import new_reference
from tests.appointments.conftest import COPIES, GRAIN, Place, Publish, copies, drift, let_holds_end

CONNECTIONS = 48
LONG = bool(os.environ.get("MOTCUA_LONG"))
ATTEMPTS = 125 if LONG else 12
SECONDS = 12 if LONG else 1.5
SLOTS = 32


@pytest.fixture
async def crowded(place: Place) -> AsyncIterator[Place]:
    """The place, and a process with as many connections as there are people."""
    few = DB.pool
    DB.pool = await asyncpg.create_pool(
        **DB.config,
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        reset=database._reset,
        init=database._speak_json,
    )
    yield place
    await DB.pool.close()
    DB.pool = few


def wanted(place: Place, pool_id: uuid.UUID, grains: int, start: datetime, now: datetime) -> Wanted:
    citizen_id = uuid.uuid4()
    return Wanted(
        appointment_id=new_id(),
        reference=new_reference(),
        centre_id=place.centre_id,
        pool_id=pool_id,
        citizen_id=citizen_id,
        claimant_id=citizen_id,
        starts_at=start,
        minutes=10 * grains,
        local_date=local_date(start),
        grains=grains,
        items=[StoredItem(COPIES, grains, grains)],
        claims=rules.claims(["chung_thuc"], rules.UNDECIDED),
        priority_group=None,
        contact_name=None,
        contact_phone=None,
        locale="vi",
        hold_ms=600_000,
        now=now,
        journal_id=new_id(),
        actor_kind="system",
        actor_id="",
        request_id="",
    )


async def test_the_statement_alone_oversells_nothing_and_waits_for_nobody_in_a_circle(
    crowded: Place, publish: Publish, now: datetime
) -> None:
    for pool_id in (crowded.pool_id, crowded.wide_pool_id):
        await publish(
            counters=4, grains=SLOTS, pool_id=pool_id, online_share=0.5, walkin_floor=1, overbook_limit=1
        )
    dice = random.Random(48)
    taken: Counter[Channel] = Counter()

    async def client() -> None:
        for _ in range(ATTEMPTS):
            channel, grains = dice.choice(list(Channel)), dice.randint(1, 3)
            start = crowded.opens + dice.randrange(SLOTS - grains + 1) * GRAIN
            pool_id = dice.choice((crowded.pool_id, crowded.wide_pool_id))
            # Any error of PostgreSQL, a deadlock above all, ends the test: nothing is tried again here.
            async with transaction():
                (answer,) = await hot.hold([wanted(crowded, pool_id, grains, start, now)], channel)
            taken[channel] += grains if isinstance(answer, Held) else 0

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))

    assert await drift() == []
    assert await promised_beside_the_floor() == []
    assert DB.pool is not None
    counted = await DB.pool.fetchrow(
        "SELECT sum(taken_online) AS online, sum(taken_partner) AS partner, sum(taken_staff) AS staff,"
        " sum(taken_walkin) AS walkin FROM slot"
    )
    assert counted is not None
    assert dict(counted) == {channel.value: taken[channel] for channel in Channel}
    assert min(taken.values()) > 0


async def promised_beside_the_floor() -> list[object]:
    """Slots in which citizens who booked have what is kept for those who come without."""
    assert DB.pool is not None
    rows: list[object] = await DB.pool.fetch(
        "SELECT id FROM slot WHERE taken_online + taken_partner > capacity - walkin_floor"
    )
    return rows


async def test_nobody_is_confirmed_without_places_when_holds_end_while_they_confirm(
    crowded: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4, grains=8)
    dice = random.Random(30)
    outcomes: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS

    def goes_on() -> bool:
        """For its time, and until each of the three has happened."""
        return loop.time() < end or 0 in (outcomes[each] for each in ("confirmed", "too late", "swept"))

    async def client() -> None:
        while goes_on():
            outcomes[await hold_and_confirm(crowded, dice, now)] += 1

    async def sweeper() -> None:
        while goes_on():
            outcomes["swept"] += await operations.expire_holds(now=now)

    await asyncio.gather(*(client() for _ in range(30)), sweeper(), sweeper())

    assert await confirmed_without_places() == []
    assert await drift() == []
    await let_holds_end()
    while await operations.expire_holds(now=now):
        pass
    assert DB.pool is not None
    left = await DB.pool.fetchval(
        "SELECT sum(taken_online) - (SELECT coalesce(sum(grains), 0) FROM appointment"
        " WHERE state = 'confirmed') FROM slot"
    )
    assert left == 0


async def hold_and_confirm(place: Place, dice: random.Random, now: datetime) -> str:
    """Hold for a blink, think for about as long, confirm; what came of it."""
    lan, grains = uuid.uuid4(), dice.randint(1, 3)
    try:
        row = await operations.book(
            centre_id=place.centre_id,
            starts_at=place.opens + dice.randrange(8 - grains + 1) * GRAIN,
            items=copies(grains),
            citizen_id=lan,
            hold=timedelta(milliseconds=dice.choice((25, 25, 250))),
            now=now,
        )
        await asyncio.sleep(dice.uniform(0, 0.04))
        await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
    except SlotFull:
        return "full"
    except HoldExpired:
        return "too late"
    await give_up(row.id)
    return "confirmed"


async def give_up(appointment_id: uuid.UUID) -> None:
    """Half of the promises stay, the others leave room for the next: a hold again, and over."""
    if appointment_id.int % 2:
        assert DB.pool is not None
        await DB.pool.execute(
            "UPDATE appointment SET state = 'held', hold_expires_at = clock_timestamp() WHERE id = $1",
            appointment_id,
        )


async def confirmed_without_places() -> list[object]:
    """Promises that do not count in as many slots as they have grains."""
    assert DB.pool is not None
    rows: list[object] = await DB.pool.fetch(
        "SELECT id FROM appointment WHERE state = 'confirmed' AND grains <>"
        " (SELECT count(*) FROM appointment_slot WHERE appointment_id = appointment.id)"
    )
    return rows


async def test_of_520_who_ask_for_100_places_100_get_one(
    crowded: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=100, grains=1)
    door = asyncio.Semaphore(CONNECTIONS)

    async def ask() -> AppointmentRow:
        async with door:
            return await operations.book(
                centre_id=crowded.centre_id,
                starts_at=crowded.opens,
                items=copies(),
                citizen_id=uuid.uuid4(),
                now=now,
            )

    answers = await asyncio.gather(*(ask() for _ in range(520)), return_exceptions=True)

    held = [answer.reference for answer in answers if isinstance(answer, AppointmentRow)]
    assert len(held) == len(set(held)) == 100
    assert sum(isinstance(answer, SlotFull) for answer in answers) == 420
    assert await drift() == []


async def test_whom_officers_booked_beyond_the_places_is_found(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=2, grains=2, overbook_limit=1)

    async def book(channel: Channel, *, at: datetime) -> AppointmentRow:
        return await operations.book(
            centre_id=place.centre_id,
            starts_at=at,
            items=[Item(COPIES, 1)],
            citizen_id=uuid.uuid4(),
            channel=channel,
            now=now,
        )

    first = await book(Channel.STAFF, at=place.opens)
    other = await book(Channel.ONLINE, at=place.opens)
    beyond = await book(Channel.STAFF, at=place.opens)
    await book(Channel.STAFF, at=place.opens + GRAIN)
    day = {"start": place.opens, "end": place.opens + 2 * GRAIN}

    assert [row.id for row in await queries.overbooked(place.centre_id, **day)] == [beyond.id]
    with pytest.raises(SlotFull):
        await book(Channel.STAFF, at=place.opens)
    await operations.cancel(appointment_id=other.id, citizen_id=other.citizen_id, now=now)
    assert await queries.overbooked(place.centre_id, **day) == []
    assert first.id != beyond.id
