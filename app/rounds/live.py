"""Changing the live plan inside an operation: the day's row is locked, changed, and drawn a new version.

Lock order, for whoever holds more than one: home visits by id, then days by date, then slots by id. The
tables are written by whole rounds: a round has some ten stops, and its order is its meaning.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

import msgspec

from app.core.database import fetch, fetch_row, in_transaction
from app.core.ids import new_id
from app.core.rows import select
from app.rounds import plans
from app.rounds.day import Asked, Day, Placed
from app.rounds.margins import PlanningRules
from app.rounds.plans import DAY
from app.rounds.stored import DayRow, StopRow
from app.rounds.travel_model import FIRST

BEGIN_DAY: Final = """
INSERT INTO day_plan (date, travel_version, inflation, guard_seconds)
SELECT $1, coalesce((SELECT max(version) FROM travel_model), $2), $3, $4 ON CONFLICT DO NOTHING
"""
NEXT_VERSION: Final = """
UPDATE day_plan SET version = nextval('plan_version'), promised_since = promised_since + $3,
       dirty_since = coalesce(dirty_since, $2)
 WHERE date = $1
RETURNING """ + ", ".join(DayRow._fields)
# Stops of whole rounds: a new one is added, the others take their place in the order.
WRITE_ROUNDS: Final = """
UPDATE round_stop SET duty_id = placed.duty_id, seq = placed.seq, lock = placed.lock, version = $5,
       at_risk_since = NULL, at_risk_because = '',
       late_told_at = CASE WHEN round_stop.duty_id = placed.duty_id THEN late_told_at END
  FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[]) AS placed (id, duty_id, seq, lock)
 WHERE home_visit_id = placed.id
   AND (round_stop.duty_id, round_stop.seq, round_stop.lock)
       IS DISTINCT FROM (placed.duty_id, placed.seq, placed.lock)
"""
ADD_STOP: Final = (
    f"INSERT INTO round_stop ({', '.join(StopRow._fields)})"
    f" VALUES ({', '.join(f'${n}' for n in range(1, len(StopRow._fields) + 1))})"
)
RULES: Final = select(PlanningRules, "planning_rule")


async def planning_rules() -> PlanningRules:
    """What the installation keeps in hand."""
    row = await fetch_row(RULES)
    return PlanningRules() if row is None else PlanningRules(*row)


async def begin_day(day: date) -> None:
    """The day's plan, made once, with the travel model and the margins of now."""
    rules = await planning_rules()
    await in_transaction().execute(BEGIN_DAY, day, FIRST.version, rules.inflation, rules.guard_seconds)


async def locked(dates: Collection[date], *, now: datetime, asked: Collection[str] = ()) -> dict[date, Day]:
    """The live plans of those of the days that have one, their rows locked in order."""
    rows = await fetch(f"{DAY} WHERE date = ANY($1) ORDER BY date FOR UPDATE", sorted(dates))
    return {row["date"]: await plans.of(DayRow(*row), now=now, asked=asked) for row in rows}


async def hold_days(first: date, last: date) -> None:
    """Lock the rows of all days of a time, in order, without reading their plans."""
    await in_transaction().execute(
        "SELECT FROM day_plan WHERE date BETWEEN $1 AND $2 ORDER BY date FOR UPDATE", first, last
    )


async def next_version(day: date, *, now: datetime, promised: int = 0) -> DayRow:
    """The plan is another one from here on, and not as short as it could be."""
    row = await in_transaction().fetchrow(NEXT_VERSION, day, now, promised)
    assert row is not None, "a day is changed after it began"
    return DayRow(*row)


async def touch(duties: Collection[uuid.UUID], version: int) -> None:
    """Name the version at which these duties, or their stops, last changed."""
    await in_transaction().execute(
        "UPDATE duty SET version = $2 WHERE id = ANY($1)", sorted(duties), version
    )


async def add(placed: Placed, *, now: datetime) -> Day:
    """Store a stop that found a place, with the rounds it changed; the day as it is then.

    Keep the result (`plans.keep`) only after the transaction has committed.
    """
    day = placed.day
    head = await next_version(day.head.date, now=now, promised=1)
    day = replace(day, head=head)
    await in_transaction().execute(ADD_STOP, *day.stops[-1]._replace(version=head.version))
    await write_rounds(day, placed.changed)
    return day


