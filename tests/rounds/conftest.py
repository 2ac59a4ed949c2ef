"""Couriers of one postal partner on one day."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta

import pytest

from app.core.clock import at_local, local_date
from app.home_service import operations
from app.rounds.queries import CourierRow

PARTNER = uuid.UUID(int=40)
HOA_LU = (20.26, 105.97)


@pytest.fixture
def day(now: datetime) -> date:
    return local_date(now) + timedelta(days=1)


Hire = Callable[..., Awaitable[CourierRow]]


@pytest.fixture
def hire(database: object, day: date, now: datetime) -> Hire:
    """`await hire("tu", lat=20.3)`: a courier on shift from 07:00 to 18:30 of the day."""

    async def run(
        name: str,
        *,
        lat: float = HOA_LU[0],
        lon: float = HOA_LU[1],
        skills: Sequence[str] = ("*",),
        capacity: int = 30,
        active: bool = True,
        partner_id: uuid.UUID = PARTNER,
    ) -> CourierRow:
        row = await operations.put_courier(
            partner_id=partner_id,
            external_id=name,
            given_name=name.title(),
            phone="+84912345678",
            skills=skills,
            lat=lat,
            lon=lon,
            active=active,
            now=now,
        )
        await operations.put_shift(
            partner_id=partner_id,
            external_id=name,
            day=day,
            starts_at=at_local(day, 7),
            ends_at=at_local(day, 18, 30),
            capacity=capacity,
            now=now,
        )
        return row

    return run
