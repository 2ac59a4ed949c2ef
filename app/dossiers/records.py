"""What is written down about a dossier for paper: its papers, its trail, its line in the register.

The register (sổ theo dõi hồ sơ) of a centre has a line for every dossier it accepted, in that order, and
sheets of `SHEET` lines a local day. What was only registered, or was refused, has been promised nothing and
has no line.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.core.clock import at_local
from app.core.database import fetch, fetch_value, in_transaction
from app.core.keys import keys
from app.core.rows import select

SHEET: Final = 200


class ComponentRow(NamedTuple):
    """One paper handed in; `component` is its place in the procedure's published list, from 1."""

    component: int
    originals: int
    certified_copies: int
    copies: int
    document_id: uuid.UUID | None


class TrailRow(NamedTuple):
    """One change of status and who made it."""

    status: int
    at: datetime
    actor_kind: str
    actor_id: str


class RegisterRow(NamedTuple):
    """One line of the register; `line` counts from 1 within the centre's local day."""

    line: int
    number: str
    procedure_code: str
    applicant_name: str
    applicant_phone: str | None
    channel: str
    return_mode: str
    status: int
    accepted_at: datetime
    due_at: datetime
    ended_at: datetime | None
    returned_at: datetime | None


DAY: Final = (
    "WITH day AS (SELECT id, row_number() OVER (ORDER BY accepted_at, id) AS line FROM dossier"
    " WHERE centre_id = $1 AND accepted_at >= $2 AND accepted_at < $3 AND due_at IS NOT NULL)"
)
LINE: Final = select(RegisterRow, "day JOIN dossier USING (id)")


async def keep_still(number: str) -> None:
    """Nothing about the dossier changes until the open transaction ends: what is read agrees."""
    await in_transaction().execute("SELECT 1 FROM dossier WHERE number = $1 FOR SHARE", number)


async def components(dossier_id: uuid.UUID) -> Sequence[ComponentRow]:
    """The papers handed in, in the order of the published list."""
    rows = await fetch(
        select(ComponentRow, "dossier_component") + " WHERE dossier_id = $1 ORDER BY component", dossier_id
    )
    return [ComponentRow(*row) for row in rows]


async def trail(dossier_id: uuid.UUID) -> Sequence[TrailRow]:
    """Every change of status, in order."""
    rows = await fetch(
        select(TrailRow, "dossier_event") + " WHERE dossier_id = $1 ORDER BY at, id", dossier_id
    )
    return [TrailRow(*row) for row in rows]


async def citizen_number(dossier_id: uuid.UUID) -> str | None:
    """The applicant's personal number whole; whoever shows it writes that down."""
    sealed = await fetch_value("SELECT citizen_no_sealed FROM dossier WHERE id = $1", dossier_id)
    if sealed is None:
        return None
    return keys().fields.decrypt(sealed, place=f"dossier|citizen_no_sealed|{dossier_id}").decode()


async def register_line(dossier_id: uuid.UUID, *, centre_id: uuid.UUID, day: date) -> int | None:
    """Its line in the register of the local day it was accepted; None when it was not."""
    line: int | None = await fetch_value(
        f"{DAY} SELECT line FROM day WHERE id = $4", centre_id, *_bounds(day), dossier_id
    )
    return line


async def register_sheet(line: int, *, centre_id: uuid.UUID, day: date) -> Sequence[RegisterRow]:
    """The sheet of a local day's register that holds the line, at most `SHEET` lines."""
    first = (line - 1) // SHEET * SHEET + 1
    rows = await fetch(
        f"{DAY} {LINE} WHERE line BETWEEN $4 AND $5 ORDER BY line",
        centre_id,
        *_bounds(day),
        first,
        first + SHEET - 1,
    )
    return [RegisterRow(*row) for row in rows]


async def register_length(*, centre_id: uuid.UUID, day: date) -> int:
    """How many lines a local day's register has."""
    return int(await fetch_value(f"{DAY} SELECT count(*) FROM day", centre_id, *_bounds(day)))


def _bounds(day: date) -> tuple[datetime, datetime]:
    return at_local(day, 0), at_local(day + timedelta(days=1), 0)
