"""What the queue has learned: durations, who comes, how wide to quote, what could be promised."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from app.core.database import fetch
from app.procedures import queries as procedures
from app.queue.forecast import Duration
from app.queue.learning import Lead, Learned, show_rate, shrunk

# Who came longer ago says little about who comes now.
SHOWS_COUNT_FOR: Final = timedelta(days=60)

DURATIONS: Final = """
SELECT DISTINCT ON (procedure_code) procedure_code, mean_log, variance_log, observations
  FROM learned_duration
 WHERE centre_id = $1 AND procedure_code = ANY($2) AND local_date < $3
 ORDER BY procedure_code, local_date DESC
"""
FACTORS: Final = """
SELECT DISTINCT ON (pool_id) pool_id, factor FROM forecast_calibration
 WHERE centre_id = $1 AND local_date < $2 ORDER BY pool_id, local_date DESC
"""
SHOWS: Final = """
SELECT channel, lead, sum(expected)::int AS expected, sum(came)::int AS came FROM show_count
 WHERE centre_id = $1 AND local_date >= $2 AND local_date < $3 GROUP BY channel, lead
"""
ADVICE: Final = """
SELECT pool_id, weekday, hour, local_date, counters, grain_minutes, mean_minutes, variation,
       observations, walk_in_share, show_rate, most_load, online_cap, walkin_floor
  FROM capacity_advice WHERE centre_id = $1 ORDER BY pool_id, weekday, hour
"""


class AdviceRow(NamedTuple):
    """What a pool could promise in an hour of a weekday, with what it was computed from."""

    pool_id: uuid.UUID
    weekday: int
    hour: int
    local_date: date
    counters: int
    grain_minutes: int
    mean_minutes: float
    variation: float
    observations: int
    walk_in_share: float
    show_rate: float
    most_load: float
    online_cap: int
    walkin_floor: int


class ShowRates(NamedTuple):
    """Who comes, by channel and by how long before they booked."""

    counts: Mapping[tuple[str, str], tuple[int, int]]

    def of(self, channel: str, lead: Lead) -> float:
        expected, came = self.counts.get((channel, lead.value), (0, 0))
        return show_rate(expected=expected, came=came)

    @property
    def whole(self) -> float:
        expected = sum(count for count, _ in self.counts.values())
        return show_rate(expected=expected, came=sum(came for _, came in self.counts.values()))


async def states(centre_id: uuid.UUID, codes: Iterable[str], *, before: date) -> dict[str, Learned]:
    """What was known of these procedures when the day began."""
    rows = await fetch(DURATIONS, centre_id, list(codes), before)
    return {
        row["procedure_code"]: Learned(row["mean_log"], row["variance_log"], row["observations"])
        for row in rows
    }


async def durations(centre_id: uuid.UUID, codes: Iterable[str], *, on: date) -> dict[str, Duration]:
    """How long each takes here today; what the centre does not offer is absent."""
    wanted = list(codes)
    offers = await procedures.offers(centre_id, wanted, on=on)
    known = await states(centre_id, wanted, before=on)
    return {
        code: shrunk(Duration(float(offer.p50_minutes), float(offer.p80_minutes)), known.get(code))
        for code, offer in offers.items()
    }


async def factors(centre_id: uuid.UUID, *, before: date) -> dict[uuid.UUID, float]:
    """By how much each pool's spread is widened; a pool that is not here has a neutral one."""
    rows = await fetch(FACTORS, centre_id, before)
    return {row["pool_id"]: row["factor"] for row in rows}


async def show_rates(centre_id: uuid.UUID, *, before: date) -> ShowRates:
    rows = await fetch(SHOWS, centre_id, before - SHOWS_COUNT_FOR, before)
    return ShowRates({(row["channel"], row["lead"]): (row["expected"], row["came"]) for row in rows})


async def advice(centre_id: uuid.UUID) -> Sequence[AdviceRow]:
    """The last advice for every hour somebody came in, by pool, weekday and hour."""
    return [AdviceRow(*row) for row in await fetch(ADVICE, centre_id)]
