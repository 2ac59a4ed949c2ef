"""Offering free places to those who wait, one after the other (mời người chờ).

Everything here may run twice, late, or beside itself: an entry is asked while it is locked and waiting,
and an offer takes its places as every booking does, or is not made.
"""

import uuid
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from app.appointments import conduct, hot, kept_back, needs, rules, states, steps, waitlist
from app.appointments.events import AppointmentExpired, WaitlistOffered
from app.appointments.hot import Held, LostRace, Wanted
from app.appointments.needs import Need
from app.appointments.places import Channel
from app.appointments.queries import COLUMNS, appointment_row
from app.appointments.states import Move, State, Wait
from app.appointments.steps import Stretch
from app.appointments.waitlist import EntryRow, entry_row
from app.core import journal, outbox
from app.core.actor import current_actor
from app.core.clock import at_local, local_date
from app.core.database import in_transaction
from app.core.errors import Refusal
from app.core.ids import new_id
from app.core.operation import operation
from app.core.references import new_reference
from app.core.wakeups import wake_after_commit

DAY: Final = timedelta(days=1)
MOST_AT_ONCE: Final = 100


class Outcome(StrEnum):
    """What came of asking on behalf of one entry."""

    OFFERED = "offered"
    NO_PLACE = "no_place"  # and none for anybody who wants the same
    NOT_NOW = "not_now"  # not for this person, on any day with a place; or not waiting any more


class _Found(NamedTuple):
    """A place for an entry."""

    need: Need
    pool_id: uuid.UUID
    starts_at: datetime


async def offer_places(
    *, centre_id: uuid.UUID, now: datetime, start: datetime | None = None, end: datetime | None = None
) -> int:
    """Offer what is free at a centre, perhaps only in a period, first come first; how many offers.

    One transaction per entry: an offer that was made stands, whatever happens to the next.
    """
    made = 0
    in_vain: set[object] = set()
    if not rules.may_offer(now):
        return made
    for turn in await waitlist.turns(centre_id, start=start, end=end):
        if turn.wish in in_vain:
            continue
        outcome = await offer(entry_id=turn.entry_id, now=now)
        if outcome is Outcome.NO_PLACE:
            in_vain.add(turn.wish)
        made += outcome is Outcome.OFFERED
    return made


@operation
async def offer(*, entry_id: uuid.UUID, now: datetime) -> Outcome:
    """Hold the first place that fits for somebody who waits, and tell them."""
    found = await in_transaction().fetchrow(
        f"SELECT {waitlist.COLUMNS} FROM waitlist_entry WHERE id = $1 AND state = $2 FOR UPDATE",
        entry_id,
        Wait.WAITING.value,
    )
    if found is None or not rules.may_offer(now):
        return Outcome.NOT_NOW
    entry = entry_row(found)
    place = await _find(entry, now=now)
    if isinstance(place, Outcome):
        return place
    appointment_id, expires_at = await _take(entry, place, now=now)
    await _note_offered(entry, place, appointment_id, expires_at, now=now)
    return Outcome.OFFERED


async def _find(entry: EntryRow, *, now: datetime) -> _Found | Outcome:
    """The earliest start with a place on a day the person may book, least flexible pool first."""
    earliest = max(entry.window_from, rules.earliest_offer(now))
    try:
        need = await needs.need_on(entry.centre_id, entry.items, on=local_date(earliest), now=now)
    except Refusal:
        return Outcome.NO_PLACE  # What was offered when they came is not offered now.
    start = max(entry.window_from, rules.earliest_offer(now, need.rules))
    end = min(entry.window_to, at_local(rules.last_day(now, need.rules), 0) + DAY)
    if start >= end:
        return Outcome.NO_PLACE
    candidates = [
        _Found(need, pool_id, seats.starts_at)
        for pool_id in need.pool_ids
        for seats in await waitlist.places(pool_id, need, start=start, end=end)
        if seats.ends_at <= end and need.lets_book(seats.starts_at, now=now)
    ]
    if not candidates:
        return Outcome.NO_PLACE
    if await conduct.barred_until(entry.citizen_id, now=now) or await conduct.holds_all(entry.citizen_id):
        return Outcome.NOT_NOW
    claims = await waitlist.claims_of(entry.citizen_id, first=local_date(start), last=local_date(end))
    refused: set[date] = set()
    for place in sorted(candidates, key=lambda each: each.starts_at):
        day = local_date(place.starts_at)
        if day in refused:
            continue
        reached = rules.limit_reached(claims.get(day, []), need.claims, need.rules)
        if reached is None and await _same_need(entry, place, now):
            return place
        refused.add(day)
    return Outcome.NOT_NOW


async def _same_need(entry: EntryRow, place: _Found, now: datetime) -> bool:
    """Whether the catalogue says on that day what it says on the first."""
    day = local_date(place.starts_at)
    try:
        return await needs.need_on(entry.centre_id, entry.items, on=day, now=now) == place.need
    except Refusal:
        return False


