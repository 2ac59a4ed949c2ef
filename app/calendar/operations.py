"""Changing the calendar: proposed by one, confirmed by another, carried out centre by centre."""

import uuid
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.appointments import capacity
from app.appointments.capacity import Outcome
from app.appointments.changes import Orphans
from app.appointments.errors import OpeningNotValid, OpeningOverlap
from app.appointments.events import CapacityChanged
from app.appointments.operations import publish_from_templates, publish_opening
from app.calendar import preview
from app.calendar.errors import (
    CalendarProposalExpired,
    CalendarProposalNotFound,
    CalendarProposalStale,
    DayNotValid,
    SecondPersonNeeded,
)
from app.calendar.events import CalendarConfirmed
from app.calendar.preview import CalendarImpact, Kind
from app.centres import queries as centres
from app.centres import steps as centre_steps
from app.centres.queries import DayRow
from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import fetch, fetch_row, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.home_service import queries as home_service
from app.home_service.operations import leave_closed_windows

# Long enough for somebody else to look at it in the morning.
LASTS: Final = timedelta(hours=24)
FURTHEST: Final = timedelta(days=800)
# A decision of the authorities stands behind every day that two people confirm.
STATUS: Final = "statutory"


class ProposalRow(NamedTuple):
    """A day of the calendar, proposed or confirmed."""

    id: uuid.UUID
    day: date
    kind: str
    name_vi: str
    name_en: str
    stands_for: date | None
    reference: str
    orphans: str
    impact: CalendarImpact
    state: str
    proposed_by: uuid.UUID
    confirmed_by: uuid.UUID | None
    expires_at: datetime


class Effect(NamedTuple):
    """What a day did at one centre."""

    centre_id: uuid.UUID
    openings: int
    outcome: Outcome | None


COLUMNS: Final = ", ".join(ProposalRow._fields)


@operation
async def propose(
    *,
    day: date,
    kind: Kind,
    name_vi: str,
    name_en: str,
    stands_for: date | None,
    reference: str,
    orphans: Orphans,
    officer_id: uuid.UUID,
    now: datetime,
) -> ProposalRow:
    """Keep a day and what it would do, for another person to confirm within a day; nothing else is done.

    Raises `DayNotValid` with every fault.
    """
    special = await centres.special_days(start=day, end=day)
    today = local_date(now)
    found = [
        (day < today, "day", "in_the_past"),
        (day > today + FURTHEST, "day", "too_far"),
        (any(row.kind == kind for row in special), "kind", "unchanged"),
        (stands_for is not None and kind is not Kind.WORKING, "stands_for", "only_for_a_working_day"),
    ]
    faults = [(field, code) for wrong, field, code in found if wrong]
    if faults:
        raise DayNotValid(
            errors=[
                {"pointer": f"/{field}", "code": code, "detail": code.replace("_", " ")}
                for field, code in faults
            ]
        )
    row = await in_transaction().fetchrow(
        "INSERT INTO calendar_proposal (id, day, kind, name_vi, name_en, stands_for, reference, orphans,"
        " impact, state, proposed_by, created_at, expires_at)"
        f" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'proposed', $10, $11, $12) RETURNING {COLUMNS}",
        new_id(),
        day,
        kind.value,
        name_vi,
        name_en,
        stands_for,
        reference,
        orphans.value,
        _json(await preview.look(kind, day, stands_for=stands_for, now=now)),
        officer_id,
        now,
        now + LASTS,
    )
    proposal = _proposal(row)
    await _note("calendar.proposed", proposal, now=now)
    return proposal


async def confirm(*, proposal_id: uuid.UUID, officer_id: uuid.UUID, now: datetime) -> ProposalRow:
    """Write the day, then carry it out at each centre. Doing it again goes on where it stopped.

    Raises `CalendarProposalNotFound`, `SecondPersonNeeded`, `CalendarProposalExpired`, and
    `CalendarProposalStale` with fresh figures, which are then what is confirmed the next time.
    """
    try:
        await _confirm(proposal_id=proposal_id, officer_id=officer_id, now=now)
    except CalendarProposalStale as stale:
        await _keep_figures(proposal_id=proposal_id, impact=stale.facts["fresh"])
        raise
    return await carry_out(proposal_id=proposal_id, now=now)


