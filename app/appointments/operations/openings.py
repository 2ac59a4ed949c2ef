"""Publishing an opening (mở ca tiếp nhận)."""

import uuid
from datetime import datetime, timedelta

from app.appointments import booking_rules, replacing, rules
from app.appointments.errors import OpeningNotValid, OpeningOnHoliday, OpeningOverlap, PoolNotFound
from app.appointments.events import OpeningPublished
from app.appointments.queries import OPENING, OpeningRow
from app.appointments.templates import HOLIDAY
from app.centres import queries as centres
from app.core import journal, outbox
from app.core.clock import local, local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.wakeups import wake_after_commit

STATUS_OPEN = "open"


async def open_pool(
    *,
    centre_id: uuid.UUID,
    pool_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    counters: int,
    now: datetime,
    grain_minutes: int | None = None,
    online_share: float | None = None,
    walkin_floor: int = 0,
    overbook_limit: int = 0,
    special: bool = False,
    decision: str | None = None,
) -> OpeningRow:
    """Open a pool of the centre from–to in the caller's transaction; its slots exist when this returns.

    On a holiday only when it is special, by a decision.

    Raises `PoolNotFound` for a pool of another centre, `CentreNotFound` for a centre that does not exist
    then, `OpeningNotValid` with every fault, `OpeningOnHoliday`, `OpeningOverlap` naming the opening that
    is in the way.
    """
    pool = await centres.pool(pool_id)
    if pool is None or pool.centre_id != centre_id:
        raise PoolNotFound
    day = max(local_date(starts_at), local_date(now))
    centre = await centres.get_centre(centre_id, on=day)
    grain = grain_minutes or centre.grain_minutes
    if online_share is None:
        online_share = (await booking_rules.rules_of(centre_id, on=day)).online_share
    faults = rules.opening_faults(
        starts_at=starts_at,
        ends_at=ends_at,
        counters=counters,
        grain_minutes=grain,
        walkin_floor=walkin_floor,
        now=now,
    )
    if special and not decision:
        faults.append(("decision", "required"))
    if faults:
        raise OpeningNotValid.at(faults)
    if not special:
        await _refuse_holidays(starts_at, ends_at)
    opening = OpeningRow(
        id=new_id(),
        centre_id=centre_id,
        pool_id=pool_id,
        starts_at=starts_at,
        ends_at=ends_at,
        counters=counters,
        grain_minutes=grain,
        **rules.shares(counters=counters, online_share=online_share, walkin_floor=walkin_floor)._asdict(),
        overbook_limit=overbook_limit,
        status=STATUS_OPEN,
        version=1,
        decision=decision,
    )
    await _write(opening, now)
    await _tell(opening, now)
    await replacing.support_orphans(centre_id, starts_at, ends_at, now=now)
    return opening


publish_opening = operation(open_pool)


async def _refuse_holidays(starts_at: datetime, ends_at: datetime) -> None:
    last = local_date(ends_at - timedelta(microseconds=1))
    for day in await centres.special_days(start=local_date(starts_at), end=last):
        if day.kind == HOLIDAY:
            raise OpeningOnHoliday(date=day.day, name_vi=day.name_vi, name_en=day.name_en)


async def _write(opening: OpeningRow, now: datetime) -> None:
    """The opening and its slots. The database refuses an overlap, also one being written right now."""
    columns = (*OpeningRow._fields, "created_at")
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    written = await in_transaction().fetchval(
        f"INSERT INTO opening ({', '.join(columns)}) VALUES ({places})"
        " ON CONFLICT DO NOTHING RETURNING true",
        *opening,
        now,
    )
    if not written:
        raise await _overlap(opening)
    starts = rules.grain_starts(opening.starts_at, opening.ends_at, opening.grain_minutes)
    await in_transaction().execute(
        "INSERT INTO slot (id, centre_id, pool_id, opening_id, starts_at, ends_at, open, capacity,"
        " online_cap, partner_cap, walkin_floor, overbook_limit)"
        " SELECT slot.id, $1, $2, $3, slot.starts_at, slot.starts_at + make_interval(mins => $4),"
        " true, $5, $6, $7, $8, $9"
        " FROM unnest($10::uuid[], $11::timestamptz[]) AS slot (id, starts_at)",
        opening.centre_id,
        opening.pool_id,
        opening.id,
        opening.grain_minutes,
        opening.counters,
        opening.online_cap,
        opening.partner_cap,
        opening.walkin_floor,
        opening.overbook_limit,
        [new_id() for _ in starts],  # In time order, so that locking by id locks by time.
        starts,
    )


async def _overlap(opening: OpeningRow) -> OpeningOverlap:
    row = await in_transaction().fetchrow(
        f"{OPENING} WHERE pool_id = $1 AND status = 'open'"
        " AND tstzrange(starts_at, ends_at) && tstzrange($2, $3) ORDER BY starts_at LIMIT 1",
        opening.pool_id,
        opening.starts_at,
        opening.ends_at,
    )
    other = OpeningRow(*row)
    return OpeningOverlap(
        opening={
            "id": other.id,
            "starts_at": local(other.starts_at),
            "ends_at": local(other.ends_at),
            "counters": other.counters,
        }
    )


async def _tell(opening: OpeningRow, now: datetime) -> None:
    await journal.write(
        "opening.published",
        object_kind="opening",
        object_id=opening.id,
        at=now,
        detail={
            "centre_id": opening.centre_id,
            "pool_id": opening.pool_id,
            "starts_at": opening.starts_at,
            "ends_at": opening.ends_at,
            "counters": opening.counters,
            "decision": opening.decision,
        },
    )
    await outbox.record(
        OpeningPublished(
            occurred_at=now,
            opening_id=opening.id,
            centre_id=opening.centre_id,
            pool_id=opening.pool_id,
            starts_at=opening.starts_at,
            ends_at=opening.ends_at,
        )
    )
    wake_after_commit(f"centre:{opening.centre_id}")
