"""What the forecast is told of a hall, read in a few questions: who is here, who is expected, what opens.

Who waits in another pool counts too where the two share counters: their visit takes one of ours with the
chance that such a counter is the one that calls it.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.appointments import queries as appointments
from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import fetch
from app.queue import learned, returns
from app.queue.calibration import NEUTRAL
from app.queue.forecast import Duration, Expected, Forecast, Plan, Rival, Serving, forecast
from app.queue.learning import lead
from app.queue.rules import TARGETS, TicketClass
from app.queue.states import ReturnState

# Who is later than this no longer comes; the centre gives them up before.
LATE_BY_AT_MOST: Final = timedelta(minutes=30)
# Appointments later than this are due after whoever joins now.
EXPECTED_WITHIN: Final = timedelta(hours=1)
# Long enough to know in the noon break when the afternoon begins.
OPENINGS_WITHIN: Final = timedelta(hours=3)

WAITING: Final = """
SELECT id, pool_id, p50_minutes, p80_minutes, call_by, return_state, returns_at FROM ticket
 WHERE centre_id = $1 AND local_date = $2 AND state = 'waiting' ORDER BY call_by, id
"""
OPEN: Final = """
SELECT s.counter_id, t.p50_minutes, t.p80_minutes, coalesce(t.started_at, t.last_called_at) AS since
  FROM counter_state s
  LEFT JOIN ticket t ON t.counter_id = s.counter_id AND t.state IN ('called', 'serving')
 WHERE s.centre_id = $1 AND s.state = 'open'
"""

Place = tuple[datetime, uuid.UUID]


class Waiting(NamedTuple):
    """Somebody in the queue. `away_until` is the agreed time of one who will come back."""

    place: Place
    pool_id: uuid.UUID
    duration: Duration
    away_until: datetime | None


class Desk(NamedTuple):
    """An open counter: whom it may call, and whom it serves."""

    pool_ids: frozenset[uuid.UUID]
    serving: Serving | None


class Hall(NamedTuple):
    """A centre's queue as it stands."""

    now: datetime
    waiting: Sequence[Waiting]
    desks: Sequence[Desk]
    desk_counts: Mapping[uuid.UUID, int]

    def desks_of(self, pool_id: uuid.UUID) -> list[Desk]:
        return [desk for desk in self.desks if pool_id in desk.pool_ids]

    def here(self, pool_id: uuid.UUID) -> list[Waiting]:
        return [one for one in self.waiting if one.pool_id == pool_id and one.away_until is None]


class Outlook(NamedTuple):
    """What is known of the next hour in each pool."""

    expected: Mapping[uuid.UUID, Sequence[Expected]]
    openings: Mapping[uuid.UUID, Sequence[tuple[datetime, int]]]
    factors: Mapping[uuid.UUID, float]


class Predicted(NamedTuple):
    """The forecast, how many wait in the pool, and how many counters are open for it."""

    forecast: Forecast
    waiting: int
    open_counters: int


NOTHING_KNOWN: Final = Outlook({}, {}, {})


async def predict(
    centre_id: uuid.UUID,
    pool_ids: Collection[uuid.UUID],
    *,
    now: datetime,
    before: Place | None = None,
) -> dict[uuid.UUID, Predicted]:
    """For each pool: what to expect for who joins now as a walk-in, or who has the place `before`."""
    hall = await _hall(centre_id, now=now)
    outlook = NOTHING_KNOWN
    if any(_has_to_wait(hall, pool_id, before) for pool_id in pool_ids):
        outlook = await _outlook(centre_id, hall, within=EXPECTED_WITHIN)
    return {pool_id: _predicted(hall, outlook, pool_id, before) for pool_id in pool_ids}


async def work_for(
    own: Duration,
    *,
    centre_id: uuid.UUID,
    pool_id: uuid.UUID,
    now: datetime,
    besides: uuid.UUID | None = None,
) -> returns.Work:
    """All the work of a pool that is known now, for `returns.offer`; `besides` names the own ticket."""
    hall = await _hall(centre_id, now=now)
    outlook = await _outlook(centre_id, hall, within=returns.MOST_AWAY)
    desks = hall.desks_of(pool_id)
    return returns.Work(
        own=own,
        serving=[desk.serving for desk in desks if desk.serving is not None],
        waiting=[one.duration for one in hall.here(pool_id) if one.place[1] != besides],
        expected=outlook.expected.get(pool_id, ()),
        open_counters=len(desks),
    )


def _has_to_wait(hall: Hall, pool_id: uuid.UUID, before: Place | None) -> bool:
    """False where a counter is free and nobody is ahead: nothing that is to come changes that."""
    free = any(desk.serving is None for desk in hall.desks_of(pool_id))
    return not free or bool(_ahead(hall.here(pool_id), before))


def _ahead(waiting: Sequence[Waiting], before: Place | None) -> list[Waiting]:
    return [one for one in waiting if before is None or one.place < before]


