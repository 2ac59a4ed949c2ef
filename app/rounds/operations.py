"""What a partner says of its couriers."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.rounds import contracts, queries, shifts
from app.rounds.errors import ShiftNotValid
from app.rounds.queries import COURIER, SHIFT, CourierRow, ShiftRow

LONGEST_SHIFT: Final = timedelta(hours=16)


@operation
async def upsert_courier(
    *,
    partner_id: uuid.UUID,
    external_id: str,
    given_name: str,
    phone: str,
    skills: Sequence[str],
    lat: float,
    lon: float,
    active: bool,
    now: datetime,
) -> CourierRow:
    """The courier as the partner knows them; saying the same again changes nothing but the version."""
    await contracts.refuse_outside(partner_id, skills, today=local_date(now))
    row = await in_transaction().fetchrow(
        "INSERT INTO courier (id, partner_id, external_id, given_name, phone, skills, lat, lon,"
        " active) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)"
        " ON CONFLICT (partner_id, external_id) DO UPDATE SET given_name = EXCLUDED.given_name,"
        " phone = EXCLUDED.phone, skills = EXCLUDED.skills, lat = EXCLUDED.lat,"
        " lon = EXCLUDED.lon, active = EXCLUDED.active, version = courier.version + 1"
        f" RETURNING {COURIER}",
        new_id(),
        partner_id,
        external_id,
        given_name,
        phone,
        sorted(set(skills)),
        lat,
        lon,
        active,
    )
    await journal.write("courier.put", object_kind="courier", object_id=row["id"], at=now)
    courier = CourierRow(*row)
    for shift in await shifts.of_days_to_come(courier.id, local_date(now)):
        await shifts.renew(courier, shift, now=now)
    return courier


@operation
async def upsert_shift(
    *,
    partner_id: uuid.UUID,
    external_id: str,
    day: date,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    now: datetime,
) -> ShiftRow:
    """The courier's working time on a day. Visits promised before stay promised."""
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT or local_date(starts_at) != day:
        raise ShiftNotValid
    courier = await queries.courier(partner_id, external_id)
    row = await in_transaction().fetchrow(
        "INSERT INTO courier_shift (id, courier_id, date, starts_at, ends_at, capacity)"
        " VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (courier_id, date) DO UPDATE SET"
        " starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at,"
        f" capacity = EXCLUDED.capacity, version = courier_shift.version + 1 RETURNING {SHIFT}",
        new_id(),
        courier.id,
        day,
        starts_at,
        ends_at,
        capacity,
    )
    await journal.write("courier_shift.put", object_kind="courier", object_id=courier.id, at=now)
    await shifts.renew(courier, ShiftRow(*row), now=now)
    return ShiftRow(*row)