@operation
async def _confirm(*, proposal_id: uuid.UUID, officer_id: uuid.UUID, now: datetime) -> None:
    proposal = await _locked(proposal_id)
    if proposal.proposed_by == officer_id:
        raise SecondPersonNeeded
    if proposal.state != "proposed":
        return
    if proposal.expires_at <= now:
        raise CalendarProposalExpired
    kind = Kind(proposal.kind)
    fresh = await preview.look(kind, proposal.day, stands_for=proposal.stands_for, now=now)
    if fresh.centres != proposal.impact.centres:
        raise CalendarProposalStale(impact=msgspec.to_builtins(fresh), fresh=fresh)
    await centre_steps.put_days(
        [
            DayRow(
                day=proposal.day,
                kind=kind.value,
                name_vi=proposal.name_vi,
                name_en=proposal.name_en,
                status=STATUS,
                stands_for=proposal.stands_for,
                reference=proposal.reference,
            )
        ]
    )
    await in_transaction().execute(
        "UPDATE calendar_proposal SET state = 'confirmed', confirmed_by = $2 WHERE id = $1",
        proposal.id,
        officer_id,
    )
    await _note("calendar.confirmed", proposal, now=now)
    await outbox.record(
        CalendarConfirmed(
            occurred_at=now, proposal_id=proposal.id, day=proposal.day, day_kind=proposal.kind
        )
    )


@operation
async def _keep_figures(*, proposal_id: uuid.UUID, impact: CalendarImpact) -> None:
    await in_transaction().execute(
        "UPDATE calendar_proposal SET impact = $2 WHERE id = $1 AND state = 'proposed'",
        proposal_id,
        _json(impact),
    )


async def carry_out(*, proposal_id: uuid.UUID, now: datetime) -> ProposalRow:
    """Bring a confirmed day to every centre it concerns, each in its own transaction, each once."""
    proposal = await by_id(proposal_id)
    if proposal.state != "confirmed":
        return proposal
    start, end = preview.whole(proposal.day)
    if proposal.kind == Kind.HOLIDAY:
        rows = await fetch(
            "SELECT DISTINCT centre_id FROM slot WHERE open AND starts_at >= $1 AND starts_at < $2"
            " ORDER BY centre_id",
            max(start, now),
            end,
        )
        for row in rows:
            await _close(proposal_id=proposal.id, centre_id=row["centre_id"], now=now)
        await leave_closed_windows(start, end, fate=Orphans(proposal.orphans), now=now)
    else:
        await _open(proposal, now=now)
    return await _done(proposal_id=proposal.id, now=now)


async def _open(proposal: ProposalRow, *, now: datetime) -> None:
    """Open the day: from the templates, and where a pool has none, as the centre usually does."""
    await publish_from_templates(now=now)
    found = await preview.models(proposal.day, stands_for=proposal.stands_for, now=now)
    for opening in chain.from_iterable(found.values()):
        # The centre opened the pool itself meanwhile, or the hour has passed: so be it.
        with suppress(OpeningOverlap, OpeningNotValid):
            await publish_opening(
                centre_id=opening.centre_id,
                pool_id=opening.pool_id,
                starts_at=opening.starts_at,
                ends_at=opening.ends_at,
                counters=opening.counters,
                grain_minutes=opening.grain_minutes,
                online_share=opening.online_cap / opening.counters,
                walkin_floor=opening.walkin_floor,
                overbook_limit=opening.overbook_limit,
                now=now,
            )
    await _note_opened(proposal_id=proposal.id, day=proposal.day)


