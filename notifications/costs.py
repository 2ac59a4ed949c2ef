"""What messages cost: every call a provider took, by centre, template, way and day.

Always true:
- a call counts once, on the day it was made, whatever became of it: what is sent again is paid again;
- a price is what the provider told of that call; one it told nothing of is unpriced, and not free;
- the calls of each list add up to those of the total.
"""

import uuid
from datetime import date, datetime
from typing import Final, NamedTuple

import asyncpg

from app.core.clock import ZONE
from app.core.database import fetch

# A call that arrived has its segments (`ending.book`); those of ways that are no SMS are nought.
COSTS: Final = """
WITH call AS MATERIALIZED (
    SELECT m.id, m.centre_id, m.template, m.channel,
           (a.started_at AT TIME ZONE $4)::date AS day, a.segments, a.price, a.currency
      FROM message_attempt a JOIN message m ON m.id = a.message_id
     WHERE a.segments IS NOT NULL AND a.started_at >= $1 AND a.started_at < $2
       AND ($3::uuid IS NULL OR m.centre_id = $3)),
counted AS (
    SELECT grouping(centre_id, template, channel, day) AS parts, centre_id, template, channel, day,
           count(DISTINCT id) AS messages, count(*) AS calls, coalesce(sum(segments), 0) AS segments,
           count(*) FILTER (WHERE segments > 0 AND price IS NULL) AS unpriced
      FROM call GROUP BY GROUPING SETS ((centre_id), (template), (channel), (day), ())),
priced AS (
    SELECT grouping(centre_id, template, channel, day) AS parts, centre_id, template, channel, day,
           currency, sum(price) AS amount
      FROM call WHERE price IS NOT NULL
     GROUP BY GROUPING SETS
           ((centre_id, currency), (template, currency), (channel, currency), (day, currency), (currency)))
SELECT parts, centre_id, template, channel, day, messages, calls, segments, unpriced,
       ARRAY(SELECT concat(currency, ' ', amount) FROM priced
              WHERE priced.parts = counted.parts
                AND (priced.centre_id, priced.template, priced.channel, priced.day)
                    IS NOT DISTINCT FROM (counted.centre_id, counted.template, counted.channel, counted.day)
              ORDER BY currency) AS amounts
  FROM counted ORDER BY parts, centre_id NULLS LAST, template, channel, day
"""
# A bit is set for what a row is not grouped by (PostgreSQL's `grouping`).
BY_CENTRE, BY_TEMPLATE, BY_CHANNEL, BY_DAY, IN_ALL = 0b0111, 0b1011, 0b1101, 0b1110, 0b1111


class Cost(NamedTuple):
    """What some calls came to; `amounts` are (currency, amount) pairs, a decimal number each."""

    messages: int
    calls: int
    segments: int
    unpriced: int
    amounts: list[tuple[str, str]]


class Costs(NamedTuple):
    """The same calls, in all and four times divided; no centre is what belongs to none, codes above all."""

    total: Cost
    by_centre: list[tuple[uuid.UUID | None, Cost]]
    by_template: list[tuple[str, Cost]]
    by_channel: list[tuple[str, Cost]]
    by_day: list[tuple[date, Cost]]


def _amount(told: str) -> tuple[str, str]:
    currency, _, amount = told.partition(" ")
    return currency, amount


def _cost(row: asyncpg.Record) -> Cost:
    amounts = [_amount(each) for each in row["amounts"]]
    return Cost(row["messages"], row["calls"], row["segments"], row["unpriced"], amounts)


async def count(*, start: datetime, end: datetime, centre_id: uuid.UUID | None = None) -> Costs:
    """Calls made from–to, of one centre or of all."""
    rows = await fetch(COSTS, start, end, centre_id, ZONE.key)

    def of(parts: int) -> list[tuple[asyncpg.Record, Cost]]:
        return [(row, _cost(row)) for row in rows if row["parts"] == parts]

    return Costs(
        total=of(IN_ALL)[0][1],
        by_centre=[(row["centre_id"], cost) for row, cost in of(BY_CENTRE)],
        by_template=[(row["template"], cost) for row, cost in of(BY_TEMPLATE)],
        by_channel=[(row["channel"], cost) for row, cost in of(BY_CHANNEL)],
        by_day=[(row["day"], cost) for row, cost in of(BY_DAY)],
    )
