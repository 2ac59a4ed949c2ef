"""Changing what a centre can receive (thay đổi lịch tiếp nhận): judged first, then done as judged."""

import uuid
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.appointments import capacity, changes, impact, replacing
from app.appointments.capacity import Outcome
from app.appointments.changes import Change, Orphans
from app.appointments.errors import ProposalExpired, ProposalNotFound, ProposalStale
from app.appointments.events import CapacityChanged
from app.appointments.impact import Impact
from app.appointments.orphans import REASON
from app.core import journal, outbox
from app.core.database import fetch_row, in_transaction
from app.core.ids import new_id
from app.core.operation import operation


class ProposalRow(NamedTuple):
    """A change of capacity, proposed or applied."""

    id: uuid.UUID
    centre_id: uuid.UUID
    change: Change
    impact: Impact
    mark: str
    reason: str | None
    state: str
    orphans: str | None
    outcome: Outcome | None
    expires_at: datetime


COLUMNS: Final = ", ".join(ProposalRow._fields)


@operation
async def propose_change(
    *, centre_id: uuid.UUID, change: Change, now: datetime, reason: str | None = None
) -> ProposalRow:
    """Judge a change and keep the judgement for half an hour; nothing else is done.

    Raises what `impact.check` raises.
    """
    opening = await impact.check(centre_id, change, now=now)
    judged = await impact.judge(centre_id, change, opening, now=now)
    found = await in_transaction().fetchrow(
        "INSERT INTO change_proposal (id, centre_id, change, openings, mark, reason, impact, state,"
        " created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8, $9)"
        f" RETURNING {COLUMNS}",
        new_id(),
        centre_id,
        _json(change),
        _json(judged.openings),
        judged.mark,
        reason,
        _json(judged.impact),
        now,
        now + changes.PROPOSAL_LASTS,
    )
    proposal = proposal_row(found)
    await journal.write(
        "capacity.proposed",
        object_kind="change_proposal",
        object_id=proposal.id,
        at=now,
        detail={"centre_id": centre_id, "change": change, "orphaned": judged.impact.orphaned},
    )
    return proposal


@operation
async def apply_change(
    *, centre_id: uuid.UUID, proposal_id: uuid.UUID, orphans: Orphans, now: datetime
) -> ProposalRow:
    """Do what was proposed, with those who lose their place, at once. Doing it again changes nothing.

    Raises `ProposalNotFound`, `ProposalExpired`, and `ProposalStale` with fresh figures when an opening,
    a slot or an appointment it rests on is another one than it was.
    """
    found = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM change_proposal WHERE id = $1 AND centre_id = $2 FOR UPDATE",
        proposal_id,
        centre_id,
    )
    if found is None:
        raise ProposalNotFound
    proposal = proposal_row(found)
    if proposal.outcome is not None:
        return proposal
    if proposal.expires_at <= now:
        raise ProposalExpired
    opening = await impact.check(centre_id, proposal.change, now=now)
    judged = await capacity.judge_locked(centre_id, proposal.change, opening, now=now)
    if judged.mark != proposal.mark:
        raise ProposalStale(impact=msgspec.to_builtins(judged.impact))
    outcome = await capacity.carry_out(
        judged,
        centre_id=centre_id,
        change=proposal.change,
        opening=opening,
        fate=orphans,
        reason=proposal.reason or REASON,
        now=now,
    )
    await in_transaction().execute(
        "UPDATE change_proposal SET state = 'applied', orphans = $2, outcome = $3 WHERE id = $1",
        proposal.id,
        orphans.value,
        _json(outcome),
    )
    await _tell(proposal, changes.stretch(proposal.change, opening), orphans, outcome, now=now)
    return proposal._replace(state="applied", orphans=orphans.value, outcome=outcome)


async def proposal(proposal_id: uuid.UUID, *, centre_id: uuid.UUID) -> ProposalRow:
    """A proposal of the centre, to look at; `ProposalNotFound` for another's."""
    found = await fetch_row(
        f"SELECT {COLUMNS} FROM change_proposal WHERE id = $1 AND centre_id = $2", proposal_id, centre_id
    )
    if found is None:
        raise ProposalNotFound
    return proposal_row(found)


@operation
async def support_orphans(*, centre_id: uuid.UUID, start: datetime, end: datetime, now: datetime) -> int:
    """Give what is free between two moments to those who lost their place; how many have one now.

    Heard after every place given back; harmless when there is nothing to do, or when done twice.
    """
    return await replacing.support_orphans(centre_id, start, end, now=now)


async def _tell(
    proposal: ProposalRow,
    stretch: tuple[datetime, datetime],
    orphans: Orphans,
    outcome: Outcome,
    *,
    now: datetime,
) -> None:
    await journal.write(
        "capacity.changed",
        object_kind="change_proposal",
        object_id=proposal.id,
        at=now,
        detail={
            "centre_id": proposal.centre_id,
            "orphans": orphans.value,
            "kept": outcome.kept,
            "cancelled": outcome.cancelled,
            "moved": outcome.moved,
        },
    )
    await outbox.record(
        CapacityChanged(
            occurred_at=now,
            change_id=proposal.id,
            centre_id=proposal.centre_id,
            starts_at=stretch[0],
            ends_at=stretch[1],
        )
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def proposal_row(row: asyncpg.Record) -> ProposalRow:
    """A stored proposal in its types."""
    values: dict[str, object] = {name: row[name] for name in ProposalRow._fields}
    values["change"] = msgspec.json.decode(row["change"], type=Change)
    values["impact"] = msgspec.json.decode(row["impact"], type=Impact)
    if row["outcome"] is not None:
        values["outcome"] = msgspec.json.decode(row["outcome"], type=Outcome)
    return ProposalRow(**values)  # type: ignore[arg-type]  # the columns are the fields
