"""Who is placed in which pool when several can serve them (xếp nhóm quầy): pure, rooms in, moves out.

A citizen is placed in a pool and never at a counter, so a visit may go to another pool that can serve it
and notice nothing. Whoever finds no place *displaces* somebody who finds one elsewhere, who may displace
a third: an augmenting path. The visits that can be placed together form a matroid (transversal, with the
shares of the channels as nested bounds), hence the two promises:

- a newcomer is refused only when no exchange among visits that take the same slots could place them;
- visits placed in order of priority are as many as possible, and nobody is left out for somebody who
  comes later in the order.

Both hold among visits that start at the same time and are equally long; others stay where they are, so
for a longer visit this is a search for a place as it stands, and an exchange with its equals.
"""

import uuid
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from app.appointments.places import Channel, Judge, Room, kept, left

Stretch = tuple[uuid.UUID, ...]


class Slot(NamedTuple):
    """A slot of a pool with its places."""

    id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    room: Room


class Visit(NamedTuple):
    """Somebody's visit: how long it takes, and the pools that can serve it, first wish first.

    `pool_id` is where it stands now, if anywhere.
    """

    id: uuid.UUID
    channel: Channel
    starts_at: datetime
    ends_at: datetime
    pool_ids: tuple[uuid.UUID, ...]
    pool_id: uuid.UUID | None = None


class Move(NamedTuple):
    """A visit goes to another pool, at the same time."""

    visit: Visit
    pool_id: uuid.UUID


class Seating(NamedTuple):
    """Where the newcomer goes, once the moves were made in this order: each finds its place free."""

    pool_id: uuid.UUID
    moves: tuple[Move, ...]


class Placement(NamedTuple):
    """Who is placed, and where; who is left out, in order of priority."""

    pool_of: dict[uuid.UUID, uuid.UUID]
    left_out: tuple[uuid.UUID, ...]


class Board:
    """Slots of several pools and the visits standing in them, which may be moved.

    What `slots` say was taken is taken, also by visits that are not among `placed`: those stay. `judge`
    says how many places a channel finds in a slot.
    """

    def __init__(self, slots: Sequence[Slot], placed: Iterable[Visit] = (), *, judge: Judge = left) -> None:
        self._judge = judge
        self._room = {slot.id: slot.room for slot in slots}
        self._of_pool: dict[uuid.UUID, list[Slot]] = {}
        for slot in sorted(slots, key=lambda slot: slot.starts_at):
            self._of_pool.setdefault(slot.pool_id, []).append(slot)
        self._stretches: dict[tuple[uuid.UUID, datetime, datetime], Stretch | None] = {}
        self._standing: dict[Stretch, list[Visit]] = {}
        for visit in placed:
            assert visit.pool_id is not None
            stretch = self.stretch(visit, visit.pool_id)
            if stretch is not None:
                self._standing.setdefault(stretch, []).append(visit)

    def stretch(self, visit: Visit, pool_id: uuid.UUID) -> Stretch | None:
        """The slots the visit takes in a pool: one after the other, from its start to its end."""
        key = (pool_id, visit.starts_at, visit.ends_at)
        if key not in self._stretches:
            self._stretches[key] = _in_a_row(self._of_pool.get(pool_id, ()), visit)
        return self._stretches[key]

    def standing(self, stretch: Stretch) -> Sequence[Visit]:
        """The visits that take exactly these slots."""
        return self._standing.get(stretch, ())

    def fits(self, stretch: Stretch, channel: Channel, *, without: Channel | None = None) -> bool:
        """Whether each of the slots has a place for the channel, once one of another is gone."""
        rooms = (self._room[slot_id] for slot_id in stretch)
        if without is not None:
            rooms = (room.changed(without, -1) for room in rooms)
        return all(self._judge(room, channel) > 0 for room in rooms)

    def allows(self, newcomer: Visit, seating: Seating) -> bool:
        """Whether each in turn finds its place free."""
        return self._played(newcomer, seating) is not None

    def seat(self, newcomer: Visit, seating: Seating) -> None:
        """Make the moves and place the newcomer; the board allows it."""
        rooms = self._played(newcomer, seating)
        assert rooms is not None
        self._room = rooms
        for visit, pool_id in (*seating.moves, Move(newcomer, seating.pool_id)):
            self._stand(visit, pool_id)

    def _played(self, newcomer: Visit, seating: Seating) -> dict[uuid.UUID, Room] | None:
        rooms = dict(self._room)
        for visit, pool_id in (*seating.moves, Move(newcomer, seating.pool_id)):
            before = self.stretch(visit, visit.pool_id) if visit.pool_id is not None else None
            after = self.stretch(visit, pool_id)
            for slot_id in before or ():
                rooms[slot_id] = rooms[slot_id].changed(visit.channel, -1)
            for slot_id in after or ():
                if self._judge(rooms[slot_id], visit.channel) <= 0:
                    return None
                rooms[slot_id] = rooms[slot_id].changed(visit.channel, 1)
        return rooms

    def _stand(self, visit: Visit, pool_id: uuid.UUID) -> None:
        before = self.stretch(visit, visit.pool_id) if visit.pool_id is not None else None
        after = self.stretch(visit, pool_id)
        assert after is not None
        if before is not None:
            self._standing[before].remove(visit)
        self._standing.setdefault(after, []).append(visit._replace(pool_id=pool_id))


