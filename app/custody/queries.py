"""What can be asked about packages."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_row
from app.custody.errors import PackageNotFound
from app.custody.heads import Head


class PackageRow(NamedTuple):
    """A package and its custodian."""

    id: uuid.UUID
    seal_number: str
    centre_id: uuid.UUID
    citizen_id: uuid.UUID
    home_visit_id: uuid.UUID
    direction: str
    state: str
    custodian_kind: str
    custodian_id: str
    contents: str
    last_n: int
    head: bytes
    sealed_at: datetime
    item_number: str | None
    version: int


class ChainLink(NamedTuple):
    """One change of hands."""

    n: int
    type: str
    giver_kind: str
    giver_id: str
    receiver_kind: str
    receiver_id: str
    seal_state: str
    occurred_at: datetime
    recorded_at: datetime
    body: str
    hash: bytes


COLUMNS: Final = ", ".join(PackageRow._fields)
LINK_COLUMNS: Final = ", ".join(ChainLink._fields)
HEAD_COLUMNS: Final = ", ".join(Head._fields)


async def by_seal(seal_number: str) -> PackageRow:
    row = await fetch_row(f"SELECT {COLUMNS} FROM package WHERE seal_number = $1", seal_number)
    if row is None:
        raise PackageNotFound
    return PackageRow(*row)


async def of_visit(home_visit_id: uuid.UUID) -> PackageRow | None:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM package WHERE home_visit_id = $1 ORDER BY id DESC LIMIT 1",
        home_visit_id,
    )
    return None if row is None else PackageRow(*row)


async def chain(package_id: uuid.UUID) -> Sequence[ChainLink]:
    """Every change of hands, in order."""
    rows = await fetch(
        f"SELECT {LINK_COLUMNS} FROM custody_event WHERE package_id = $1 ORDER BY n",
        package_id,
    )
    return [ChainLink(*row) for row in rows]


async def signed_heads(*, since: date | None = None) -> Sequence[Head]:
    """The heads of the days, the first one first."""
    rows = await fetch(
        f"SELECT {HEAD_COLUMNS} FROM custody_head WHERE $1::date IS NULL OR day >= $1 ORDER BY day",
        since,
    )
    return [Head(*row) for row in rows]
