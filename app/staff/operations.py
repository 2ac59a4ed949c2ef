"""What can be done about officers and their terms; each function is one transaction."""

import uuid
from datetime import date, datetime

import asyncpg

from app.centres import queries as centres
from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.wakeups import wake_after_commit
from app.staff import queries, rules
from app.staff.errors import (
    NotOnStandby,
    OfficerNotFound,
    ShiftNotFound,
    TermNotValid,
    TermOverlap,
)
from app.staff.events import StandbyActivated
from app.staff.queries import ShiftRow


@operation
async def assign(
    *,
    officer_id: uuid.UUID,
    centre_id: uuid.UUID,
    kind: str,
    starts_on: date,
    ends_on: date,
    decision: str,
    override_reason: str = "",
    now: datetime,
) -> ShiftRow:
    """Put an officer of the centre on its official or standby list for a term."""
    officer = await queries.officer(officer_id)
    if officer is None or officer.centre_id != centre_id:
        raise OfficerNotFound
    if not rules.term_is_lawful(starts_on, ends_on, override_reason=override_reason):
        raise TermNotValid
    shift_id = new_id()
    try:
        await in_transaction().execute(
            "INSERT INTO shift (id, officer_id, centre_id, kind, starts_on, ends_on, decision,"
            " override_reason, version, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,1,$9)",
            shift_id,
            officer_id,
            centre_id,
            kind,
            starts_on,
            ends_on,
            decision,
            override_reason,
            now,
        )
    except asyncpg.ExclusionViolationError:
        raise TermOverlap from None
    await journal.write(
        "shift.assigned",
        object_kind="shift",
        object_id=shift_id,
        at=now,
        detail={"officer_id": officer_id, "centre_id": centre_id, "kind": kind},
    )
    return await _shift(shift_id, centre_id, local_date(now))


@operation
async def activate_standby(
    *, shift_id: uuid.UUID, centre_id: uuid.UUID, counter_id: uuid.UUID, now: datetime
) -> ShiftRow:
    """Let a standby officer take over a counter for today. Twice is once."""
    day = local_date(now)
    shift = await _shift(shift_id, centre_id, day)
    if shift.kind != "standby" or not rules.is_in_term(
        day, starts_on=shift.starts_on, ends_on=shift.ends_on
    ):
        raise NotOnStandby
    await centres.counter(counter_id, centre_id=centre_id)
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
    return await _shift(shift_id, centre_id, day)


async def _shift(shift_id: uuid.UUID, centre_id: uuid.UUID, day: date) -> ShiftRow:
    found = await queries.shift(shift_id, centre_id=centre_id, on=day)
    if found is None:
        raise ShiftNotFound
    return found
