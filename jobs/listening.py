"""Who hears which fact, told to other workers: one of an older release does not know a newer one's
listeners, and must not put away what they would hear.

Every worker writes what it hears, and again from time to time; fanning out (`jobs.work`) counts what was
seen lately. So a fact is kept for a newer worker that is away for up to `HEARD_FOR`, and not for one that
was taken back long ago.

Always true:
- an older release takes nothing away from what a newer one wrote, and adds nothing beside it;
- a listener that a newer release no longer has is gone as soon as a worker of it is there.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from app.core.database import in_transaction
from app.core.migrations import known
from app.core.operation import operation
from jobs.subscription import Subscription
from jobs.work import HEARD_FOR

# The newest migration a program knows: what is deployed later knows as many, or more.
RELEASE: Final = int(known()[-1].name[1:5])
REFRESHED_EVERY_S: Final = 60.0
# Of one release, or of an older one: who was not there for so long is somebody that is not wanted any more.
AWAY_FOR: Final = timedelta(hours=1)

WRITE: Final = """
INSERT INTO outbox_listener (kind, subscriber, lane, in_order, max_attempts, lifetime, release, seen_at)
SELECT s.*, $7, clock_timestamp()
  FROM unnest($1::text[], $2::text[], $3::int[], $4::bool[], $5::int[], $6::interval[]) AS s
 WHERE NOT EXISTS (SELECT 1 FROM outbox_listener newer
                    WHERE newer.release > $7 AND newer.seen_at > now() - $8::interval)
ON CONFLICT (kind, subscriber) DO UPDATE
   SET lane = EXCLUDED.lane, in_order = EXCLUDED.in_order, max_attempts = EXCLUDED.max_attempts,
       lifetime = EXCLUDED.lifetime, release = EXCLUDED.release, seen_at = EXCLUDED.seen_at
"""
FORGET: Final = """
DELETE FROM outbox_listener
 WHERE (release < $1 OR (release = $1 AND seen_at < now() - $2::interval) OR seen_at < now() - $3::interval)
   AND NOT (subscriber || ':' || kind = ANY($4::text[]))
"""


@operation
async def register(subscriptions: Sequence[Subscription], *, release: int) -> None:
    """Write what is heard here; forget what only an older release heard, or nobody for `AWAY_FOR`."""
    connection = in_transaction()
    # In one order, so that two who write at once wait instead of dying of it.
    heard = sorted(subscriptions, key=lambda each: (each.fact.kind, each.name))
    await connection.execute(
        WRITE,
        [each.fact.kind for each in heard],
        [each.name for each in heard],
        [int(each.lane) for each in heard],
        [each.in_order for each in heard],
        [each.max_attempts for each in heard],
        [each.lifetime for each in heard],
        release,
        AWAY_FOR,
    )
    await connection.execute(
        FORGET, release, AWAY_FOR, HEARD_FOR, [f"{each.name}:{each.fact.kind}" for each in heard]
    )
