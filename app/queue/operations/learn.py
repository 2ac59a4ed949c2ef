"""Learn from a day that is over: how long things took, who came, how honest the forecast was."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from app.appointments import queries as appointments
from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.database import fetch, in_transaction
from app.core.operation import operation
from app.procedures import queries as procedures
from app.queue import learned, planning
from app.queue.calibration import NEUTRAL, Share, next_factor
from app.queue.forecast import Duration
from app.queue.learning import ENOUGH, lead, learn, walk_in_share
from app.queue.planning import Service

DAY: Final = timedelta(days=1)
SERVICES_COUNT_FOR: Final = timedelta(days=28)
HOURS_COUNT_FOR: Final = timedelta(weeks=8)
# Of a visit with one time still running, or marked, nothing is learned.
BELIEVABLE: Final = "bool_and(p.ended_at IS NOT NULL AND NOT p.inaccurate)"

BEGIN: Final = """
INSERT INTO learned_day (centre_id, local_date, learned_at) VALUES ($1, $2, $3)
ON CONFLICT (centre_id, local_date) DO UPDATE SET learned_at = EXCLUDED.learned_at
"""
SERVED: Final = f"""
SELECT p.procedure_code, sum(extract(epoch FROM p.ended_at - p.started_at))::float8 / 60 AS minutes
  FROM ticket_period p
 WHERE p.centre_id = $1 AND p.started_at >= $2 AND p.started_at < $3
 GROUP BY p.ticket_id, p.procedure_code HAVING {BELIEVABLE}
 ORDER BY min(p.started_at), p.ticket_id, p.procedure_code
"""
# Of those told of a wait when the ticket was issued: called within it? Who agreed to return was told
# something else, and who left before the call tells nothing.
QUOTED: Final = """
SELECT issued.pool_id, count(*)::int AS quoted,
       (count(*) FILTER (WHERE called.at - issued.at
            <= make_interval(mins => (issued.data->>'p80_minutes')::int)))::int AS within
  FROM queue_event issued
  JOIN LATERAL (
       SELECT at, data FROM queue_event WHERE ticket_id = issued.ticket_id AND type = 'called'
        ORDER BY seq LIMIT 1) called ON true
 WHERE issued.centre_id = $1 AND issued.type = 'issued' AND issued.at >= $2 AND issued.at < $3
   AND (issued.data->>'p80_minutes')::int > 0 AND issued.pool_id IS NOT NULL
   AND called.data->>'ticket_class' <> 'returning'
 GROUP BY issued.pool_id ORDER BY issued.pool_id
"""
VISITS: Final = f"""
SELECT count(*)::int AS seen, avg(minutes)::float8 AS mean, var_pop(minutes)::float8 AS variance FROM (
    SELECT sum(extract(epoch FROM p.ended_at - p.started_at)) / 60 AS minutes
      FROM ticket_period p JOIN ticket t ON t.id = p.ticket_id
     WHERE p.centre_id = $1 AND p.started_at >= $2 AND p.started_at < $3 AND t.pool_id = $4
     GROUP BY p.ticket_id HAVING {BELIEVABLE}) visit
 WHERE minutes BETWEEN 0.5 AND 240
"""
BY_HOUR: Final = """
SELECT extract(hour FROM at AT TIME ZONE 'Asia/Ho_Chi_Minh')::int AS hour, count(*)::int AS tickets,
       (count(*) FILTER (WHERE NOT (data->>'appointment')::boolean))::int AS walked_in
  FROM queue_event
 WHERE centre_id = $1 AND type = 'issued' AND pool_id = $2 AND at >= $3 AND at < $4
   AND extract(isodow FROM at AT TIME ZONE 'Asia/Ho_Chi_Minh') = $5 AND data ? 'appointment'
 GROUP BY hour ORDER BY hour
"""
KEEP_ADVICE: Final = """
INSERT INTO capacity_advice (centre_id, pool_id, weekday, hour, local_date, counters, grain_minutes,
    mean_minutes, variation, observations, walk_in_share, show_rate, most_load, online_cap, walkin_floor)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)
