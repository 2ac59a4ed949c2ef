"""What can be asked about acting for businesses."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.businesses.rules import Role
from app.core.database import fetch, fetch_row, fetch_value
from app.core.tax_codes import business_id


class DelegationRow(NamedTuple):
    """One delegation; `phone` is that of the person's account."""

    id: uuid.UUID
    citizen_id: uuid.UUID
    tax_code: str
    name: str
    role: str
    valid_from: date
    valid_to: date | None
    reference: str
    centre_id: uuid.UUID | None
    granted_by: uuid.UUID | None
    made_at: datetime
    revoked_at: datetime | None
    revoked_because: str
    version: int
    phone: str | None


_OWN: Final = ", ".join(f"d.{name}" for name in DelegationRow._fields if name != "phone")
SELECT: Final = (
    f"SELECT {_OWN}, a.phone FROM business_delegation d LEFT JOIN phone_account a ON a.id = d.citizen_id"
)
# Of the day `{on}`; both of its days are included.
CURRENT: Final = (
    "d.revoked_at IS NULL AND {on}::date BETWEEN d.valid_from AND coalesce(d.valid_to, 'infinity')"
)

# For letting know, not for letting in: by the database's day, on which a granted one may not have begun.
NOT_OVER: Final = """d.revoked_at IS NULL AND coalesce(d.valid_to, 'infinity')
    >= (clock_timestamp() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"""


def belongs(alias: str, *, citizen: str, on: str) -> str:
    """SQL: the row is the person's own, or of a business they act for on the day; no day, no business.

    `alias` names a table with `citizen_id` and `tax_code`; the others are parameters, such as `$2`.
    """
    return (
        f"({alias}.tax_code IS NULL AND {alias}.citizen_id = {citizen}"
        " OR EXISTS (SELECT FROM business_delegation d"
        f" WHERE d.tax_code = {alias}.tax_code AND d.citizen_id = {citizen} AND {CURRENT.format(on=on)}))"
    )


async def of_person(
    citizen_id: uuid.UUID, *, before: uuid.UUID | None, limit: int
) -> Sequence[DelegationRow]:
    """Every delegation somebody has or had, latest first."""
    rows = await fetch(
        f"{SELECT} WHERE d.citizen_id = $1 AND ($2::uuid IS NULL OR d.id < $2) ORDER BY d.id DESC LIMIT $3",
        citizen_id,
        before,
        limit,
    )
    return [DelegationRow(*row) for row in rows]


async def of_business(tax_code: str, *, before: uuid.UUID | None, limit: int) -> Sequence[DelegationRow]:
    """Every delegation of a business, latest first; whoever asks has been let in."""
    rows = await fetch(
        f"{SELECT} WHERE d.tax_code = $1 AND ($2::uuid IS NULL OR d.id < $2) ORDER BY d.id DESC LIMIT $3",
        tax_code,
        before,
        limit,
    )
    return [DelegationRow(*row) for row in rows]


async def by_id(delegation_id: uuid.UUID) -> DelegationRow | None:
    """Anybody's delegation; never for a caller's id."""
    row = await fetch_row(f"{SELECT} WHERE d.id = $1", delegation_id)
    return None if row is None else DelegationRow(*row)


async def whom_to_tell(tax_code: str, *, given: str | None, by: uuid.UUID | None = None) -> str | None:
    """The phone that is told of what `by` did for a business; `given` is the one they named, if any.

    Nobody's who acted for it and does not any more: then that of `by`, of a representative, of whoever
    acts for it. None when nobody does.
    """
    rows = await fetch(
        f"SELECT a.phone, {NOT_OVER} AS current FROM business_delegation d"
        " JOIN phone_account a ON a.id = d.citizen_id WHERE d.tax_code = $1 AND a.phone IS NOT NULL"
        " ORDER BY d.citizen_id IS NOT DISTINCT FROM $2 DESC, d.role = 'representative' DESC, d.id",
        tax_code,
        by,
    )
    acting = [row["phone"] for row in rows if row["current"]]
    if given is not None and (given in acting or given not in {row["phone"] for row in rows}):
        return given
    return next(iter(acting), None)


async def owners_acted_for(citizen_id: uuid.UUID, *, on: date) -> frozenset[uuid.UUID]:
    """As whom somebody acts on a day: the `business_id` of each business, which owns its documents."""
    rows = await fetch(
        "SELECT d.tax_code FROM business_delegation d"
        f" WHERE d.citizen_id = $1 AND {CURRENT.format(on='$2')}",
        citizen_id,
        on,
    )
    return frozenset(business_id(row["tax_code"]) for row in rows)


async def acts_for(citizen_id: uuid.UUID, tax_code: str, *, on: date, role: Role | None = None) -> bool:
    """Whether somebody acts for a business on a day, perhaps as its representative."""
    return bool(
        await fetch_value(
            "SELECT EXISTS (SELECT FROM business_delegation d WHERE d.citizen_id = $1 AND d.tax_code = $2"
            f" AND ($4::text IS NULL OR d.role = $4) AND {CURRENT.format(on='$3')})",
            citizen_id,
            tax_code,
            on,
            None if role is None else role.value,
        )
    )
