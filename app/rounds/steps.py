"""Giving a visit to a courier, inside the operation that promises or changes it."""

import uuid
from collections.abc import Collection

from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.rounds import queries, rules
from app.rounds.queries import CourierRow
from app.rounds.rules import Wanted


async def assign(
    home_visit_id: uuid.UUID,
    wanted: Wanted,
    *,
    not_to: Collection[uuid.UUID] = (),
) -> CourierRow | None:
    """Give the visit to the nearest able courier, or learn that nobody is.

    The day's shifts are locked in id order while the choice is made, so a capacity holds under any
    number of citizens.
    """
    connection = in_transaction()
    day = local_date(wanted.starts_at)
    await connection.execute("SELECT id FROM courier_shift WHERE date = $1 ORDER BY id FOR UPDATE", day)
    candidates = [c for c in await queries.candidates(day) if c.courier_id not in not_to]
    chosen = rules.choose_courier(candidates, wanted)
    if chosen is None:
        return None
    await end_assignment(home_visit_id, because="reassigned")
    await connection.execute(
        "INSERT INTO assignment (id, home_visit_id, courier_id, generation, date, starts_at,"
        " ends_at, lat, lon, state) SELECT $1, $2, $3,"
        " coalesce((SELECT max(generation) FROM assignment WHERE home_visit_id = $2), 0) + 1,"
        " $4, $5, $6, $7, $8, 'active'",
        new_id(),
        home_visit_id,
        chosen,
        day,
        wanted.starts_at,
        wanted.ends_at,
        wanted.lat,
        wanted.lon,
    )
    return await queries.courier_by_id(chosen)


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