def make_room(board: Board, newcomer: Visit) -> Seating | None:
    """The fewest moves that give the newcomer a place, or None when no exchange does.

    The newcomer stands nowhere yet. The board is left as it is; `Board.seat` makes the moves.
    """
    came_from: dict[uuid.UUID, tuple[Visit, uuid.UUID]] = {}
    asked: dict[Stretch, list[Visit]] = {}
    waiting = deque([newcomer])
    while waiting:
        visit = waiting.popleft()
        for pool_id in visit.pool_ids:
            stretch = board.stretch(visit, pool_id)
            if stretch is None or pool_id == visit.pool_id:
                continue
            if board.fits(stretch, visit.channel):
                seating = _path(Move(visit, pool_id), came_from)
                if board.allows(newcomer, seating):
                    return seating
                continue
            # Who may have to leave, latest first; nobody is asked twice.
            others = asked.setdefault(stretch, [*reversed(board.standing(stretch))])
            leaving = [
                other
                for other in others
                if len(other.pool_ids) > 1 and board.fits(stretch, visit.channel, without=other.channel)
            ]
            for other in leaving:
                others.remove(other)
                came_from[other.id] = (visit, pool_id)
            waiting.extend(leaving)
    return None


def place_all(slots: Sequence[Slot], visits: Sequence[Visit], *, judge: Judge = kept) -> Placement:
    """Place visits given in order of priority, each in one of its pools, moving others where it helps.

    What `slots` say was taken was taken by others than these. A visit keeps the pool it stands in
    (`pool_id`) where that pool has room for it.
    """
    board = Board(slots, judge=judge)
    left_out: list[uuid.UUID] = []
    pool_of: dict[uuid.UUID, uuid.UUID] = {}
    for visit in visits:
        first = [pool_id for pool_id in visit.pool_ids if pool_id == visit.pool_id]
        others = [pool_id for pool_id in visit.pool_ids if pool_id != visit.pool_id]
        newcomer = visit._replace(pool_ids=(*first, *others), pool_id=None)
        seating = make_room(board, newcomer)
        if seating is None:
            left_out.append(visit.id)
            continue
        board.seat(newcomer, seating)
        pool_of[visit.id] = seating.pool_id
        pool_of.update({move.visit.id: move.pool_id for move in seating.moves})
    return Placement(pool_of, tuple(left_out))


def _path(last: Move, came_from: dict[uuid.UUID, tuple[Visit, uuid.UUID]]) -> Seating:
    """From the free place back to the newcomer."""
    moves: list[Move] = []
    step = last
    while step.visit.id in came_from:
        moves.append(step)
        step = Move(*came_from[step.visit.id])
    return Seating(step.pool_id, tuple(moves))


def _in_a_row(slots: Sequence[Slot], visit: Visit) -> Stretch | None:
    reached = visit.starts_at
    taken: list[uuid.UUID] = []
    first = bisect_left(slots, visit.starts_at, key=lambda slot: slot.starts_at)
    for slot in islice(slots, first, None):
        if slot.starts_at >= visit.ends_at:
            break
        if slot.starts_at != reached:
            return None
        reached = slot.ends_at
        taken.append(slot.id)
    return tuple(taken) if reached >= visit.ends_at else None
