"""Another time for those a change has left without a place: the next one, at their centre or nearby."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from app.appointments import free_places, hot, needs, replacing, rules
from app.appointments.changes import LedgerSlot
from app.appointments.needs import Item, Need
from app.appointments.places import Channel
from app.appointments.placing import Board, Seating, Slot, Visit
from app.appointments.queries import AppointmentRow
from app.appointments.replacing import Reseated
from app.appointments.rules import BookingRules
from app.appointments.standing import Seat
from app.core.clock import at_local, local_date
from app.core.database import fetch, in_transaction
from app.core.errors import Refusal

SLOTS: Final = f"""
SELECT {", ".join(LedgerSlot._fields)} FROM slot
 WHERE pool_id = ANY($1) AND open AND starts_at >= $2 AND starts_at < $3 ORDER BY id
"""
# What is chosen is locked and looked at again; whoever was overtaken chooses again so many times.
ROUNDS: Final = 4


class Moved(NamedTuple):
    """An appointment, what it needs there, and the place it gets."""

    row: AppointmentRow
    need: Need
    seat: Seat


class Claims:
    """What the people to be moved have on other days, so that nobody gets a day that is full for them."""

    def __init__(
        self, held: Mapping[tuple[uuid.UUID, date], set[str]], *, not_on: frozenset[date] = frozenset()
    ) -> None:
        self._held = defaultdict(set, held)
        self._not_on = not_on

    def copy(self) -> "Claims":
        held = {key: set(claims) for key, claims in self._held.items()}
        return Claims(held, not_on=self._not_on)

    def allow(self, row: AppointmentRow, need: Need, start: datetime) -> bool:
        day = local_date(start)
        if day in self._not_on:
            return False
        held = self._held[row.claimant_id, day]
        reached = rules.limit_reached(held, need.claims, need.rules)
        return day == local_date(row.starts_at) or reached is None

    def add(self, row: AppointmentRow, need: Need, day: date) -> None:
        held = self._held[row.claimant_id, day]
        free = [next((each for each in choices if each not in held), None) for choices in need.claims]
        held |= {claim for claim in free if claim is not None}


async def move(
    rows: Sequence[AppointmentRow], *, now: datetime, not_on: frozenset[date] = frozenset()
) -> list[Reseated]:
    """Give each of these, in order, the next place for the same items; who is not answered stays.

    At their own centre first, the nearest in time; then at the nearest centre that has one. Never
    earlier than promised: nobody can be told in time of what is over before they look. The caller has
    locked the appointments, which fill no slots.
    """
    claims = Claims(await _claims_of(rows), not_on=not_on)
    moved: dict[uuid.UUID, Moved] = {}
    for centre_id, those in _by_centre(rows).items():
        for found in await _move_to(centre_id, those, claims, now=now):
            moved[found.row.id] = found
        left = [row for row in those if row.id not in moved]
        for other in await _centres_near(centre_id, left, now=now):
            for found in await _move_to(other, left, claims, now=now):
                moved[found.row.id] = found
            left = [row for row in left if row.id not in moved]
    answer = [Reseated(row, (), moved[row.id].seat, moved[row.id].need) for row in rows if row.id in moved]
    await _write(answer)
    return answer


def _by_centre(rows: Iterable[AppointmentRow]) -> dict[uuid.UUID, list[AppointmentRow]]:
    found: dict[uuid.UUID, list[AppointmentRow]] = defaultdict(list)
    for row in rows:
        found[row.centre_id].append(row)
    return found


async def _centres_near(
    centre_id: uuid.UUID, rows: Sequence[AppointmentRow], *, now: datetime
) -> list[uuid.UUID]:
    """Other centres offering what the first of these came for, nearest first."""
    for row in rows:
        need = await _need(centre_id, row, now=now)
        if need is not None:
            return await free_places.near_centres(need, on=local_date(row.starts_at))
    return []


async def _need(centre_id: uuid.UUID, row: AppointmentRow, *, now: datetime) -> Need | None:
    """The same items in the terms of a centre, or None where it does not do them in one visit."""
    items = [Item(item.procedure, item.quantity) for item in row.items]
    try:
        return await needs.need_of(centre_id, items, starts_at=row.starts_at, now=now)
    except Refusal:
        return None


async def _move_to(
    centre_id: uuid.UUID, rows: Sequence[AppointmentRow], claims: Claims, *, now: datetime
) -> list[Moved]:
    """Choose, lock what was chosen, look again; whoever was overtaken chooses again."""
    wanted = [(row, need) for row in rows if (need := await _need(centre_id, row, now=now))]
    found: list[Moved] = []
    pool_ids = {pool_id for _, need in wanted for pool_id in need.pool_ids}
    start = min((row.starts_at for row, _ in wanted), default=now)
    by = next((need.rules for _, need in wanted), rules.UNDECIDED)
    for _ in range(ROUNDS if wanted else 0):
        free = Free(await _slots(pool_ids, start, by, now=now))
        free.fill(found)
        chosen = _choose(free, wanted, claims.copy(), now=now)
        await replacing.lock_slots(slot_id for each in chosen for slot_id in each.seat.slot_ids)
        free = Free(await _slots(pool_ids, start, by, now=now))
        free.fill(found)
        kept = free.fill(chosen)
        for each in kept:
            claims.add(each.row, each.need, local_date(each.seat.starts_at))
        found += kept
        again = {each.row.id for each in chosen} - {each.row.id for each in kept}
        wanted = [(row, need) for row, need in wanted if row.id in again]
        if not wanted:
            break
    return found


async def _slots(
    pool_ids: Iterable[uuid.UUID], start: datetime, by: BookingRules, *, now: datetime
) -> list[LedgerSlot]:
    """What is open in these pools from a moment to the end of the booking period."""
    end = at_local(rules.last_day(now, by), 0) + timedelta(days=1)
    rows = await fetch(SLOTS, list(pool_ids), max(start, rules.earliest_start(now, by)), end)
    return [LedgerSlot(*row) for row in rows]


class Free:
    """The free places of some pools, while they are given away one after the other."""

    def __init__(self, slots: Sequence[LedgerSlot]) -> None:
        self._board = Board(
            [Slot(slot.id, slot.pool_id, slot.starts_at, slot.ends_at, slot.room) for slot in slots]
        )
        self._ends = {slot.id: slot.ends_at for slot in slots}
        self._starts: dict[uuid.UUID, set[datetime]] = defaultdict(set)
        for slot in slots:
            self._starts[slot.pool_id].add(slot.starts_at)

    def next(
        self, row: AppointmentRow, need: Need, since: datetime, allow: Callable[[datetime], bool]
    ) -> Moved | None:
        """The first start from a moment on that has room and is allowed, which is then taken."""
        starts = {start for pool_id in need.pool_ids for start in self._starts[pool_id] if start >= since}
        for start in sorted(starts):
            if not allow(start):
                continue
            for pool_id in need.pool_ids:
                found = self._take(row, need, pool_id, start)
                if found is not None:
                    return found
        return None

    def fill(self, those: Iterable[Moved]) -> list[Moved]:
        """Take these places, as far as they are still free; those that were."""
        return [
            each
            for each in those
            if self._take(each.row, each.need, each.seat.pool_id, each.seat.starts_at) is not None
        ]

    def _take(self, row: AppointmentRow, need: Need, pool_id: uuid.UUID, start: datetime) -> Moved | None:
        visit = Visit(row.id, Channel(row.channel), start, start + need.length, (pool_id,))
        stretch = self._board.stretch(visit, pool_id)
        if stretch is None or not self._board.fits(stretch, visit.channel):
            return None
        self._board.seat(visit, Seating(pool_id, ()))
        return Moved(row, need, Seat(pool_id, start, self._ends[stretch[-1]], stretch))


def _choose(
    free: Free, wanted: Iterable[tuple[AppointmentRow, Need]], claims: Claims, *, now: datetime
) -> list[Moved]:
    chosen = []
    for row, need in wanted:
        since = max(row.starts_at, now + timedelta(minutes=need.rules.move_limit_minutes))
        found = free.next(row, need, since, partial(claims.allow, row, need))
        if found is not None:
            claims.add(row, need, local_date(found.seat.starts_at))
            chosen.append(found)
    return chosen


async def _claims_of(rows: Sequence[AppointmentRow]) -> dict[tuple[uuid.UUID, date], set[str]]:
    found = await fetch(
        "SELECT citizen_id, local_date, array_agg(claim) AS claims FROM appointment_claim"
        " WHERE citizen_id = ANY($1) GROUP BY citizen_id, local_date",
        list({row.claimant_id for row in rows}),
    )
    return {(row["citizen_id"], row["local_date"]): set(row["claims"]) for row in found}


async def _write(moved: Sequence[Reseated]) -> None:
    slot_ids = [slot_id for each in moved if each.seat for slot_id in each.seat.slot_ids]
    rows = await fetch(f"SELECT {', '.join(LedgerSlot._fields)} FROM slot WHERE id = ANY($1)", slot_ids)
    await replacing.write(moved, {row["id"]: LedgerSlot(*row) for row in rows})
    others = [
        each for each in moved if local_date(each.after().starts_at) != local_date(each.row.starts_at)
    ]
    await in_transaction().execute(
        "DELETE FROM appointment_claim WHERE appointment_id = ANY($1)", [each.row.id for each in others]
    )
    for each in others:
        assert each.need is not None
        await hot.claim(
            each.row.id,
            each.row.claimant_id,
            local_date(each.after().starts_at),
            each.need.claims,
        )
