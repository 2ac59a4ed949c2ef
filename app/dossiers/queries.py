"""What can be asked about dossiers."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.businesses import queries as businesses
from app.core.clock import at_local
from app.core.contacts import Contact
from app.core.database import fetch, fetch_row, fetch_value
from app.core.rows import select
from app.dossiers.errors import DossierNotFound
from app.dossiers.states import Move, Status


class DossierRow(NamedTuple):
    """One dossier, without the applicant's personal number.

    Of a business `citizen_id` is its `business_id`: its papers and results are nobody's who acts for it.
    """

    id: uuid.UUID
    number: str
    centre_id: uuid.UUID
    procedure_code: str
    citizen_id: uuid.UUID | None
    applicant_name: str
    applicant_phone: str | None
    locale: str
    channel: str
    ticket_id: uuid.UUID | None
    package_id: uuid.UUID | None
    return_mode: str
    status: int
    accepted_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    returned_at: datetime | None
    result_document_id: uuid.UUID | None
    version: int
    ended_at: datetime | None
    supplement_count: int
    extension_count: int
    competent_centre_id: uuid.UUID | None
    tax_code: str | None = None

    @property
    def processed_at(self) -> uuid.UUID:
        """The centre that is competent: the receiving one, unless another is named."""
        return self.competent_centre_id or self.centre_id

    @property
    def promise(self) -> datetime:
        """The promised moment of a dossier that was accepted; what is only registered has none."""
        if self.due_at is None:
            raise LookupError("This dossier was never accepted.")
        return self.due_at


class DecisionRow(NamedTuple):
    """Why a dossier moved, in the officer's words; `move` is a `states.Move`."""

    move: str
    from_status: int
    to_status: int
    reason: str
    apology: str | None
    counts_as_late: bool
    previous_due_at: datetime | None
    due_at: datetime | None
    at: datetime
    actor_id: str


class PauseRow(NamedTuple):
    """A time the dossier waited for its applicant; `ended_at` is None while it does."""

    id: uuid.UUID
    status: int
    from_status: int
    stops_clock: bool
    began_at: datetime
    ended_at: datetime | None
    previous_due_at: datetime | None
    due_at: datetime | None


class TimelineRow(NamedTuple):
    """One change of status."""

    status: int
    at: datetime


class DossierFile(NamedTuple):
    """A dossier with its timeline: what a detailed answer needs."""

    dossier: DossierRow
    timeline: Sequence[TimelineRow]
    decisions: Sequence[DecisionRow]
    pauses: Sequence[PauseRow]


COLUMNS = ", ".join(DossierRow._fields)
DECISION: Final = select(DecisionRow, "dossier_decision")
PAUSE: Final = select(PauseRow, "dossier_pause")
# Where they are two, both the receiving and the competent centre know it.
OF_CENTRE: Final = "(centre_id = $2 OR competent_centre_id = $2)"
THEIRS: Final = businesses.belongs("dossier", citizen="$2", on="$3")
WITH_RESULT: Final = [Status.DONE.value, Status.RETURNED.value]


async def _file(where: str, *arguments: object) -> DossierFile:
    row = await fetch_row(f"SELECT {COLUMNS} FROM dossier WHERE {where}", *arguments)
    if row is None:
        raise DossierNotFound
    events = await fetch(
        "SELECT status, at FROM dossier_event WHERE dossier_id = $1 ORDER BY at, id", row["id"]
    )
    return DossierFile(
        DossierRow(*row),
        [TimelineRow(*event) for event in events],
        await decisions_of(row["id"]),
        await pauses_of(row["id"]),
    )


async def decisions_of(dossier_id: uuid.UUID) -> Sequence[DecisionRow]:
    """Everything decided with a reason, oldest first."""
    rows = await fetch(f"{DECISION} WHERE dossier_id = $1 ORDER BY at, id", dossier_id)
    return [DecisionRow(*row) for row in rows]


async def latest_decision(dossier_id: uuid.UUID, move: Move) -> DecisionRow | None:
    """The last time a move was decided, with its reason: what its official form says."""
    row = await fetch_row(
        f"{DECISION} WHERE dossier_id = $1 AND move = $2 ORDER BY at DESC, id DESC LIMIT 1",
        dossier_id,
        move.value,
    )
    return None if row is None else DecisionRow(*row)


