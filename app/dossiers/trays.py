"""A centre's dossiers: what it received, what it sent on, what others received for it; how many of each."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

import msgspec

from app.core.clock import at_local
from app.core.database import fetch, fetch_row
from app.dossiers.queries import COLUMNS, DossierRow

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Tray(StrEnum):
    """Which dossiers of a centre: what it received, what it sent on, what others received for it."""

    RECEIVED = "received"
    SENT_ON = "sent_on"
    FROM_ELSEWHERE = "from_elsewhere"


IN_TRAY: Final[Mapping[Tray, str]] = MappingProxyType(
    {
        Tray.RECEIVED: "centre_id = $1",
        Tray.SENT_ON: "centre_id = $1 AND competent_centre_id IS NOT NULL",
        Tray.FROM_ELSEWHERE: "competent_centre_id = $1",
    }
)


class TrayPosition(NamedTuple):
    """Where a page ended; bounded, for it comes back in a cursor a client may have written."""

    accepted_us: Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000_000)]
    id: uuid.UUID

    @classmethod
    def of(cls, row: DossierRow) -> "TrayPosition":
        return cls((row.accepted_at - EPOCH) // timedelta(microseconds=1), row.id)

    @property
    def accepted_at(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.accepted_us)


async def in_tray(
    tray: Tray, *, centre_id: uuid.UUID, status: int | None, before: TrayPosition | None, limit: int
) -> Sequence[DossierRow]:
    """A centre's dossiers, the last accepted first, of one status or of any."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM dossier WHERE {IN_TRAY[tray]} AND ($2::smallint IS NULL OR status = $2)"
        " AND ($3::timestamptz IS NULL OR (accepted_at, id) < ($3, $4::uuid))"
        " ORDER BY accepted_at DESC, id DESC LIMIT $5",
        centre_id,
        status,
        before.accepted_at if before else None,
        before.id if before else None,
        limit,
    )
    return [DossierRow(*row) for row in rows]


class Intake(NamedTuple):
    """A centre's dossiers of a period. Each is received by one centre and decided by one, often the same:
    so the received of all centres are as many as the decided of all centres.

    `on_time` is of those decided here, by the rule of `on_time.py`.
    """

    received: int
    sent_on: int
    decided_here: int
    from_elsewhere: int
    ended: int
    on_time: int


# Where processing ends for the national score; who waits for a supplement ended when it was asked for.
ENDS: Final = (
    "coalesce(ended_at, returned_at, (SELECT p.began_at FROM dossier_pause p WHERE p.dossier_id = d.id"
    " AND p.ended_at IS NULL AND p.status = 5), $4)"
)


async def count_intake(centre_id: uuid.UUID, *, first: date, last: date, now: datetime) -> Intake:
    """Of the dossiers accepted from the first to the last local day; what has no end yet is held against
    the end of the period, or against now while it lasts.
    """
    start, end = at_local(first, 0), at_local(last, 0) + timedelta(days=1)
    row = await fetch_row(
        "WITH counted AS (SELECT d.*, centre_id = $1 AS received_here,"
        " coalesce(competent_centre_id, centre_id) = $1 AS decided_here FROM dossier d"
        " WHERE (centre_id = $1 OR competent_centre_id = $1)"
        " AND accepted_at >= $2 AND accepted_at < $3 AND due_at IS NOT NULL)"
        " SELECT count(*) FILTER (WHERE received_here)::int,"
        " count(*) FILTER (WHERE received_here AND NOT decided_here)::int,"
        " count(*) FILTER (WHERE decided_here)::int,"
        " count(*) FILTER (WHERE decided_here AND NOT received_here)::int,"
        " count(*) FILTER (WHERE decided_here AND ended_at IS NOT NULL)::int,"
        f" count(*) FILTER (WHERE decided_here AND supplement_count <= 1 AND {ENDS} <= due_at)::int"
        " FROM counted d",
        centre_id,
        start,
        end,
        min(end, now),
    )
    assert row is not None
    return Intake(*row)
