"""What another concept may join into its own transaction: the place of officers and terms."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.rows import put
from app.core.wakeups import wake_after_commit
from app.staff import queries, rules
from app.staff.errors import NotOnRoster, NotOnStandby, ShiftNotFound
from app.staff.events import StandbyActivated
from app.staff.queries import ShiftRow


class OfficerRecord(NamedTuple):
    """An officer as stored."""

    id: uuid.UUID
    centre_id: uuid.UUID
    name: str
    role: str
    active: bool
    created_at: datetime


class ShiftRecord(NamedTuple):
    """A term as stored."""

    id: uuid.UUID
    officer_id: uuid.UUID
    centre_id: uuid.UUID
    kind: str
    starts_on: date
    ends_on: date
    decision: str
    override_reason: str
    version: int
    created_at: datetime


async def put_officers(rows: Iterable[OfficerRecord]) -> int:
    """Write officers; how many changed."""
    return await put("officer", rows, key=("id",))


async def put_shifts(rows: Iterable[ShiftRecord]) -> int:
    return await put("shift", rows, key=("id",))


async def require_term(
    officer_id: uuid.UUID, *, centre_id: uuid.UUID, counter_id: uuid.UUID, on: date
) -> None:
    """An officer may sit at a counter that day; raises `NotOnRoster`."""
    found = await queries.standing(centre_id, officer_id, counter_id=counter_id, on=on)
    if not rules.may_open_a_counter(**found._asdict()):
        raise NotOnRoster


async def stand_in(
    shift_id: uuid.UUID, *, centre_id: uuid.UUID, counter_id: uuid.UUID, now: datetime
) -> ShiftRow:
    """A standby officer is called to a counter for today. Twice is once.

    Raises `ShiftNotFound`, and `NotOnStandby` outside the term. The term's row stays locked, so that one
    officer is not called to two counters at once.
    """
    day = local_date(now)
    await in_transaction().execute("SELECT FROM shift WHERE id = $1 FOR UPDATE", shift_id)
    shift = await shift_of(shift_id, centre_id, day)
    if shift.kind != "standby" or not rules.is_in_term(
        day, starts_on=shift.starts_on, ends_on=shift.ends_on
    ):
        raise NotOnStandby
    made = await in_transaction().fetchval(
        "INSERT INTO standby_activation (id, shift_id, centre_id, counter_id, day, at)"
        " VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (shift_id, counter_id, day) DO NOTHING"
        " RETURNING id",
        new_id(),
        shift_id,
        centre_id,
        counter_id,
        day,
        now,
    )
    if made is not None:
        await outbox.record(
            StandbyActivated(
                occurred_at=now,
                shift_id=shift_id,
                centre_id=centre_id,
                officer_id=shift.officer_id,
                counter_id=counter_id,
                day=day,
            )
        )
        await journal.write(
            "shift.standby_activated",
            object_kind="shift",
            object_id=shift_id,
            at=now,
            detail={"counter_id": counter_id, "officer_id": shift.officer_id},
        )
        wake_after_commit(f"centre:{centre_id}")
    return await shift_of(shift_id, centre_id, day)


async def shift_of(shift_id: uuid.UUID, centre_id: uuid.UUID, day: date) -> ShiftRow:
    """A term of the centre, as it stands on the day; raises `ShiftNotFound`."""
    found = await queries.shift(shift_id, centre_id=centre_id, on=day)
    if found is None:
        raise ShiftNotFound
    return found
