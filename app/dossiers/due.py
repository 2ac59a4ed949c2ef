"""Dossiers whose promised moment is near or over: who is warned, and what a centre sees (DOMAIN 3.5)."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

from app.core.clock import at_local, local_date
from app.core.database import fetch, fetch_row
from app.core.working_calendar import WorkingCalendar
from app.dossiers.queries import DecisionRow
from app.dossiers.states import Move

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What an apology proposes until an officer says otherwise.
PROPOSED_WORKING_DAYS: Final = 3
# The clock of what waits for its applicant stands still, unless that pause does not count.
RUNNING: Final = (
    "d.status IN (2, 4, 5, 6) AND NOT EXISTS (SELECT 1 FROM dossier_pause p"
    " WHERE p.dossier_id = d.id AND p.ended_at IS NULL AND p.stops_clock)"
)
PROCESSED_AT: Final = "coalesce(d.competent_centre_id, d.centre_id)"


class Level(StrEnum):
    """Who is warned, one after the other; at last it is overdue, and everybody sees it."""

    OFFICER = "officer"
    LEADER = "leader"
    OVERDUE = "overdue"


class Bounds(NamedTuple):
    """Before which promised moments each thing is owed now (UTC)."""

    officer: datetime
    leader: datetime
    draft: datetime
    overdue: datetime


def bounds(now: datetime, calendar: WorkingCalendar) -> Bounds:
    """Two working days before the promised day the officer is warned, one before it the leader; on the day
    itself an apology is drafted, and once the moment is over it is overdue.
    """
    today = local_date(now)
    next_day = calendar.next_working_day(today)
    after_next = calendar.next_working_day(next_day)
    officer, leader, draft = (at_local(day + timedelta(days=1), 0) for day in (after_next, next_day, today))
    return Bounds(officer, leader, draft, now)


class DueState(StrEnum):
    """How near the promise is."""

    SOON = "due_soon"
    TODAY = "due_today"
    OVERDUE = "overdue"


class DueRow(NamedTuple):
    """One running dossier that is due soon or late, with its warnings and the draft of its apology."""

    id: uuid.UUID
    number: str
    procedure_code: str
    status: int
    due_at: datetime
    supplement_count: int
    extension_count: int
    warned_officer_at: datetime | None
    warned_leader_at: datetime | None
    proposed_due_at: datetime | None
    draft_reason: str | None

    def state(self, now: datetime) -> DueState:
        if self.due_at < now:
            return DueState.OVERDUE
        return DueState.TODAY if local_date(self.due_at) == local_date(now) else DueState.SOON


class DuePosition(NamedTuple):
    """Where a page ended; bounded, for it comes back in a cursor a client may have written."""

    due_us: Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000_000)]
    id: uuid.UUID

    @classmethod
    def of(cls, row: DueRow) -> "DuePosition":
        return cls((row.due_at - EPOCH) // timedelta(microseconds=1), row.id)

    @property
    def due_at(self) -> datetime:
        return EPOCH + timedelta(microseconds=self.due_us)


async def of_centre(
    centre_id: uuid.UUID, *, before: datetime, after: DuePosition | None, limit: int
) -> Sequence[DueRow]:
    """Running dossiers the centre processes that are promised before a moment, the longest due first."""
    rows = await fetch(
        "SELECT d.id, d.number, d.procedure_code, d.status, d.due_at, d.supplement_count,"
        " d.extension_count, o.at, l.at, a.proposed_due_at, a.reason"
        " FROM dossier d"
        " LEFT JOIN dossier_warning o"
        " ON o.dossier_id = d.id AND o.due_at = d.due_at AND o.level = 'officer'"
        " LEFT JOIN dossier_warning l"
        " ON l.dossier_id = d.id AND l.due_at = d.due_at AND l.level = 'leader'"
        " LEFT JOIN dossier_apology_draft a"
        " ON a.dossier_id = d.id AND a.due_at = d.due_at AND a.state = 'draft'"
        f" WHERE {RUNNING} AND {PROCESSED_AT} = $1 AND d.due_at < $2"
        " AND ($3::timestamptz IS NULL OR (d.due_at, d.id) > ($3, $4::uuid))"
        " ORDER BY d.due_at, d.id LIMIT $5",
        centre_id,
        before,
        after.due_at if after else None,
        after.id if after else None,
        limit,
    )
    return [DueRow(*row) for row in rows]


async def apology_draft(dossier_id: uuid.UUID) -> DecisionRow | None:
    """The extension proposed for the promise that stands, while nobody has decided it.

    Its `actor_id` is empty, as nobody has signed, and so is the reason until somebody writes one.
    """
    row = await fetch_row(
        "SELECT $2, d.status, d.status, a.reason, NULL, false, a.due_at, a.proposed_due_at,"
        " a.created_at, ''"
        " FROM dossier d JOIN dossier_apology_draft a"
        " ON a.dossier_id = d.id AND a.due_at = d.due_at AND a.state = 'draft'"
        f" WHERE d.id = $1 AND {RUNNING}",
        dossier_id,
        Move.EXTEND.value,
    )
    return None if row is None else DecisionRow(*row)
