"""The live plans of this process: one per day, as good as its version says.

A day is asked from memory when its version is the one PostgreSQL names now; otherwise the duties that
changed since, and their stops, are read and the rest is kept. Inside a transaction nothing is kept, since
what was read there may never be committed.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from app.core.clock import local_date
from app.core.database import DB, fetch, fetch_row
from app.core.rows import select
from app.rounds.blocks import DutyState
from app.rounds.day import Day, build
from app.rounds.stored import DayRow, DutyRow, StopRow
from app.rounds.travel_model import FIRST, Model
from app.rounds.zones import Factors, Grid

# A day under way is looked at anew this often: couriers move although nothing is reported.
LIVE_FOR: Final = timedelta(seconds=30)
DAYS_KEPT: Final = 45

DAY: Final = select(DayRow, "day_plan")
DUTIES: Final = (
    select(DutyRow, "duty", alias="duty.", extra=("day_plan.version",))
    + " JOIN day_plan ON day_plan.date = duty.date WHERE duty.date = $1 AND duty.version > $2"
)
STOPS: Final = (
    select(StopRow, "round_stop", alias="round_stop.", extra=("day_plan.version",))
    + " RIGHT JOIN day_plan ON day_plan.date = round_stop.date"
    " AND (round_stop.duty_id IS NULL OR $2::uuid[] IS NULL OR round_stop.duty_id = ANY($2))"
    " WHERE day_plan.date = $1"
)
READS: Final = 5

_days: dict[date, Day] = {}
_turns: WeakValueDictionary[date, asyncio.Lock] = WeakValueDictionary()
_loading: WeakValueDictionary[date, asyncio.Lock] = WeakValueDictionary()


class PlanKeepsChanging(Exception):
    """A day changed between every two statements of its reading."""


async def at(dates: Collection[date], *, now: datetime, asked: Collection[str] = ()) -> dict[date, Day]:
    """The live plans of those of the days that have one; `asked` are the skills they will be asked for."""
    rows = await fetch(f"{DAY} WHERE date = ANY($1)", sorted(dates))
    return {row["date"]: await of(DayRow(*row), now=now, asked=asked) for row in rows}


async def of(head: DayRow, *, now: datetime, asked: Collection[str] = ()) -> Day:
    """The plan of a day at the version of its row, or a later one where nobody holds it."""
    kept = _days.get(head.date)
    if kept is not None and kept.head.version == head.version and _is_fit(kept, now, asked):
        return kept
    if DB.current_transaction.get() is not None:
        return await _read(head, kept, now, asked)
    lock = _loading.get(head.date) or _loading.setdefault(head.date, asyncio.Lock())
    async with lock:  # those who find it stale at once wait for one reading
        kept = _days.get(head.date)
        if kept is None or kept.head.version < head.version or not _is_fit(kept, now, asked):
            kept = await _read(head, kept, now, asked)
            keep(kept)
        return kept


class Turn:
    """What the transaction of a turn makes of a day; remembered once it has committed."""

    made: Day | None = None


@asynccontextmanager
async def turn(dates: Iterable[date]) -> AsyncIterator[Turn]:
    """One after the other, in this process, for those who change the same day.

    PostgreSQL's lock on the day is what is relied upon. Waiting here first costs nobody a connection, and
    who is next finds the plan of who was before in memory.
    """
    async with AsyncExitStack() as waiting:
        for each in sorted(set(dates)):
            lock = _turns.get(each) or _turns.setdefault(each, asyncio.Lock())
            await waiting.enter_async_context(lock)
        mine = Turn()
        yield mine
        if mine.made is not None:
            keep(mine.made)


def keep(day: Day) -> None:
    """What a transaction made and committed, or what was read outside any."""
    known = _days.get(day.head.date)
    if known is None or known.head.version <= day.head.version:
        _days[day.head.date] = day
    while len(_days) > DAYS_KEPT:
        del _days[min(_days)]


def _is_fit(day: Day, now: datetime, asked: Collection[str]) -> bool:
    """The skills asked for are known to it, and where its couriers are is not old news."""
    fresh = day.head.date > max(local_date(now), local_date(day.as_of)) or (
        abs(now - day.as_of) <= LIVE_FOR
    )
    return fresh and day.vocabulary >= set(asked)


async def _read(head: DayRow, kept: Day | None, now: datetime, asked: Collection[str]) -> Day:
    """All rows of one version: what changed since the version kept, beside what did not."""
    if kept is not None and kept.head.version > head.version:
        kept = None
    duties = {} if kept is None else {duty.id: duty for duty in kept.duties}
    for _ in range(READS):
        changed, version = await _duties(head, 0 if kept is None else kept.head.version)
        stops, stops_version = await _stops(head, None if kept is None else [row.id for row in changed])
        if version == stops_version == head.version:
            break
        fresh = await fetch_row(f"{DAY} WHERE date = $1", head.date)
        assert fresh is not None, "days are never taken away"
        head = DayRow(*fresh)
    else:
        raise PlanKeepsChanging
    anew = {row.id for row in changed}
    others = [] if kept is None else [s for s in kept.stops if s.duty_id and s.duty_id not in anew]
    duties |= {row.id: row for row in changed}
    worked = [duty for duty in duties.values() if duty.state != DutyState.WITHDRAWN]
    vocabulary = {*asked, *(() if kept is None else kept.vocabulary)}
    model = await _model(head.travel_version, kept)
    return build(head, model, worked, [*others, *stops], asked=vocabulary, now=now)


async def _duties(head: DayRow, since: int) -> tuple[Sequence[DutyRow], int]:
    """Duties changed since a version, and the version the day had then."""
    rows = await fetch(DUTIES, head.date, since)
    version = rows[0][-1] if rows else head.version
    return [DutyRow(*row[:-1]) for row in rows], version


async def _stops(head: DayRow, duties: list[uuid.UUID] | None) -> tuple[Sequence[StopRow], int]:
    """Stops of some duties, or of all, and those without one; and the version the day had then."""
    rows = await fetch(STOPS, head.date, duties)
    return [StopRow(*row[:-1]) for row in rows if row[0] is not None], rows[0][-1]


async def _model(version: int, kept: Day | None) -> Model:
    if kept is not None and kept.model.version == version:
        return kept.model
    return await model_of(version)


async def model_of(version: int) -> Model:
    """One version of the travel model."""
    if version == FIRST.version:
        return FIRST
    row = await fetch_row("SELECT detour, kmh, zones FROM travel_model WHERE version = $1", version)
    assert row is not None, "a day began with a model there is"
    factors = Factors.from_json(msgspec.json.decode(row["zones"]))
    return Model(version, row["detour"], row["kmh"], Grid(factors))


def forget() -> None:
    """Remember no day; the next question reads it."""
    _days.clear()