async def _take(entry: EntryRow, place: _Found, *, now: datetime) -> tuple[uuid.UUID, datetime]:
    """The places, kept back ones first, and until when to confirm; `LostRace` when they are gone."""
    need = place.need
    end = place.starts_at + need.length
    await kept_back.end_rest(place.pool_id, start=place.starts_at, end=end)
    stretch = Stretch([place.pool_id], place.starts_at, end, entry.citizen_id)
    await steps.reclaim(stretch, now=now)
    wanted = _wanted(entry, place, now=now)
    (answer,) = await hot.hold([wanted], Channel.ONLINE)
    if not isinstance(answer, Held):
        raise LostRace
    expires_at: datetime = await in_transaction().fetchval(
        "UPDATE appointment SET confirm_by = hold_expires_at - $2::interval WHERE id = $1"
        " RETURNING confirm_by",
        wanted.appointment_id,
        rules.PASSING_ON,
    )
    wake_after_commit(f"centre:{entry.centre_id}")
    return wanted.appointment_id, expires_at


def _wanted(entry: EntryRow, place: _Found, *, now: datetime) -> Wanted:
    actor = current_actor.get()
    hold = rules.OFFER + rules.PASSING_ON
    return Wanted(
        appointment_id=new_id(),
        reference=new_reference(),
        centre_id=entry.centre_id,
        pool_id=place.pool_id,
        citizen_id=entry.citizen_id,
        claimant_id=entry.citizen_id,
        starts_at=place.starts_at,
        minutes=int(place.need.length.total_seconds() // 60),
        local_date=local_date(place.starts_at),
        grains=place.need.grains,
        items=place.need.items,
        claims=place.need.claims,
        priority_group=entry.priority_group,
        contact_name=entry.contact_name,
        contact_phone=entry.contact_phone,
        locale=entry.locale,
        hold_ms=int(hold.total_seconds() * 1000),
        now=now,
        journal_id=new_id(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        request_id=actor.request_id,
        vetted=True,
    )


async def _note_offered(
    entry: EntryRow, place: _Found, appointment_id: uuid.UUID, expires_at: datetime, *, now: datetime
) -> None:
    await in_transaction().execute(
        "UPDATE waitlist_entry SET state = $2, appointment_id = $3, offer_expires_at = $4,"
        " version = version + 1 WHERE id = $1",
        entry.id,
        Wait.OFFERED.value,
        appointment_id,
        expires_at,
    )
    await journal.write(
        "waitlist.offered",
        object_kind="waitlist_entry",
        object_id=entry.id,
        at=now,
        detail={"appointment_id": appointment_id, "starts_at": place.starts_at},
    )
    await outbox.record(
        WaitlistOffered(
            occurred_at=now,
            entry_id=entry.id,
            appointment_id=appointment_id,
            centre_id=entry.centre_id,
            starts_at=place.starts_at,
            offer_expires_at=expires_at,
            version=entry.version + 1,
        )
    )


@operation
async def pass_offers_on(*, now: datetime, limit: int = MOST_AT_ONCE) -> int:
    """End offers nobody confirmed in time; how many. The place is nobody's until the next is asked."""
    rows = await in_transaction().fetch(
        f"SELECT {COLUMNS} FROM appointment WHERE id IN (SELECT appointment_id FROM waitlist_entry"
        " WHERE state = 'offered' AND offer_expires_at <= clock_timestamp())"
        " ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
        limit,
    )
    for row in map(appointment_row, rows):
        if states.after(row.state, Move.EXPIRE) is None:
            continue  # The hold itself was over first, and has been swept.
        await kept_back.keep(row, rest=rules.PASSING_ON, now=now)
        await steps.move(row, Move.EXPIRE)
        await journal.write("appointment.expired", object_kind="appointment", object_id=row.id, at=now)
        await outbox.record(
            AppointmentExpired(
                occurred_at=now,
                appointment_id=row.id,
                centre_id=row.centre_id,
                starts_at=row.starts_at,
            )
        )
    await waitlist.end_offers([row["id"] for row in rows if row["state"] != State.CONFIRMED])
    return len(rows)


async def offer_everywhere(*, now: datetime) -> int:
    """Look at every centre somebody waits for: what no fact told of is found here; how many offers."""
    await _end_windows(now=now)
    return sum(
        [await offer_places(centre_id=centre, now=now) for centre in await waitlist.centres_waited_for()]
    )


@operation
async def _end_windows(*, now: datetime) -> None:
    """Nothing can be offered any more in a window that is nearly over."""
    await in_transaction().execute(
        "UPDATE waitlist_entry SET state = 'expired', version = version + 1"
        " WHERE state = 'waiting' AND window_to <= $1",
        rules.earliest_offer(now),
    )
