"""The two statements everybody waits for, each one round trip."""

from typing import Final

# The next number of a series: the check against the cap and the increment are one statement.
NEXT_NUMBER: Final = """
INSERT INTO ticket_series (centre_id, local_date, series, last_no, cap)
VALUES ($1, $2, $3, 1, $4)
ON CONFLICT (centre_id, local_date, series)
DO UPDATE SET last_no = ticket_series.last_no + 1
        WHERE ticket_series.last_no < ticket_series.cap
RETURNING last_no
"""

# The next person of a counter's pools: due first. SKIP LOCKED lets forty counters ask at once without
# waiting for each other; the partial unique index refuses a second open ticket at a counter.
CALL_NEXT: Final = """
WITH due AS (
    SELECT id FROM ticket
     WHERE state = 'waiting' AND pool_id = ANY($1::uuid[]) AND local_date = $2
     ORDER BY call_by, id LIMIT 1 FOR UPDATE SKIP LOCKED ),
called AS (
    UPDATE ticket SET state = 'called', counter_id = $3, calls = calls + 1,
           first_called_at = coalesce(first_called_at, $4), last_called_at = $4,
           version = version + 1
     WHERE id IN (SELECT id FROM due)
    RETURNING * ),
noted AS (
    INSERT INTO queue_event (centre_id, ticket_id, counter_id, type, at, actor_kind, actor_id, pool_id,
                             data)
    SELECT centre_id, id, counter_id, 'called', $4, $5, $6, pool_id, jsonb_build_object(
        'number', number, 'ticket_class', ticket_class, 'priority_group', priority_group,
        'procedures', procedure_codes, 'wait_from', wait_from,
        'officer', (SELECT officer_id FROM counter_state WHERE counter_id = $3))
      FROM called )
SELECT {columns} FROM called
"""
