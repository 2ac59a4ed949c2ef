"""What an installation keeps in hand, and how long work takes: read whole, replaced whole, by version.

Always true: a change is for promises made from then on. A promise keeps the guard in its stop and every
figure in its `promise` row; a day keeps the inflation its first promise was made with, for a smaller one
would take from promises what they were given.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch, fetch_value, in_transaction
from app.core.errors import PreconditionFailed
from app.core.operation import operation
from app.procedures import queries as procedures
from app.rounds import live
from app.rounds.errors import PlanningRulesNotValid
from app.rounds.margins import EVERY_OTHER, SERVICE_SECONDS, PlanningRules

# Outside of these somebody has mistaken the unit. Not below: a promise without any margin is none.
WITHIN: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "inflation": (1.0, 2.0),
        "guard_seconds": (0, 3600),
        "access_seconds": (0, 1800),
        "centroid_seconds": (0, 3600),
        "published_minutes": (30, 2880),
        "seconds": (60, 14400),
    }
)
MOST_TIMES: Final = 500

ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('planning_rule', 0))"
VERSION: Final = "SELECT coalesce((SELECT version FROM planning_rule), 0)"
PUT: Final = """
INSERT INTO planning_rule (id, inflation, guard_seconds, access_seconds, centroid_seconds,
                           published_minutes, version)
VALUES (1, $1, $2, $3, $4, $5, 1)
ON CONFLICT (id) DO UPDATE SET inflation = $1, guard_seconds = $2, access_seconds = $3,
       centroid_seconds = $4, published_minutes = $5, version = planning_rule.version + 1
RETURNING version
"""
# A day is locked before it is changed, and the days in their order.
TO_COME: Final = "SELECT FROM day_plan WHERE date >= $1 ORDER BY date FOR UPDATE"
TAKE_HOLD: Final = """
UPDATE day_plan SET guard_seconds = day.guard, inflation = day.inflation, version = nextval('plan_version')
  FROM (SELECT date, $2::integer AS guard,
               CASE WHEN EXISTS (SELECT FROM round_stop WHERE round_stop.date = day_plan.date)
                    THEN inflation ELSE $3 END AS inflation
          FROM day_plan WHERE date >= $1) AS day
 WHERE day_plan.date = day.date
   AND (day_plan.guard_seconds, day_plan.inflation) IS DISTINCT FROM (day.guard, day.inflation)
"""


class ServiceTime(NamedTuple):
    """How long the papers of a procedure take at a door; an empty code is every other procedure."""

    kind: str
    procedure_code: str
    seconds: int


class Standards(NamedTuple):
    """All of it, and its version; 0 are the program's own figures."""

    rules: PlanningRules
    times: Sequence[ServiceTime]
    version: int


async def standards() -> Standards:
    """What holds for promises made now; every kind has its time for every other procedure."""
    rows = await fetch("SELECT kind, procedure_code, seconds FROM service_time")
    times = _whole([ServiceTime(*row) for row in rows])
    return Standards(await live.planning_rules(), times, await fetch_value(VERSION))


def _whole(times: Sequence[ServiceTime]) -> list[ServiceTime]:
    """With the program's own figures where none is said."""
    known = {**SERVICE_SECONDS, **{(each.kind, each.procedure_code): each.seconds for each in times}}
    return [ServiceTime(*key, seconds) for key, seconds in sorted(known.items())]


@operation
async def put_standards(
    *, rules: PlanningRules, times: Sequence[ServiceTime], expected_version: int, now: datetime
) -> Standards:
    """Replace all figures, for promises made from now on; the same again changes nothing.

    Raises `PlanningRulesNotValid` for figures out of bounds, a kind or a procedure nobody knows, or one
    said twice; `PreconditionFailed` for another version than was seen.
    """
    await in_transaction().execute(ONE_AT_A_TIME)
    before = await standards()
    if before.version != expected_version:
        raise PreconditionFailed
    faults = [*rule_faults(rules), *time_faults(times), *await _unknown(times, on=local_date(now))]
    if faults:
        raise PlanningRulesNotValid(errors=faults)
    if (rules, _whole(times)) == (before.rules, before.times):
        return before
    work = in_transaction()
    version = await work.fetchval(PUT, *rules)
    await work.execute("DELETE FROM service_time")
    await work.executemany(
        "INSERT INTO service_time (kind, procedure_code, seconds) VALUES ($1,$2,$3)", times
    )
    await work.execute(TO_COME, local_date(now))
    await work.execute(TAKE_HOLD, local_date(now), rules.guard_seconds, rules.inflation)
    after = Standards(rules, _whole(times), version)
    await journal.write(
        "planning_rules.changed",
        object_kind="planning_rule",
        object_id=str(version),
        at=now,
        detail={"before": _as_told(before), "after": _as_told(after)},
    )
    return after


def rule_faults(rules: PlanningRules) -> list[dict[str, str]]:
    """What is out of its bounds (pure)."""
    return [
        _fault(f"/{name}")
        for name, value in rules._asdict().items()
        if not WITHIN[name][0] <= value <= WITHIN[name][1]
    ]


def time_faults(times: Sequence[ServiceTime]) -> list[dict[str, str]]:
    """Times out of bounds, of a kind there is not, or said twice (pure)."""
    lowest, highest = WITHIN["seconds"]
    kinds = {kind for kind, _ in SERVICE_SECONDS}
    seen: set[tuple[str, str]] = set()
    found = []
    for n, each in enumerate(times):
        key = (each.kind, each.procedure_code)
        if not lowest <= each.seconds <= highest or each.kind not in kinds or key in seen:
            found.append(_fault(f"/service_times/{n}"))
        seen.add(key)
    return found


async def _unknown(times: Sequence[ServiceTime], *, on: date) -> list[dict[str, str]]:
    codes = {each.procedure_code for each in times} - {EVERY_OTHER}
    known = await procedures.by_codes(sorted(codes), on=on)
    return [
        _fault(f"/service_times/{n}/procedure")
        for n, each in enumerate(times)
        if each.procedure_code != EVERY_OTHER and each.procedure_code not in known
    ]


def _fault(pointer: str) -> dict[str, str]:
    code = PlanningRulesNotValid.code
    return {"pointer": pointer, "code": code, "detail": "Out of bounds, unknown, or said twice."}


def _as_told(standards: Standards) -> dict[str, Any]:
    times = [each._asdict() for each in standards.times]
    return {"version": standards.version, **standards.rules._asdict(), "service_times": times}
