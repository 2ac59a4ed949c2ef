"""A centre with two procedures in two sectors, its pools, and openings to book in."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pytest

from app.appointments import operations
from app.appointments.needs import Item
from app.appointments.queries import OpeningRow
from app.core.clock import at_local, local_date
from app.core.database import DB
from app.core.ids import new_id
from tests.conftest import Stores

COPIES = "2.000815"  # chứng thực bản sao: 1 grain
SIGNATURE = "2.000884"  # chứng thực chữ ký: same sector, 1 grain
BIRTH = "1.001193"  # khai sinh: another sector, 2 grains
GRAIN = timedelta(minutes=10)


class Place(NamedTuple):
    """A centre as the tests see it."""

    centre_id: uuid.UUID
    pool_id: uuid.UUID
    wide_pool_id: uuid.UUID
    opens: datetime


async def make_centre(*, name: str, opens: datetime, lat: float = 20.25) -> Place:
    """Two pools: one for certified copies and signatures, one that can do everything."""
    assert DB.pool is not None
    unit, centre, narrow, wide = (new_id() for _ in range(4))
    await DB.pool.execute(
        "INSERT INTO admin_unit (id, code, tier, name_vi, name_en, folded, valid_from, decision)"
        " VALUES ($1, $2, 'commune', $3, $3, $3, '2025-07-01', 'NQ 1664')",
        unit,
        f"{uuid.uuid4().int % 90000 + 10000}",
        name,
    )
    await DB.pool.execute(
        "INSERT INTO centre (id, code, unit_id, tier, name_vi, name_en, folded, address_vi,"
        " address_en, lat, lon, agency_code, grain_minutes, valid_from, verified)"
        " VALUES ($1, $2, $3, 'commune', $4, $4, $4, 'Số 1', 'No. 1', $5, 105.97, 'H42', 10,"
        " '2025-07-01', true)",
        centre,
        f"C{uuid.uuid4().hex[:8]}",
        unit,
        name,
        lat,
    )
    for pool, series in ((narrow, "A"), (wide, "B")):
        await DB.pool.execute(
            "INSERT INTO pool (id, centre_id, kind, code, series, name_vi, name_en)"
            " VALUES ($1, $2, 'counter', $3, $3, $3, $3)",
            pool,
            centre,
            series,
        )
    offered = {narrow: (COPIES, SIGNATURE), wide: (COPIES, SIGNATURE, BIRTH)}
    for pool, codes in offered.items():
        await DB.pool.executemany(
            "INSERT INTO pool_procedure (pool_id, procedure_code, centre_id, preference)"
            " VALUES ($1, $2, $3, 0)",
            [(pool, code, centre) for code in codes],
        )
    await DB.pool.executemany(
        "INSERT INTO procedure_offer (centre_id, procedure_code, grains, p50_minutes, p80_minutes,"
        " valid_from) VALUES ($1, $2, $3, 8, 12, '2025-07-01')",
        [(centre, COPIES, 1), (centre, SIGNATURE, 1), (centre, BIRTH, 2)],
    )
    return Place(centre, narrow, wide, opens)


async def make_procedures() -> None:
    assert DB.pool is not None
    await DB.pool.executemany(
        "INSERT INTO procedure (id, code, name_vi, name_en, folded, sector, level,"
        " receive_anywhere, site_inspection, presence, postal_intake, postal_return,"
        " processing_value, processing_unit, fee_vi, fee_en, exemptions_vi, exemptions_en,"
        " p50_minutes, p90_minutes, result_vi, result_en, fee_verified, processing_verified,"
        " code_is_local, decision, valid_from) VALUES ($1, $2, $2, $2, $2, $3, 'commune', true,"
        " false, 'none', true, true, 1, 'working_day', '', '', '', '', 8, 15, '', '', true, true,"
        " false, 'QĐ', '2025-07-01')",
        [
            (new_id(), COPIES, "chung_thuc"),
            (new_id(), SIGNATURE, "chung_thuc"),
            (new_id(), BIRTH, "ho_tich"),
        ],
    )


@pytest.fixture
def tomorrow(now: datetime) -> date:
    return local_date(now) + timedelta(days=1)


@pytest.fixture
async def place(database: Stores, tomorrow: date) -> Place:
    """The centre that most tests book at; it opens tomorrow at 08:00."""
    await make_procedures()
    return await make_centre(name="Hoa Lư", opens=at_local(tomorrow, 8))


Publish = Callable[..., Awaitable[OpeningRow]]


@pytest.fixture
def publish(place: Place, now: datetime) -> Publish:
    """`await publish(counters=4, grains=8)`: an opening of the narrow pool from 08:00."""

    async def run(
        *,
        counters: int = 4,
        grains: int = 8,
        at: Place = place,
        pool_id: uuid.UUID | None = None,
        **facts: float,
    ) -> OpeningRow:
        return await operations.publish_opening(
            centre_id=at.centre_id,
            pool_id=pool_id or at.pool_id,
            starts_at=at.opens,
            ends_at=at.opens + grains * GRAIN,
            counters=counters,
            now=now,
            **facts,
        )

    return run


def copies(quantity: int = 1) -> list[Item]:
    return [Item(COPIES, quantity)]


async def drift() -> list[object]:
    """Slots whose counters are not what the rows beside them add up to, or above their caps."""
    assert DB.pool is not None
    rows: list[object] = await DB.pool.fetch(
        "SELECT slot.id FROM slot LEFT JOIN LATERAL ("
        " SELECT count(*) FILTER (WHERE channel = 'online') AS online,"
        " count(*) FILTER (WHERE channel = 'partner') AS partner,"
        " count(*) FILTER (WHERE channel = 'staff') AS staff,"
        " count(*) FILTER (WHERE channel = 'walkin') AS walkin"
        " FROM appointment_slot placed JOIN appointment ON appointment.id = placed.appointment_id"
        " WHERE placed.slot_id = slot.id AND state IN ('held', 'confirmed', 'arrived')) found"
        " ON true WHERE (taken_online, taken_partner, taken_staff, taken_walkin)"
        " <> (found.online, found.partner, found.staff, found.walkin)"
        " OR taken_online > online_cap OR taken_partner > partner_cap"
        " OR taken_online + taken_partner + taken_staff + taken_walkin > capacity + overbook_limit"
    )
    return rows


async def let_holds_end() -> None:
    """Move the end of every hold into the past, on the database's own clock."""
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE appointment SET hold_expires_at = clock_timestamp() - interval '1 millisecond'"
        " WHERE state = 'held'"
    )