def _predicted(hall: Hall, outlook: Outlook, pool_id: uuid.UUID, before: Place | None) -> Predicted:
    here = hall.here(pool_id)
    ahead = _ahead(here, before)
    desks = hall.desks_of(pool_id)
    serving = [desk.serving for desk in desks if desk.serving is not None]
    opens_in, pauses_in = _changes(hall, outlook, pool_id, running=len(desks))
    due = hall.now + TARGETS[TicketClass.WALK_IN] if before is None else before[0]
    found = forecast(
        ahead=[one.duration for one in ahead],
        serving=serving,
        open_counters=len(desks),
        plan=Plan(
            expected=outlook.expected.get(pool_id, ()),
            opens_in=opens_in,
            pauses_in=pauses_in,
            rivals=_rivals(hall, pool_id, before),
        ),
        due_in=_minutes(due - hall.now),
        spread=outlook.factors.get(pool_id, NEUTRAL),
        seed=len(ahead) * 1009 + len(serving),
    )
    return Predicted(found, len(here), len(desks))


def _rivals(hall: Hall, pool_id: uuid.UUID, before: Place | None) -> list[Rival]:
    """Those of other pools who are due earlier and may be called by one of our counters."""
    chances: dict[uuid.UUID, float] = {}
    for other in {one.pool_id for one in hall.waiting} - {pool_id}:
        theirs = hall.desks_of(other)
        shared = sum(pool_id in desk.pool_ids for desk in theirs)
        chances[other] = shared / len(theirs) if theirs else 0.0
    return [
        Rival(one.duration, chances[one.pool_id])
        for one in _ahead(hall.waiting, before)
        if one.away_until is None and chances.get(one.pool_id)
    ]


def _changes(
    hall: Hall, outlook: Outlook, pool_id: uuid.UUID, *, running: int
) -> tuple[list[float], list[float]]:
    """When counters are to be added and to be given up, by the openings about to begin."""
    opens_in: list[float] = []
    pauses_in: list[float] = []
    for starts_at, counters in outlook.openings.get(pool_id, ()):
        planned = min(counters, hall.desk_counts.get(pool_id, counters))
        minutes = _minutes(starts_at - hall.now)
        opens_in += [minutes] * (planned - running)
        pauses_in += [minutes] * (running - planned)
        running = planned
    return opens_in, pauses_in


async def _hall(centre_id: uuid.UUID, *, now: datetime) -> Hall:
    rows = await fetch(WAITING, centre_id, local_date(now))
    pools = await centres.pools_by_counter(centre_id)
    desks = [
        Desk(pools.get(row["counter_id"], frozenset()), _serving(row, now=now))
        for row in await fetch(OPEN, centre_id)
    ]
    counts: dict[uuid.UUID, int] = {}
    for pool_id in (one for served in pools.values() for one in served):
        counts[pool_id] = counts.get(pool_id, 0) + 1
    return Hall(
        now=now,
        waiting=[
            Waiting(
                place=(row["call_by"], row["id"]),
                pool_id=row["pool_id"],
                duration=Duration(row["p50_minutes"], row["p80_minutes"]),
                away_until=row["returns_at"] if row["return_state"] == ReturnState.AGREED else None,
            )
            for row in rows
        ],
        desks=desks,
        desk_counts=counts,
    )


def _serving(row: Mapping[str, object], *, now: datetime) -> Serving | None:
    p50, p80, since = row["p50_minutes"], row["p80_minutes"], row["since"]
    if not (isinstance(p50, float) and isinstance(p80, float) and isinstance(since, datetime)):
        return None
    return Serving(Duration(p50, p80), max(0.0, _minutes(now - since)))


async def _outlook(centre_id: uuid.UUID, hall: Hall, *, within: timedelta) -> Outlook:
    now = hall.now
    today = local_date(now)
    expected: dict[uuid.UUID, list[Expected]] = {}
    for one in hall.waiting:
        if one.away_until is not None and now - one.away_until <= returns.KEPT_FOR:
            minutes = _minutes(one.away_until - now)
            expected.setdefault(one.pool_id, []).append(Expected(one.duration, minutes, returns.COMES_BACK))
    due = await appointments.due_at(centre_id, after=now - LATE_BY_AT_MOST, until=now + within)
    if due:
        codes = {code for one in due for code in one.codes}
        known = await learned.durations(centre_id, codes, on=today)
        rates = await learned.show_rates(centre_id, before=today)
        for row in due:
            found = [known[code] for code in row.codes if code in known]
            if found:
                show = rates.of(row.channel, lead(created_at=row.created_at, starts_at=row.starts_at))
                minutes = _minutes(row.starts_at - now)
                expected.setdefault(row.pool_id, []).append(Expected(together(found), minutes, show))
    openings: dict[uuid.UUID, list[tuple[datetime, int]]] = {}
    for opening in await appointments.openings_about_to_begin(
        centre_id, after=now, until=now + OPENINGS_WITHIN
    ):
        openings.setdefault(opening.pool_id, []).append((opening.starts_at, opening.counters))
    return Outlook(expected, openings, await learned.factors(centre_id, before=today))


def together(found: Sequence[Duration]) -> Duration:
    """Several procedures in one visit take the sum of their times."""
    return Duration(sum(one.p50 for one in found), sum(one.p80 for one in found))


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