@operation
async def _close(*, proposal_id: uuid.UUID, centre_id: uuid.UUID, now: datetime) -> None:
    """Close the day at one centre, with what was chosen for those who lose their place."""
    work = in_transaction()
    proposal = await by_id(proposal_id)
    first = await work.fetchval(
        "INSERT INTO calendar_effect (proposal_id, centre_id, openings) VALUES ($1, $2, 0)"
        " ON CONFLICT DO NOTHING RETURNING true",
        proposal_id,
        centre_id,
    )
    if not first:
        return
    change = preview.closing(proposal.day)
    judged = await capacity.judge_locked(centre_id, change, None, now=now)
    outcome = await capacity.carry_out(
        judged,
        centre_id=centre_id,
        change=change,
        opening=None,
        fate=Orphans(proposal.orphans),
        reason=proposal.name_vi,
        now=now,
        not_on=frozenset({proposal.day}),
    )
    await work.execute(
        "UPDATE calendar_effect SET openings = $3, outcome = $4 WHERE proposal_id = $1 AND centre_id = $2",
        proposal_id,
        centre_id,
        len({slot.opening_id for slot in judged.becoming.values()}),
        _json(outcome),
    )
    await outbox.record(
        CapacityChanged(
            occurred_at=now,
            change_id=proposal_id,
            centre_id=centre_id,
            starts_at=change.starts_at,
            ends_at=change.ends_at,
        )
    )


@operation
async def _note_opened(*, proposal_id: uuid.UUID, day: date) -> None:
    """How many openings each centre has on the day."""
    await in_transaction().execute(
        "INSERT INTO calendar_effect (proposal_id, centre_id, openings)"
        " SELECT $1, centre_id, count(*) FROM opening"
        " WHERE starts_at >= $2 AND starts_at < $3 AND status = 'open' GROUP BY centre_id"
        " ON CONFLICT (proposal_id, centre_id) DO UPDATE SET openings = EXCLUDED.openings",
        proposal_id,
        *preview.whole(day),
    )


@operation
async def _done(*, proposal_id: uuid.UUID, now: datetime) -> ProposalRow:
    proposal = await _locked(proposal_id)
    if proposal.state == "confirmed":
        await in_transaction().execute(
            "UPDATE calendar_proposal SET state = 'done' WHERE id = $1", proposal_id
        )
        await _note("calendar.carried_out", proposal, now=now)
    return proposal._replace(state="done")


async def by_id(proposal_id: uuid.UUID) -> ProposalRow:
    """A proposal; `CalendarProposalNotFound`."""
    row = await fetch_row(f"SELECT {COLUMNS} FROM calendar_proposal WHERE id = $1", proposal_id)
    if row is None:
        raise CalendarProposalNotFound
    return _proposal(row)


async def effects_of(proposal_id: uuid.UUID) -> list[Effect]:
    """What a day did, centre by centre."""
    rows = await fetch(
        "SELECT centre_id, openings, outcome FROM calendar_effect"
        " WHERE proposal_id = $1 ORDER BY centre_id",
        proposal_id,
    )
    return [
        Effect(
            row["centre_id"],
            row["openings"],
            None if row["outcome"] is None else msgspec.json.decode(row["outcome"], type=Outcome),
        )
        for row in rows
    ]


async def visits_left(proposal: ProposalRow) -> list[str]:
    """References of home visits that still stand in windows a day off has closed: somebody must look."""
    if proposal.state == "proposed" or proposal.kind != Kind.HOLIDAY:
        return []
    visits = await home_service.in_closed_windows(*preview.whole(proposal.day))
    return [visit.reference for visit in visits]


async def _locked(proposal_id: uuid.UUID) -> ProposalRow:
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM calendar_proposal WHERE id = $1 FOR UPDATE", proposal_id
    )
    if row is None:
        raise CalendarProposalNotFound
    return _proposal(row)


async def _note(action: str, proposal: ProposalRow, *, now: datetime) -> None:
    await journal.write(
        action,
        object_kind="calendar_proposal",
        object_id=proposal.id,
        at=now,
        detail={"day": proposal.day, "kind": proposal.kind, "reference": proposal.reference},
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _proposal(row: asyncpg.Record) -> ProposalRow:
    values: dict[str, object] = {name: row[name] for name in ProposalRow._fields}
    values["impact"] = msgspec.json.decode(row["impact"], type=CalendarImpact)
    return ProposalRow(**values)  # type: ignore[arg-type]  # the columns are the fields
