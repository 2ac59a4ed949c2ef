"""What can be asked about home visits; their windows are in `windows`."""

import hashlib
import hmac
import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.core.contacts import Contact
from app.core.database import fetch, fetch_row
from app.core.keys import keys
from app.home_service import rules
from app.home_service.errors import HomeVisitNotFound
from app.home_service.rules import Expected
from app.home_service.states import BEFORE_THE_DOOR, TO_REACH, State
from app.payments import queries as payments
from app.payments.rules import Bill
from app.rounds import queries as rounds
from app.rounds.queries import CourierRow


class HomeVisitRow(NamedTuple):
    """One home visit."""

    id: uuid.UUID
    reference: str
    kind: str
    citizen_id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    slot_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    procedure_codes: Sequence[str]
    dossier_number: str | None
    address_text: str
    commune: str
    lat: float
    lon: float
    contact_name: str
    contact_phone: str
    locale: str
    note: str
    state: str
    courier_id: uuid.UUID | None
    seal_number: str | None
    wrong_codes: int
    missing: Sequence[int]
    held_until: date | None
    looked_into: str
    created_at: datetime
    version: int


class Step(NamedTuple):
    """One applied report, for the citizen's timeline: when it effectively happened."""

    type: str
    occurred_at: datetime


class VisitFile(NamedTuple):
    """A visit with its timeline and its courier."""

    visit: HomeVisitRow
    steps: Sequence[Step]
    courier: CourierRow | None
    bill: Bill


COLUMNS: Final = ", ".join(HomeVisitRow._fields)
STEPS: Final = (
    "SELECT type, coalesce(effective_at, occurred_at) FROM visit_event WHERE home_visit_id = $1"
    " AND applied_as IS NOT NULL ORDER BY applied_as"
)


async def of_citizen(home_visit_id: uuid.UUID, *, citizen_id: uuid.UUID) -> VisitFile:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM home_visit WHERE id = $1 AND citizen_id = $2",
        home_visit_id,
        citizen_id,
    )
    if row is None:
        raise HomeVisitNotFound
    return await file_of(HomeVisitRow(*row))


async def by_id(home_visit_id: uuid.UUID) -> HomeVisitRow | None:
    row = await fetch_row(f"SELECT {COLUMNS} FROM home_visit WHERE id = $1", home_visit_id)
    return None if row is None else HomeVisitRow(*row)


async def by_ids(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, HomeVisitRow]:
    """The visits there are of these."""
    rows = await fetch(f"SELECT {COLUMNS} FROM home_visit WHERE id = ANY($1)", list(ids))
    return {row["id"]: HomeVisitRow(*row) for row in rows}


async def file_of(visit: HomeVisitRow) -> VisitFile:
    steps = [Step(*row) for row in await fetch(STEPS, visit.id)]
    courier = await rounds.courier_by_id(visit.courier_id) if visit.courier_id else None
    return VisitFile(visit, steps, courier, await payments.bill_of(*await family_of(visit)))


async def expected_of(visit: HomeVisitRow, *, now: datetime) -> Expected | None:
    """When its courier is expected, from the moment the round was told until somebody is at the door."""
    if visit.courier_id is None or State(visit.state) not in TO_REACH:
        return None
    eta = await rounds.eta_of(visit.id, local_date(visit.starts_at), now=now)
    if eta is None:
        return None
    return rules.expected_around(eta, starts_at=visit.starts_at, ends_at=visit.ends_at)


async def family_of(visit: HomeVisitRow) -> list[uuid.UUID]:
    """The visits of its dossier, eldest first: papers fetched, result brought, maybe twice."""
    if visit.dossier_number is None:
        return [visit.id]
    rows = await fetch(
        "SELECT id FROM home_visit WHERE dossier_number = $1 ORDER BY created_at, id", visit.dossier_number
    )
    return [row["id"] for row in rows]


async def of_partner(
    partner_id: uuid.UUID, day_start: datetime, day_end: datetime, courier: str | None
) -> list[HomeVisitRow]:
    """Visits assigned to a partner's couriers in a stretch of time."""
    columns = ", ".join(f"v.{name}" for name in HomeVisitRow._fields)
    rows = await fetch(
        f"SELECT {columns} FROM home_visit v JOIN courier c ON c.id = v.courier_id"
        " WHERE c.partner_id = $1 AND v.starts_at >= $2 AND v.starts_at < $3"
        " AND ($4::text IS NULL OR c.external_id = $4) ORDER BY v.starts_at, v.id",
        partner_id,
        day_start,
        day_end,
        courier,
    )
    return [HomeVisitRow(*row) for row in rows]


async def in_closed_windows(start: datetime, end: datetime) -> list[HomeVisitRow]:
    """Visits nobody has set out for, in windows between two moments that were closed under them."""
    columns = ", ".join(f"visit.{name}" for name in HomeVisitRow._fields)
    rows = await fetch(
        f"SELECT {columns} FROM home_visit visit JOIN slot ON slot.id = visit.slot_id"
        " WHERE slot.starts_at >= $1 AND slot.starts_at < $2 AND NOT slot.open AND visit.state = ANY($3)"
        " ORDER BY visit.starts_at, visit.id",
        start,
        end,
        [state.value for state in BEFORE_THE_DOOR],
    )
    return [HomeVisitRow(*row) for row in rows]


async def reasons(centre_id: uuid.UUID, start: datetime, end: datetime) -> tuple[dict[str, int], int]:
    """How often visits and attempts of a centre came to nothing, by reason, between two moments; and how
    many were done although papers were missing.
    """
    rows = await fetch(
        "SELECT event.type, event.data ->> 'reason' AS reason, count(*)::int AS count"
        " FROM visit_event event JOIN home_visit visit ON visit.id = event.home_visit_id"
        " WHERE visit.centre_id = $1 AND event.applied_as IS NOT NULL"
        " AND event.effective_at >= $2 AND event.effective_at < $3"
        " AND (event.type IN ('failed', 'attempt_failed')"
        "  OR (event.type = 'sealed' AND event.data ->> 'partial' = 'true')) GROUP BY 1, 2",
        centre_id,
        start,
        end,
    )
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row["reason"] if row["type"] != "sealed" else ""] += row["count"]
    partial = counted.pop("", 0)
    return dict(counted), partial


async def contact_of(home_visit_id: uuid.UUID) -> Contact | None:
    """Whom to tell about a visit."""
    visit = await by_id(home_visit_id)
    if visit is None:
        return None
    return Contact(visit.contact_name, visit.contact_phone, visit.locale)


def hand_over_code(home_visit_id: uuid.UUID) -> str:
    """Six digits the citizen tells the courier at the door; derived, so nothing secret is stored."""
    mac = hmac.new(keys().codes, b"handover|" + home_visit_id.bytes, hashlib.sha256).digest()
    return f"{int.from_bytes(mac[:8]) % 10**rules.CODE_DIGITS:0{rules.CODE_DIGITS}d}"