async def pauses_of(dossier_id: uuid.UUID) -> Sequence[PauseRow]:
    """Every time it waited for its applicant, oldest first."""
    rows = await fetch(f"{PAUSE} WHERE dossier_id = $1 ORDER BY began_at, id", dossier_id)
    return [PauseRow(*row) for row in rows]


async def by_number(number: str) -> DossierFile:
    return await _file("number = $1", number)


async def at_centre(number: str, *, centre_id: uuid.UUID) -> DossierFile:
    """A dossier as an officer of its receiving or its competent centre sees it."""
    return await _file(f"number = $1 AND {OF_CENTRE}", number, centre_id)


async def of_citizen(number: str, *, citizen_id: uuid.UUID, on: date) -> DossierFile:
    """A dossier as its owner sees it, or whoever acts on that day for the business it is of."""
    return await _file(f"number = $1 AND {THEIRS}", number, citizen_id, on)


async def completed(dossier_id: uuid.UUID) -> DossierRow | None:
    """A dossier whose result is there, returned to its owner or not."""
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM dossier WHERE id = $1 AND status = ANY($2)", dossier_id, WITH_RESULT
    )
    return None if row is None else DossierRow(*row)


async def count_completed(centre_id: uuid.UUID, *, first: date, last: date) -> int:
    """How many results a centre had ready from the first to the last local day."""
    return int(
        await fetch_value(
            "SELECT count(*) FROM dossier WHERE centre_id = $1 AND status = ANY($2)"
            " AND completed_at >= $3 AND completed_at < $4",
            centre_id,
            WITH_RESULT,
            at_local(first, 0),
            at_local(last + timedelta(days=1), 0),
        )
    )


async def mine(citizen_id: uuid.UUID, *, before: uuid.UUID | None, limit: int) -> Sequence[DossierRow]:
    """A citizen's own dossiers, newest first; ids are in order of acceptance."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM dossier WHERE citizen_id = $1 AND tax_code IS NULL"
        " AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        citizen_id,
        before,
        limit,
    )
    return [DossierRow(*row) for row in rows]


async def of_business(tax_code: str, *, before: uuid.UUID | None, limit: int) -> Sequence[DossierRow]:
    """What was handed in for a business, newest first; whoever asks acts for it."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM dossier WHERE tax_code = $1"
        " AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        tax_code,
        before,
        limit,
    )
    return [DossierRow(*row) for row in rows]


async def contact_of(dossier_id: uuid.UUID) -> Contact | None:
    """Whom to tell about a dossier; of a business's nobody who does not act for it any more."""
    row = await fetch_row(
        "SELECT applicant_name, applicant_phone, locale, tax_code FROM dossier WHERE id = $1", dossier_id
    )
    phone = None if row is None else row["applicant_phone"]
    if row is None or phone is None:
        return None
    if row["tax_code"] is not None:
        phone = await businesses.whom_to_tell(row["tax_code"], given=phone)
    return None if phone is None else Contact(row["applicant_name"], phone, row["locale"])


class ReuseCount(NamedTuple):
    """Of the dossiers a centre received: how many, and in how many a paper was not asked for again."""

    centre_id: uuid.UUID
    received: int
    with_reuse: int


async def count_reuse(*, first: date, last: date) -> Sequence[ReuseCount]:
    """By receiving centre, from the first to the last local day.

    Received is what was accepted: registered only (1) or turned away at once (3) is not (DOMAIN 3.1, 5.1).
    """
    rows = await fetch(
        "SELECT centre_id, count(*)::int, count(*) FILTER (WHERE EXISTS ("
        "SELECT 1 FROM dossier_component c WHERE c.dossier_id = d.id AND c.reuse > 0))::int"
        " FROM dossier d WHERE accepted_at >= $1 AND accepted_at < $2 AND status <> ALL ($3)"
        " GROUP BY centre_id",
        at_local(first, 0),
        at_local(last + timedelta(days=1), 0),
        [Status.NEW.value, Status.NOT_ACCEPTED.value],
    )
    return [ReuseCount(*row) for row in rows]
