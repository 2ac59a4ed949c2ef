"""Booking for a business: whose day it counts in, who may touch it, and what a revocation ends."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest
from asyncpg.pool import PoolConnectionProxy as PoolConnection
from stdnum.vn import mst

from app.appointments import operations, queries
from app.appointments.errors import AppointmentLimit, AppointmentNotFound
from app.appointments.needs import Item
from app.appointments.queries import AppointmentRow
from app.businesses import operations as businesses
from app.businesses.errors import BusinessNotFound
from app.businesses.operations import Period
from app.businesses.queries import DelegationRow
from app.businesses.rules import Role
from app.businesses.steps import act_for
from app.core.clock import local_date
from app.core.database import DB, transaction
from app.queue import operations as queue
from tests.appointments.conftest import BIRTH, GRAIN, Place, Publish, copies, drift

COMPANY, OTHER_COMPANY = "0100109106", "0101243150"
ACCOUNTANT, CLERK = "+84912000002", "+84912000003"
WAITING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
# Somebody waits for somebody who waits.
BOTH_WAIT = """
SELECT count(*) > 0 FROM pg_stat_activity behind, unnest(pg_blocking_pids(behind.pid)) AS first (pid)
 WHERE behind.datname = current_database() AND cardinality(pg_blocking_pids(first.pid)) > 0
