"""What can be done about officers and their terms; each function is one transaction."""

import uuid
from datetime import date, datetime

import asyncpg

from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.staff import queries, rules
from app.staff.errors import (
    OfficerNotFound,
    TermNotValid,
    TermOverlap,
)
from app.staff.queries import ShiftRow
from app.staff.steps import shift_of


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
    return await shift_of(shift_id, centre_id, local_date(now))
