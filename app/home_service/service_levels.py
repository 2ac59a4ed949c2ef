"""What is read to judge a partner's visits, and how late its devices spoke."""

import uuid
from datetime import datetime
from typing import Final

from app.core.database import fetch, fetch_row
from app.home_service.levels import Share, VisitFacts

# A cancelled visit has no courier any more: it was the last one's.
VISITS: Final = """
WITH own AS (
    SELECT v.id, v.reference, v.kind, v.state, v.starts_at, v.ends_at, c.id AS courier_id
      FROM home_visit v
      JOIN LATERAL (SELECT coalesce(v.courier_id, (SELECT a.courier_id FROM assignment a
             WHERE a.home_visit_id = v.id ORDER BY a.generation DESC LIMIT 1)) AS id) who ON true
      JOIN courier c ON c.id = who.id AND c.partner_id = $1
     WHERE v.starts_at >= $2 AND v.starts_at < $3 ),
said AS (
    SELECT e.home_visit_id,
           min(coalesce(e.effective_at, e.occurred_at)) FILTER (WHERE e.type = 'arrived') AS arrived_at,
           min(coalesce(e.effective_at, e.occurred_at)) FILTER (WHERE e.type = 'sealed') AS sealed_at,
           min(coalesce(e.effective_at, e.occurred_at)) FILTER (WHERE e.type = 'reached_hub') AS brought_at,
           bool_or(e.type IN ('arrived', 'failed', 'attempt_failed')) AS attempted,
           bool_or(e.type IN ('failed', 'attempt_failed')) AS failed
      FROM visit_event e JOIN own ON own.id = e.home_visit_id
     WHERE e.applied_as IS NOT NULL GROUP BY 1 ),
held AS (
    SELECT p.home_visit_id, count(*)::int AS packages,
           count(*) FILTER (WHERE l.broken)::int AS broken,
           count(*) FILTER (WHERE l.received)::int AS received,
           count(*) FILTER (WHERE l.differing)::int AS differing
      FROM package p JOIN own ON own.id = p.home_visit_id
      JOIN LATERAL (
        SELECT coalesce(bool_or(k.seal_state = 'broken' AND k.type NOT IN ('counted', 'inventoried')),
                        false) AS broken,
               coalesce(bool_or(k.type = 'received'), false) AS received,
               coalesce(bool_or(k.type = 'received' AND k.seal_state = 'intact'
                                AND k.body::jsonb ->> 'state' = 'quarantined'), false) AS differing
          FROM custody_event k WHERE k.package_id = p.id ) l ON true
     GROUP BY 1 )
SELECT own.id, own.reference, own.kind, own.state, own.starts_at, own.ends_at,
       s.starts_at AS shift_starts_at, s.ends_at AS shift_ends_at,
       said.arrived_at, said.sealed_at, said.brought_at,
       coalesce(said.attempted, false), coalesce(said.failed, false),
       coalesce(held.packages, 0), coalesce(held.broken, 0), coalesce(held.received, 0),
       coalesce(held.differing, 0)
  FROM own
  LEFT JOIN said ON said.home_visit_id = own.id
  LEFT JOIN held ON held.home_visit_id = own.id
  LEFT JOIN courier_shift s ON s.courier_id = own.courier_id
        AND s.date = (own.starts_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
 ORDER BY own.starts_at, own.id
"""
# The 95th percentile in whole seconds, of how many reports.
OFFLINE: Final = """
SELECT coalesce(ceil(percentile_disc(0.95) WITHIN GROUP (ORDER BY
           greatest(extract(epoch FROM received_at - coalesce(effective_at, occurred_at)), 0))), 0)::int,
       count(*)::int
  FROM visit_event WHERE partner_id = $1 AND received_at >= $2 AND received_at < $3
"""


async def visits_of(partner_id: uuid.UUID, *, start: datetime, end: datetime) -> list[VisitFacts]:
    """Visits of a partner's couriers whose windows open in a stretch of time."""
    return [VisitFacts(*row) for row in await fetch(VISITS, partner_id, start, end)]


async def offline_p95(partner_id: uuid.UUID, *, start: datetime, end: datetime) -> Share:
    """Seconds from a report's moment to its arrival, 95th percentile, and of how many reports."""
    row = await fetch_row(OFFLINE, partner_id, start, end)
    return Share(0, 0) if row is None else Share(*row)