"""


async def days_to_learn(*, now: datetime, at_most: int) -> list[tuple[uuid.UUID, date]]:
    """Centre and day of every day that is over, had tickets and was not learned, the oldest first."""
    rows = await fetch(
        "SELECT DISTINCT s.centre_id, s.local_date FROM ticket_series s"
        " WHERE s.local_date < $1 AND s.local_date >= $2 AND NOT EXISTS (SELECT FROM learned_day d"
        "  WHERE d.centre_id = s.centre_id AND d.local_date = s.local_date)"
        " ORDER BY s.local_date, s.centre_id LIMIT $3",
        local_date(now),
        local_date(now) - SERVICES_COUNT_FOR,
        at_most,
    )
    return [(row["centre_id"], row["local_date"]) for row in rows]


@operation
async def learn_day(*, centre_id: uuid.UUID, day: date, now: datetime) -> None:
    """Compute everything the day teaches, from its events. Twice gives the same rows.

    Each step starts from what was known when the day began, so days are to be learned in their order.
    """
    await in_transaction().execute(BEGIN, centre_id, day, now)
    await _durations(centre_id, day)
    await _shows(centre_id, day)
    await _calibration(centre_id, day)
    await _advice(centre_id, day)


async def _durations(centre_id: uuid.UUID, day: date) -> None:
    seen: dict[str, list[float]] = {}
    for row in await fetch(SERVED, centre_id, at_local(day, 0), at_local(day + DAY, 0)):
        seen.setdefault(row["procedure_code"], []).append(row["minutes"])
    before = await learned.states(centre_id, seen, before=day)
    connection = in_transaction()
    await connection.execute(
        "DELETE FROM learned_duration WHERE centre_id = $1 AND local_date = $2", centre_id, day
    )
    for code, minutes in seen.items():
        known = learn(before.get(code), minutes)
        if known is not None:
            await connection.execute(
                "INSERT INTO learned_duration (centre_id, procedure_code, local_date, mean_log,"
                " variance_log, observations) VALUES ($1,$2,$3,$4,$5,$6)",
                centre_id,
                code,
                day,
                *known,
            )


async def _shows(centre_id: uuid.UUID, day: date) -> None:
    counts: dict[tuple[str, str], Share] = {}
    kept = await appointments.to_be_kept_on(centre_id, day)
    arrived = {
        row["appointment_id"]
        for row in await fetch(
            "SELECT appointment_id FROM ticket WHERE appointment_id = ANY($1)", [row.id for row in kept]
        )
    }
    for row in kept:
        key = row.channel, lead(created_at=row.created_at, starts_at=row.starts_at).value
        expected, came = counts.get(key, Share(0, 0))
        counts[key] = Share(expected + 1, came + (row.id in arrived))
    connection = in_transaction()
    await connection.execute(
        "DELETE FROM show_count WHERE centre_id = $1 AND local_date = $2", centre_id, day
    )
    for (channel, ahead), (expected, came) in counts.items():
        await connection.execute(
            "INSERT INTO show_count (centre_id, local_date, channel, lead, expected, came)"
            " VALUES ($1,$2,$3,$4,$5,$6)",
            centre_id,
            day,
            channel,
            ahead,
            expected,
            came,
        )


async def _calibration(centre_id: uuid.UUID, day: date) -> None:
    before = await learned.factors(centre_id, before=day)
    connection = in_transaction()
    await connection.execute(
        "DELETE FROM forecast_calibration WHERE centre_id = $1 AND local_date = $2", centre_id, day
    )
    for row in await fetch(QUOTED, centre_id, at_local(day, 0), at_local(day + DAY, 0)):
        share = Share(row["quoted"], row["within"])
        await connection.execute(
            "INSERT INTO forecast_calibration (centre_id, pool_id, local_date, quoted, within, factor)"
            " VALUES ($1,$2,$3,$4,$5,$6)",
            centre_id,
            row["pool_id"],
            day,
            share.quoted,
            share.within,
            next_factor(before.get(row["pool_id"], NEUTRAL), share),
        )


async def _advice(centre_id: uuid.UUID, day: date) -> None:
    """For the weekday that has just passed: what its hours could promise next time."""
    centre = await centres.any_centre(centre_id)
    rates = await learned.show_rates(centre_id, before=day + DAY)
    connection = in_transaction()
    for pool in await centres.pools_of(centre_id, "counter"):
        await connection.execute(
            "DELETE FROM capacity_advice WHERE centre_id = $1 AND pool_id = $2 AND weekday = $3",
            centre_id,
            pool.id,
            day.isoweekday(),
        )
        counters = len(await centres.counter_ids_of_pool(pool.id))
        service, observations = await _service(centre_id, pool.id, day)
        if not counters or service is None:
            continue
        for hour, tickets, walked_in in await _hours(centre_id, pool.id, day):
            share = walk_in_share(tickets=tickets, walked_in=walked_in)
            advice = planning.advise(
                counters=counters,
                grain_minutes=centre.grain_minutes,
                service=service,
                walk_in_share=share,
                show_rate=rates.whole,
            )
            await connection.execute(
                KEEP_ADVICE,
                centre_id,
                pool.id,
                day.isoweekday(),
                hour,
                day,
                counters,
                centre.grain_minutes,
                service.mean_minutes,
                service.variation,
                observations,
                share,
                rates.whole,
                advice.most_load,
                advice.online_cap,
                advice.walkin_floor,
            )


async def _service(centre_id: uuid.UUID, pool_id: uuid.UUID, day: date) -> tuple[Service | None, int]:
    """How long a pool's visits took lately; by its procedures while too few were seen."""
    since = at_local(day + DAY - SERVICES_COUNT_FOR, 0)
    row = (await fetch(VISITS, centre_id, since, at_local(day + DAY, 0), pool_id))[0]
    if row["seen"] >= ENOUGH:
        mean = row["mean"]
        return Service(mean, row["variance"] / (mean * mean)), row["seen"]
    codes = await procedures.codes_of_pool(pool_id)
    found: Sequence[Duration] = list((await learned.durations(centre_id, codes, on=day + DAY)).values())
    return (planning.mixed(found) if found else None), row["seen"]


async def _hours(centre_id: uuid.UUID, pool_id: uuid.UUID, day: date) -> list[tuple[int, int, int]]:
    """Hour, tickets, and those without an appointment, on this weekday of the last weeks."""
    rows = await fetch(
        BY_HOUR,
        centre_id,
        pool_id,
        at_local(day + DAY - HOURS_COUNT_FOR, 0),
        at_local(day + DAY, 0),
        day.isoweekday(),
    )
    return [(row["hour"], row["tickets"], row["walked_in"]) for row in rows]
