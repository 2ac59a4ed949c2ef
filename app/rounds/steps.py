"""What the operations on home visits join: assignments, and how far a visit has got in its round."""

import uuid
from datetime import datetime

from app.core.clock import local_date
from app.core.database import fetch_row, in_transaction
from app.core.ids import new_id
from app.rounds.blocks import TOLD, DutyState, Lock
from app.rounds.live import planning_rules, take_out
from app.rounds.queries import CourierRow, courier_by_id

__all__ = [
    "assign",
    "courier_told",
    "end_assignment",
    "note_progress",
    "pass_on",
    "planning_rules",
    "take_out",
    "who_declined",
]


async def courier_told(home_visit_id: uuid.UUID) -> CourierRow | None:
    """The courier whose round the visit is in, once that round is told; until then nobody's name is."""
    row = await fetch_row(
        "SELECT duty.courier_id FROM round_stop JOIN duty ON duty.id = round_stop.duty_id"
        " WHERE round_stop.home_visit_id = $1 AND duty.state = ANY($2)",
        home_visit_id,
        [state.value for state in TOLD],
    )
    return None if row is None else await courier_by_id(row["courier_id"])


async def assign(
    home_visit_id: uuid.UUID,
    courier_id: uuid.UUID,
    *,
    starts_at: datetime,
    ends_at: datetime,
    lat: float,
    lon: float,
) -> None:
    """The visit is this courier's from now on; whoever had it before is remembered."""
    await end_assignment(home_visit_id, because="reassigned")
    await in_transaction().execute(
        "INSERT INTO assignment (id, home_visit_id, courier_id, generation, date, starts_at,"
        " ends_at, lat, lon, state) SELECT $1, $2, $3,"
        " coalesce((SELECT max(generation) FROM assignment WHERE home_visit_id = $2), 0) + 1,"
        " $4, $5, $6, $7, $8, 'active'",
        new_id(),
        home_visit_id,
        courier_id,
        local_date(starts_at),
        starts_at,
        ends_at,
        lat,
        lon,
    )


async def note_progress(home_visit_id: uuid.UUID, lock: Lock) -> None:
    """The courier is on the way to the door, or done with it: nothing goes before it any more.

    The caller has locked the visit; the day is locked before its stop, as everybody does.
    """
    connection = in_transaction()
    version = await connection.fetchval(
        "UPDATE day_plan SET version = nextval('plan_version') WHERE date ="
        " (SELECT date FROM round_stop WHERE home_visit_id = $1 AND lock <> $2) RETURNING version",
        home_visit_id,
        lock.value,
    )
    if version is None:
        return
    await connection.execute(
        "WITH stop AS (UPDATE round_stop SET lock = $2, version = $3 WHERE home_visit_id = $1"
        " RETURNING duty_id)"
        " UPDATE duty SET version = $3, state = CASE WHEN state = $4 THEN $5 ELSE state END"
        " FROM stop WHERE duty.id = stop.duty_id",
        home_visit_id,
        lock.value,
        version,
        DutyState.PUBLISHED.value,
        DutyState.STARTED.value,
    )


async def end_assignment(
    home_visit_id: uuid.UUID, *, because: str, state: str = "ended"
) -> uuid.UUID | None:
    """Take the visit from its courier; who that was, or None when nobody had it."""
    ended: uuid.UUID | None = await in_transaction().fetchval(
        "UPDATE assignment SET state = $2, ended_because = $3"
        " WHERE home_visit_id = $1 AND state = 'active' RETURNING courier_id",
        home_visit_id,
        state,
        because,
    )
    return ended


async def who_declined(home_visit_id: uuid.UUID) -> list[uuid.UUID]:
    """Couriers who said no to this visit: they are not asked again."""
    rows = await in_transaction().fetch(
        "SELECT DISTINCT courier_id FROM assignment"
        " WHERE home_visit_id = $1 AND ended_because = 'declined'",
        home_visit_id,
    )
    return [row["courier_id"] for row in rows]


async def pass_on(home_visit_id: uuid.UUID, courier_id: uuid.UUID, *, because: str) -> None:
    """Whoever has the papers has the visit: a new generation of the latest assignment, as planned before.

    No capacity is asked for: it has happened already.
    """
    if (
        await in_transaction().fetchval(
            "SELECT courier_id FROM assignment WHERE home_visit_id = $1 AND state = 'active'", home_visit_id
        )
        == courier_id
    ):
        return
    await end_assignment(home_visit_id, because=because)
    await in_transaction().execute(
        "INSERT INTO assignment (id, home_visit_id, courier_id, generation, date, starts_at, ends_at,"
        " lat, lon, state) SELECT $1, $2, $3, generation + 1, date, starts_at, ends_at, lat, lon, 'active'"
        " FROM assignment WHERE home_visit_id = $2 ORDER BY generation DESC LIMIT 1",
        new_id(),
        home_visit_id,
        courier_id,
    )
