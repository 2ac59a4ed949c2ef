"""The travel model, learned anew from the legs driven: another version, and the days it may be used for.

What was promised rested on the version of then, so a day that has promises moves to a new one only when the
checker accepts every round of it with the new times. Otherwise it keeps its version, and the promises the
new times would break are named: somebody must look at them.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch, fetch_row, in_transaction
from app.core.operation import operation
from app.rounds import live, plans
from app.rounds.day import build
from app.rounds.learning import Leg, learn
from app.rounds.planning.checker import Fault, violations
from app.rounds.travel_model import FIRST, Model
from app.rounds.zones import NEUTRAL, NOTHING, Factors, Pair

# A factor that moved by less is the same factor: a version a night would make every plan be read again.
WORTH_A_VERSION: Final = 0.02
BEING_LEARNED: Final = "motcua travel model"


class Moved(NamedTuple):
    """A day that was to use a new version: whether it does, and whose promises it would break."""

    day: date
    moved: bool
    in_doubt: Sequence[uuid.UUID]


@operation
async def learn_roads(
    *, legs: Iterable[Leg], surveyed: Mapping[Pair, float] = NOTHING, now: datetime
) -> int:
    """The version in force after these legs: a new one, where some factor moved enough to matter."""
    connection = in_transaction()
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", BEING_LEARNED)
    version, known = await _newest()
    found = learn(legs, surveyed=surveyed)
    if not _differ(known, found):
        return version
    version += 1
    await connection.execute(
        "INSERT INTO travel_model (version, detour, kmh, zones, made_at) VALUES ($1,$2,$3,$4,$5)",
        version,
        FIRST.detour,
        FIRST.kmh,
        msgspec.json.encode(found.as_json()).decode(),
        now,
    )
    await journal.write(
        "travel_model.learned",
        object_kind="travel_model",
        object_id=uuid.UUID(int=version),
        at=now,
        detail={"version": version, "province": found.province, "pairs": len(found.pairs)},
    )
    return version


async def days_behind(version: int, *, now: datetime) -> list[date]:
    """Days to come whose plans rest on an older version. Today goes on as it began."""
    rows = await fetch(
        "SELECT date FROM day_plan WHERE date > $1 AND travel_version < $2 ORDER BY date",
        local_date(now),
        version,
    )
    return [row["date"] for row in rows]


@operation
async def move_day(*, day: date, version: int, now: datetime) -> Moved:
    """Let a day use a version, if every promise of it can be kept with the new times."""
    kept = (await live.locked([day], now=now))[day]
    if kept.head.travel_version >= version:
        return Moved(day, moved=True, in_doubt=())
    model = await plans.model_of(version)
    tried = build(kept.head, model, kept.duties, kept.stops, now=now)
    wrong = [each for each in violations(tried.problem, tried.plan) if each.fault is not Fault.UNSERVED]
    if not wrong:
        await in_transaction().execute(
            "UPDATE day_plan SET travel_version = $2 WHERE date = $1", day, version
        )
        await live.next_version(day, now=now)
        return Moved(day, moved=True, in_doubt=())
    # A round that ends too late names no stop: each of its promises is in doubt then.
    doubtful: set[int] = set()
    for each in wrong:
        if each.stop is not None:
            doubtful.add(each.stop)
        elif each.duty is not None:
            doubtful.update(tried.rounds[each.duty])
    return Moved(
        day, moved=False, in_doubt=[tried.stops[number].home_visit_id for number in sorted(doubtful)]
    )


async def model_in_force() -> Model:
    """What days begin with now."""
    version, _ = await _newest()
    return await plans.model_of(version)


async def _newest() -> tuple[int, Factors]:
    row = await fetch_row("SELECT version, zones FROM travel_model ORDER BY version DESC LIMIT 1")
    if row is None:
        return FIRST.version, NEUTRAL
    return row["version"], Factors.from_json(msgspec.json.decode(row["zones"]))


def _differ(known: Factors, found: Factors) -> bool:
    """A pair one of them does not know is as the province is there."""
    return abs(known.province - found.province) > WORTH_A_VERSION or any(
        abs(known.pairs.get(pair, known.province) - found.pairs.get(pair, found.province)) > WORTH_A_VERSION
        for pair in known.pairs.keys() | found.pairs.keys()
    )
