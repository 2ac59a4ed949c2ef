"""Carrying out a judged change of capacity: what an operation joins, here or of a higher concept."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import asyncpg
import msgspec

from app.appointments import changes, hot, impact, moving, orphans, replacing, rules, steps
from app.appointments.changes import Change, End, Orphans
from app.appointments.impact import Judgement, Orphan
from app.appointments.queries import AppointmentRow, OpeningRow
from app.appointments.replacing import Reseated
from app.appointments.states import State
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.wakeups import wake_after_commit

LOCK_APPOINTMENTS: Final = "SELECT id FROM appointment WHERE id = ANY($1) ORDER BY id FOR UPDATE"
LATECOMERS: Final = f"{LOCK_APPOINTMENTS} SKIP LOCKED"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did: how many of those who lost their place were kept waiting, cancelled, moved."""

    kept: int
    cancelled: int
    moved: int
    left: list[Orphan]


async def judge_locked(
    centre_id: uuid.UUID, change: Change, opening: OpeningRow | None, *, now: datetime
) -> Judgement:
    """The judgement, with everything it rests on locked: appointments by id, then slots by id.

    Whoever booked meanwhile is locked after the slots, without waiting; once the slots are ours nobody
    else can come.
    """
    held: set[uuid.UUID] = set()
    judged = await impact.judge(centre_id, change, opening, now=now)
    for lock in (LOCK_APPOINTMENTS, LATECOMERS, LATECOMERS):
        rows = await in_transaction().fetch(lock, sorted({*_appointments(judged)} - held))
        await replacing.lock_slots(judged.seen.slots.keys() - held)
        held |= {row["id"] for row in rows} | judged.seen.slots.keys()
        judged = await impact.judge(centre_id, change, opening, now=now)
        if {*_appointments(judged), *judged.seen.slots} <= held:
            return await _without_ghosts(judged, centre_id, change, opening, now=now)
    raise hot.LostRace


async def _without_ghosts(
    judged: Judgement, centre_id: uuid.UUID, change: Change, opening: OpeningRow | None, *, now: datetime
) -> Judgement:
    """The same, once the holds that are over have given their places back."""
    if not judged.seen.ghosts:
        return judged
    await steps.end_holds([row.id for row in judged.seen.ghosts], now=now)
    judged = await impact.judge(centre_id, change, opening, now=now)
    if judged.seen.ghosts:
        raise hot.LostRace  # A hold ended this very moment.
    return judged


def _appointments(judged: Judgement) -> list[uuid.UUID]:
    return [row.id for row in (*judged.seen.visits, *judged.seen.ghosts)]


async def carry_out(
    judged: Judgement,
    *,
    centre_id: uuid.UUID,
    change: Change,
    opening: OpeningRow | None,
    fate: Orphans,
    reason: str,
    now: datetime,
    not_on: frozenset[date] = frozenset(),
) -> Outcome:
    """Write a judged change whose appointments and slots are locked, and what becomes of its orphans.

    Nobody is moved to a day in `not_on`: other centres may be closing it too.
    """
    moves = replacing.reseated(judged.seen, judged.seats)
    await replacing.write(moves, judged.seen.slots, judged.becoming)
    await _write_openings(judged, change, opening, now=now)
    after = {each.row.id: each.after() for each in moves}
    lost = [after.get(row.id, row) for row in judged.orphans]
    promised = [row for row in lost if row.state == State.CONFIRMED]
    moved: list[Reseated] = []
    cancelled: Sequence[AppointmentRow] = []
    if fate is Orphans.CANCEL:
        cancelled = await orphans.withdraw(lost, reason, now=now)
    elif fate is Orphans.MOVE:
        moved = await moving.move(promised, now=now, not_on=not_on)
        await orphans.tell_moved(moved, now=now)
    gone = {row.id for row in cancelled} | {each.row.id for each in moved}
    await replacing.note((each for each in moves if each.row.id not in gone), now=now)
    left = [orphan for orphan in judged.impact.appointments if orphan.id not in gone]
    wake_after_commit(f"centre:{centre_id}")
    return Outcome(kept=len(left), cancelled=len(cancelled), moved=len(moved), left=left)


async def _write_openings(
    judged: Judgement, change: Change, opening: OpeningRow | None, *, now: datetime
) -> None:
    """The openings as the change leaves them; one without an open slot is closed, and its time is free."""
    work = in_transaction()
    touched = {slot.opening_id for slot in judged.becoming.values()}
    if opening is not None:
        touched.add(opening.id)
    await work.execute(
        "UPDATE opening SET version = version + 1, status = CASE WHEN EXISTS"
        " (SELECT FROM slot WHERE opening_id = opening.id AND open) THEN status ELSE 'closed' END"
        " WHERE id = ANY($1)",
        sorted(touched),
    )
    if isinstance(change, changes.Counters):
        shares = rules.shares(
            counters=change.counters,
            online_share=opening.online_cap / opening.counters if opening else 1.0,
            walkin_floor=min(opening.walkin_floor if opening else 0, change.counters),
        )
        await work.execute(
            "UPDATE opening SET counters = $2, online_cap = $3, partner_cap = $4, walkin_floor = $5"
            " WHERE id = $1",
            change.opening_id,
            change.counters,
            *shares,
        )
    if isinstance(change, End) and opening is not None:
        await _write_end(opening, change.ends_at)
        await replacing.support_orphans(opening.centre_id, opening.ends_at, change.ends_at, now=now)


async def _write_end(opening: OpeningRow, ends_at: datetime) -> None:
    """The new end, and the slots that come with a later one."""
    work = in_transaction()
    try:
        await work.execute("UPDATE opening SET ends_at = $2 WHERE id = $1", opening.id, ends_at)
    except asyncpg.ExclusionViolationError as reason:
        raise hot.LostRace from reason  # Published meanwhile: looked at again, it is an overlap.
    starts = [
        start
        for start in rules.grain_starts(opening.starts_at, ends_at, opening.grain_minutes)
        if start >= opening.ends_at
    ]
    await work.execute(
        "INSERT INTO slot (id, centre_id, pool_id, opening_id, starts_at, ends_at, open, capacity,"
        " online_cap, partner_cap, walkin_floor, overbook_limit)"
        " SELECT slot.id, opening.centre_id, opening.pool_id, opening.id, slot.starts_at,"
        " slot.starts_at + make_interval(mins => opening.grain_minutes), true, opening.counters,"
        " opening.online_cap, opening.partner_cap, opening.walkin_floor, opening.overbook_limit"
        " FROM opening, unnest($2::uuid[], $3::timestamptz[]) AS slot (id, starts_at) WHERE opening.id = $1"
        " ON CONFLICT (opening_id, starts_at) DO UPDATE SET open = true",
        opening.id,
        [new_id() for _ in starts],
        starts,
    )
