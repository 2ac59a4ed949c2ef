"""The two statements everybody waits for, each one round trip."""

from typing import Final

from app.queue.rules import PRIORITY_RUN
from app.queue.rules import WAIT_TARGET as TARGET

WAIT_TARGET: Final = f"interval '{TARGET.total_seconds():.0f} seconds'"

# The next number of a series: the check against the cap and the increment are one statement.
NEXT_NUMBER: Final = """
INSERT INTO ticket_series (centre_id, local_date, series, last_no, cap)
VALUES ($1, $2, $3, 1, $4)
ON CONFLICT (centre_id, local_date, series)
DO UPDATE SET last_no = ticket_series.last_no + 1
        WHERE ticket_series.last_no < ticket_series.cap
RETURNING last_no
"""

# The next person of a counter's pools: due first, and after two with priority somebody without, if one
# waits. How many there were in a row is the counter's own: a figure of the whole pool would have forty
# counters wait for each other. SKIP LOCKED lets them ask at once. The counter is locked first and must be
# open with nobody at it; where it had to wait for that lock, what it knows of its tickets is as old as the
# statement, and the partial unique index refuses a second one. `passed` counts those without priority whom
# somebody with it, who came later, has pushed past the target: those still waiting, or the one called now.
# Whoever agreed to come back and has not yet said so is not here to be called.
CALL_NEXT: Final = f"""
WITH desk AS (
    SELECT priority_run, officer_id FROM counter_state
     WHERE counter_id = $3 AND state = 'open' AND NOT EXISTS (
           SELECT FROM ticket held WHERE held.counter_id = $3 AND held.state IN ('called', 'serving'))
       FOR UPDATE ),
due AS (
    SELECT id FROM ticket
     WHERE EXISTS (SELECT FROM desk) AND state = 'waiting' AND pool_id = ANY($1::uuid[]) AND local_date = $2
       AND (eligible_at IS NULL OR eligible_at <= $4) AND return_state IS DISTINCT FROM 'agreed'
     ORDER BY (ticket_class = 'priority' AND (SELECT priority_run FROM desk) >= {PRIORITY_RUN}),
              call_by, id
     LIMIT 1 FOR UPDATE SKIP LOCKED ),
called AS (
    UPDATE ticket SET state = 'called', counter_id = $3, calls = calls + 1,
           first_called_at = coalesce(first_called_at, $4), last_called_at = $4,
           version = version + 1,
           turn = CASE WHEN ticket_class <> 'priority'
                        AND (SELECT priority_run FROM desk) >= {PRIORITY_RUN}
                  THEN CASE WHEN EXISTS (
                      SELECT FROM ticket other
                       WHERE other.state = 'waiting' AND other.pool_id = ANY($1::uuid[])
                         AND other.local_date = $2 AND other.ticket_class = 'priority'
                         AND (other.eligible_at IS NULL OR other.eligible_at <= $4)
                         AND (other.call_by, other.id) < (ticket.call_by, ticket.id))
                       THEN 'after_priority' ELSE 'due' END
                  ELSE 'due' END
     WHERE id IN (SELECT id FROM due)
    RETURNING *, CASE
        WHEN ticket_class = 'priority' THEN (
            SELECT count(*) FROM ticket other
             WHERE other.state = 'waiting' AND other.pool_id = ANY($1::uuid[])
               AND other.local_date = $2 AND other.ticket_class <> 'priority'
               AND other.return_state IS DISTINCT FROM 'agreed'
               AND other.wait_from < ticket.wait_from AND other.wait_from <= $4 - {WAIT_TARGET})
        WHEN calls = 1 AND wait_from <= $4 - {WAIT_TARGET} THEN (
            SELECT least(count(*), 1) FROM ticket other
             WHERE other.centre_id = ticket.centre_id AND other.local_date = $2
               AND other.pool_id = ANY($1::uuid[]) AND other.ticket_class = 'priority'
               AND other.wait_from > ticket.wait_from AND other.first_called_at <= $4)
        ELSE 0 END AS passed ),
ran AS (
    UPDATE counter_state SET priority_run =
           CASE WHEN called.ticket_class = 'priority' THEN least(priority_run + 1, 99) ELSE 0 END
      FROM called WHERE counter_state.counter_id = $3 ),
noted AS (
    INSERT INTO queue_event (centre_id, ticket_id, counter_id, type, at, actor_kind, actor_id, pool_id,
                             data)
    SELECT centre_id, id, counter_id, 'called', $4, $5, $6, pool_id, jsonb_build_object(
        'number', number, 'ticket_class', ticket_class, 'priority_group', priority_group,
        'procedures', procedure_codes, 'wait_from', wait_from, 'turn', turn, 'passed', passed,
        'officer', (SELECT officer_id FROM desk))
      FROM called )
SELECT {{columns}} FROM called
"""