async def write_rounds(day: Day, duties: Iterable[int]) -> None:
    """Store the order of the stops of some duties (numbers of the day) under the day's version."""
    changed = list(duties)
    rows = [
        (stop.home_visit_id, day.duties[duty].id, seq, stop.lock)
        for duty in changed
        for seq, stop in enumerate((day.stops[number] for number in day.rounds[duty]), start=1)
    ]
    await in_transaction().execute(
        WRITE_ROUNDS, *([row[field] for row in rows] for field in range(4)), day.head.version
    )
    await touch([day.duties[duty].id for duty in changed], day.head.version)


async def take_out(home_visit_id: uuid.UUID, *, now: datetime) -> StopRow | None:
    """Take a visit out of its round, whose day the caller has locked; what it was, if it was in one."""
    row = await in_transaction().fetchrow(
        f"DELETE FROM round_stop WHERE home_visit_id = $1 RETURNING {', '.join(StopRow._fields)}",
        home_visit_id,
    )
    if row is None:
        return None
    stop = StopRow(*row)
    head = await next_version(stop.date, now=now)
    if stop.duty_id is not None:
        await touch([stop.duty_id], head.version)
    return stop


async def add_at_risk(
    day: Day,
    home_visit_id: uuid.UUID,
    asked: Asked,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
) -> None:
    """A promise taken out of its round that fits into no other: seen by whoever asks for such, and tried
    again whenever a shift is said.
    """
    row = day.stop_row(home_visit_id, asked, starts_at, ends_at)
    head = await next_version(day.head.date, now=now)
    row = row._replace(version=head.version, at_risk_since=now, at_risk_because="declined")
    await in_transaction().execute(ADD_STOP, *row)


async def leave_at_risk(
    visits: Collection[uuid.UUID], version: int, *, because: str, now: datetime
) -> None:
    """Promises no round can keep now: out of every round, and seen by whoever asks for them."""
    await in_transaction().execute(
        "UPDATE round_stop SET duty_id = NULL, seq = NULL, lock = 'free', version = $2,"
        " late_told_at = NULL, at_risk_since = coalesce(at_risk_since, $3), at_risk_because = $4"
        " WHERE home_visit_id = ANY($1)",
        sorted(visits),
        version,
        now,
        because,
    )


async def record_promise(
    day: Day,
    placed: Placed,
    window: tuple[datetime, datetime],
    *,
    because: str,
    now: datetime,
) -> None:
    """Everything the promise rested on, so that it can be proved again without the plan of then."""
    await in_transaction().execute(
        "INSERT INTO promise (id, home_visit_id, date, starts_at, ends_at, made_at, made_because,"
        " plan_version, travel_version, inflation, guard_seconds, service_seconds, extra_seconds,"
        " rested_on) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)",
        new_id(),
        day.stops[-1].home_visit_id,
        day.head.date,
        *window,
        now,
        because,
        day.head.version,
        day.model.version,
        day.head.inflation,
        day.head.guard_seconds,
        day.stops[-1].service_seconds,
        placed.extra_seconds,
        msgspec.json.encode([_round_as_told(day, duty) for duty in placed.changed]).decode(),
    )


def _round_as_told(day: Day, duty: int) -> dict[str, Any]:
    """One round with its places and times; no name and no address."""
    block = day.duties[duty]
    return {
        "duty": {
            "id": block.id,
            "courier_id": block.courier_id,
            "starts_at": block.starts_at,
            "ends_at": block.ends_at,
            "lat": block.lat,
            "lon": block.lon,
            "skills": block.skills,
            "capacity": block.capacity,
        },
        "stops": [_stop_as_told(day.stops[number]) for number in day.rounds[duty]],
    }


def _stop_as_told(stop: StopRow) -> dict[str, Any]:
    return {
        "home_visit_id": stop.home_visit_id,
        "lat": stop.lat,
        "lon": stop.lon,
        "opens_at": stop.opens_at,
        "closes_at": stop.closes_at,
        "service_seconds": stop.service_seconds,
        "size": stop.size,
        "skills": stop.skills,
    }


def numbers_of(day: Day, visits: Sequence[uuid.UUID]) -> list[int]:
    """The numbers of visits in a day's problem; raises `KeyError` for one that is in no round."""
    known = {stop.home_visit_id: number for number, stop in enumerate(day.stops)}
    return [known[visit] for visit in visits]
