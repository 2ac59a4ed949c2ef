"""Granting and revoking delegations (ủy quyền, chấm dứt ủy quyền)."""

import uuid
from datetime import date, datetime
from typing import NamedTuple

import asyncpg

from app.businesses import rules, steps
from app.businesses.errors import (
    BusinessNotFound,
    DelegationNotFound,
    DelegationNotValid,
    DelegationOverlap,
    RepresentativeNotToBeRevoked,
)
from app.businesses.queries import SELECT, DelegationRow
from app.businesses.rules import Role
from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.tax_codes import business_id
from app.identity.steps import account_for


class Period(NamedTuple):
    """From–to in local days, both included; from today and until `rules.last_day` where not named."""

    valid_from: date | None = None
    valid_to: date | None = None


@operation
async def register(
    *,
    tax_code: str,
    name: str,
    phone: str,
    role: Role,
    reference: str,
    period: Period,
    centre_id: uuid.UUID,
    now: datetime,
) -> DelegationRow:
    """What an officer saw on a paper at the counter: who represents a business, or is delegated by it.

    Raises `DelegationNotValid`, `DelegationOverlap`.
    """
    return await _write(
        citizen_id=await account_for(phone, now=now),
        tax_code=tax_code,
        name=name,
        role=role,
        reference=reference,
        period=period,
        centre_id=centre_id,
        now=now,
    )


@operation
async def grant(
    *, tax_code: str, representative_id: uuid.UUID, phone: str, period: Period, now: datetime
) -> DelegationRow:
    """A representative lets the holder of a phone act for the business; whether it is known is not told.

    What was granted stays when its representative changes: the business granted it (Civil Code, article
    140.3). Raises `BusinessNotFound` for everybody but its representatives, `DelegationNotValid`,
    `DelegationOverlap`.
    """
    name = await steps.act_for(
        tax_code, citizen_id=representative_id, on=local_date(now), role=Role.REPRESENTATIVE
    )
    citizen_id = await account_for(phone, now=now)
    if citizen_id == representative_id:
        raise DelegationNotValid(
            errors=[{"pointer": "/phone", "code": "yourself", "detail": "A representative acts already."}]
        )
    return await _write(
        citizen_id=citizen_id,
        tax_code=tax_code,
        name=name,
        role=Role.DELEGATE,
        reference="",
        period=period,
        granted_by=representative_id,
        now=now,
    )


async def _write(
    *,
    citizen_id: uuid.UUID,
    tax_code: str,
    name: str,
    role: Role,
    reference: str,
    period: Period,
    now: datetime,
    centre_id: uuid.UUID | None = None,
    granted_by: uuid.UUID | None = None,
) -> DelegationRow:
    today = local_date(now)
    valid_from = period.valid_from or today
    faults = rules.period_faults(valid_from=valid_from, valid_to=period.valid_to, today=today)
    if faults:
        raise DelegationNotValid(
            errors=[
                {"pointer": f"/{field}", "code": code, "detail": code.replace("_", " ")}
                for field, code in faults
            ]
        )
    delegation_id = new_id()
    try:
        await in_transaction().execute(
            "INSERT INTO business_delegation (id, citizen_id, tax_code, name, valid_from, valid_to,"
            " reference, centre_id, made_at, role, granted_by)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)",
            delegation_id,
            citizen_id,
            tax_code,
            name,
            valid_from,
            rules.last_day(role, valid_from=valid_from, valid_to=period.valid_to),
            reference,
            centre_id,
            now,
            role.value,
            granted_by,
        )
    except asyncpg.ExclusionViolationError:
        raise DelegationOverlap from None
    await journal.write(
        "delegation.granted",
        object_kind="business_delegation",
        object_id=delegation_id,
        at=now,
        detail={"business": business_id(tax_code), "role": role.value, "citizen_id": citizen_id},
    )
    return await _read(delegation_id)


@operation
async def revoke(*, delegation_id: uuid.UUID, citizen_id: uuid.UUID, now: datetime) -> DelegationRow:
    """End a delegation at once: by a representative of the business, or by the delegate (Civil Code,
    article 140.3d: either side may). Again, it changes nothing.

    Raises `DelegationNotFound` for everybody else, `RepresentativeNotToBeRevoked`.
    """
    row = await _locked(delegation_id)
    if row.citizen_id != citizen_id:
        await _refuse_stranger(row, citizen_id, on=local_date(now))
    if row.role == Role.REPRESENTATIVE:
        raise RepresentativeNotToBeRevoked
    return await _end(row, because="", now=now)


@operation
async def revoke_at_counter(*, delegation_id: uuid.UUID, because: str, now: datetime) -> DelegationRow:
    """An officer saw that it ended: the business told so in writing, or another represents it now.

    Again, it changes nothing. Raises `DelegationNotFound`.
    """
    return await _end(await _locked(delegation_id), because=because, now=now)


async def _locked(delegation_id: uuid.UUID) -> DelegationRow:
    """The delegation, once nobody acts by it any more; `DelegationNotFound`."""
    found = await in_transaction().fetchval(
        "SELECT true FROM business_delegation WHERE id = $1 FOR NO KEY UPDATE", delegation_id
    )
    if found is None:
        raise DelegationNotFound
    return await _read(delegation_id)


async def _refuse_stranger(row: DelegationRow, citizen_id: uuid.UUID, *, on: date) -> None:
    try:
        await steps.act_for(row.tax_code, citizen_id=citizen_id, on=on, role=Role.REPRESENTATIVE)
    except BusinessNotFound:
        raise DelegationNotFound from None


async def _end(row: DelegationRow, *, because: str, now: datetime) -> DelegationRow:
    if row.revoked_at is not None:
        return row
    await in_transaction().execute(
        "UPDATE business_delegation SET revoked_at = $2, revoked_because = $3, version = version + 1"
        " WHERE id = $1",
        row.id,
        now,
        because,
    )
    await journal.write(
        "delegation.revoked",
        object_kind="business_delegation",
        object_id=row.id,
        at=now,
        detail={"business": business_id(row.tax_code), "role": row.role},
    )
    return row._replace(revoked_at=now, revoked_because=because, version=row.version + 1)


async def _read(delegation_id: uuid.UUID) -> DelegationRow:
    row = await in_transaction().fetchrow(f"{SELECT} WHERE d.id = $1", delegation_id)
    return DelegationRow(*row)