"""


def company(n: int) -> str:
    """The n-th of many, with its check digit."""
    nine = f"{20000 + n:09d}"
    digit = mst.calc_check_digit(nine)
    return f"{nine}{digit}" if len(digit) == 1 else company(n + 1000)


async def delegated(
    phone: str, now: datetime, *, tax_code: str = COMPANY, period: Period | None = None
) -> DelegationRow:
    return await businesses.register(
        tax_code=tax_code,
        name="Công ty TNHH Cúc Phương",
        phone=phone,
        role=Role.DELEGATE,
        reference="GUQ 12",
        period=period or Period(),
        centre_id=uuid.uuid4(),
        now=now,
    )


async def revoke(delegation: DelegationRow, now: datetime) -> None:
    await businesses.revoke_at_counter(delegation_id=delegation.id, because="Nghỉ việc", now=now)


async def book(
    place: Place, by: DelegationRow, now: datetime, *, items: list[Item] | None = None, grain: int = 0
) -> AppointmentRow:
    return await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens + grain * GRAIN,
        items=items or copies(),
        citizen_id=by.citizen_id,
        tax_code=by.tax_code,
        now=now,
    )


async def test_a_business_has_a_day_of_its_own_whoever_books(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    accountant, clerk = await delegated(ACCOUNTANT, now), await delegated(CLERK, now)
    row = await book(place, accountant, now)
    await operations.confirm(appointment_id=row.id, citizen_id=accountant.citizen_id, now=now)

    with pytest.raises(AppointmentLimit) as refused:
        await book(place, clerk, now, grain=2)
    own = await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens,
        items=copies(),
        citizen_id=accountant.citizen_id,
        now=now,
    )

    assert refused.value.facts["rule"] == "one_per_sector_per_day"
    assert (row.tax_code, own.tax_code) == (COMPANY, None)
    mine = await queries.all_mine(citizen_id=accountant.citizen_id, before=None, limit=10)
    theirs = await queries.of_business(COMPANY, before=None, limit=10)
    assert ([each.id for each in mine], [each.id for each in theirs]) == ([own.id], [row.id])
    assert await drift() == []


async def test_any_of_its_delegates_moves_and_cancels_what_another_booked(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    accountant, clerk = await delegated(ACCOUNTANT, now), await delegated(CLERK, now)
    row = await book(place, accountant, now)

    confirmed = await operations.confirm(appointment_id=row.id, citizen_id=clerk.citizen_id, now=now)
    moved = await operations.reschedule(
        appointment_id=row.id, citizen_id=clerk.citizen_id, starts_at=place.opens + 3 * GRAIN, now=now
    )
    cancelled = await operations.cancel(appointment_id=row.id, citizen_id=clerk.citizen_id, now=now)

    assert (confirmed.state, moved.starts_at, cancelled.state) == (
        "confirmed",
        place.opens + 3 * GRAIN,
        "cancelled",
    )
    assert moved.tax_code == COMPANY
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM appointment_claim") == 0
    assert await drift() == []


async def test_a_revoked_delegate_finds_nothing_of_the_business(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    accountant, clerk = await delegated(ACCOUNTANT, now), await delegated(CLERK, now)
    row = await book(place, accountant, now)
    await operations.confirm(appointment_id=row.id, citizen_id=accountant.citizen_id, now=now)
    told = await queries.contact_of(row.id)
    await revoke(accountant, now)
    who, today = accountant.citizen_id, local_date(now)

    with pytest.raises(BusinessNotFound):
        await book(place, accountant, now, items=[Item(BIRTH, 1)])
    with pytest.raises(AppointmentNotFound):
        await queries.mine(row.id, citizen_id=who, on=today)
    with pytest.raises(AppointmentNotFound):
        await operations.confirm(appointment_id=row.id, citizen_id=who, now=now)
    with pytest.raises(AppointmentNotFound):
        await operations.cancel(appointment_id=row.id, citizen_id=who, now=now)
    with pytest.raises(AppointmentNotFound):
        await operations.reschedule(
            appointment_id=row.id, citizen_id=who, starts_at=place.opens + GRAIN, now=now
        )
    with pytest.raises(AppointmentNotFound):
        await queue.check_in(appointment_id=row.id, citizen_id=who, now=place.opens)

    assert told is not None and told.phone == ACCOUNTANT
    now_told = await queries.contact_of(row.id)
    assert now_told is not None and now_told.phone == CLERK
    assert (await queries.mine(row.id, citizen_id=clerk.citizen_id, on=today)).state == "confirmed"
    await revoke(clerk, now)
    assert await queries.contact_of(row.id) is None


async def test_a_day_before_or_after_its_days_a_delegation_books_nothing(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    later = Period(local_date(now) + timedelta(days=3), local_date(now) + timedelta(days=5))
    coming = await delegated(ACCOUNTANT, now, period=later)

    for moment in (now, now + timedelta(days=2)):
        with pytest.raises(BusinessNotFound):
            await businesses_act(coming, moment)
    await businesses_act(coming, now + timedelta(days=3))
    await businesses_act(coming, now + timedelta(days=5))
    with pytest.raises(BusinessNotFound):
        await businesses_act(coming, now + timedelta(days=6))
    with pytest.raises(BusinessNotFound):
        await book(place, coming, now)


async def businesses_act(delegation: DelegationRow, moment: datetime) -> None:
    async with transaction():
        await act_for(delegation.tax_code, citizen_id=delegation.citizen_id, on=local_date(moment))


async def test_a_delegation_of_another_business_opens_nothing(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    accountant = await delegated(ACCOUNTANT, now)
    stranger = await delegated(CLERK, now, tax_code=OTHER_COMPANY)
    row = await book(place, accountant, now)

    with pytest.raises(BusinessNotFound):
        await book(place, stranger._replace(tax_code=COMPANY), now)
    with pytest.raises(AppointmentNotFound):
        await operations.confirm(appointment_id=row.id, citizen_id=stranger.citizen_id, now=now)
    with pytest.raises(AppointmentNotFound):
        await queries.mine(row.id, citizen_id=stranger.citizen_id, on=local_date(now))


async def test_booking_and_revoking_at_once_leaves_no_booking_after_the_revocation(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=8)
    for n in range(12):
        delegation = await delegated(f"+8491200{n:04d}", now, tax_code=company(n))

        async def try_to_book(delegation: DelegationRow = delegation) -> AppointmentRow | None:
            try:
                return await book(place, delegation, now)
            except BusinessNotFound:
                return None

        booking = asyncio.create_task(try_to_book())
        if n % 2:
            await asyncio.sleep(0)
        await revoke(delegation, now)
        row = await booking
        with pytest.raises(BusinessNotFound):
            await book(place, delegation, now, grain=3)
        held = await queries.of_business(delegation.tax_code, before=None, limit=10)
        assert [each.id for each in held] == ([] if row is None else [row.id])
        if row is not None:
            with pytest.raises(AppointmentNotFound):
                await operations.confirm(appointment_id=row.id, citizen_id=delegation.citizen_id, now=now)
    assert await drift() == []


async def until_waiting_for(connection: PoolConnection) -> None:
    """Until somebody waits for a lock this connection holds."""
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    async with asyncio.timeout(60):
        while not await connection.fetchval(WAITING, pid):
            await asyncio.sleep(0.01)


async def test_a_revocation_waits_for_the_booking_that_came_first(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    delegation = await delegated(ACCOUNTANT, now)
    assert DB.pool is not None
    async with DB.pool.acquire() as other, DB.pool.acquire() as eyes:
        async with other.transaction():
            await other.execute("SELECT FROM slot FOR UPDATE")
            booking = asyncio.create_task(book(place, delegation, now))
            await until_waiting_for(other)
            ending = asyncio.create_task(revoke(delegation, now))
            async with asyncio.timeout(60):
                while not await eyes.fetchval(BOTH_WAIT):
                    await asyncio.sleep(0.01)
            assert await eyes.fetchval("SELECT revoked_at IS NULL FROM business_delegation")
        row = await booking
        await ending

    assert row.state == "held"
    assert await DB.pool.fetchval("SELECT revoked_at IS NOT NULL FROM business_delegation")


async def test_a_booking_that_waited_for_a_revocation_is_refused(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    delegation = await delegated(ACCOUNTANT, now)
    held = await book(place, delegation, now)
    assert DB.pool is not None
    async with DB.pool.acquire() as other:
        async with other.transaction():
            await other.execute("UPDATE business_delegation SET revoked_at = $1", now)
            booking = asyncio.create_task(book(place, delegation, now, items=[Item(BIRTH, 1)]))
            await until_waiting_for(other)
            confirming = asyncio.create_task(
                operations.confirm(appointment_id=held.id, citizen_id=delegation.citizen_id, now=now)
            )
            async with asyncio.timeout(60):
                while await other.fetchval(WAITERS) < 2:
                    await asyncio.sleep(0.01)
        with pytest.raises(BusinessNotFound):
            await booking
        with pytest.raises(AppointmentNotFound):
            await confirming

    assert [row.state for row in await queries.of_business(COMPANY, before=None, limit=10)] == ["held"]
