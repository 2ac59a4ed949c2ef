"""Where a partner wants to be told: endpoints, their secrets, what was tried and what is stuck."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.operation import operation
from app.core.outbox import due_now
from partners.postal import circuits, signing
from partners.postal.egress import Egress
from partners.postal.errors import WebhookNotFound

FORMER_SECRET_VALID: Final = timedelta(hours=24)
# The outbox tells an event for five days (`jobs.subscriptions`): nothing waits behind an older one.
TOLD_FOR: Final = timedelta(days=5)
# What listens to facts for partners, in the outbox: a row of its work pushes one event.
SUBSCRIBER: Final = "partners"
LET_GO_AT_ONCE: Final = 500


class Endpoint(NamedTuple):
    """An endpoint without its secrets."""

    id: uuid.UUID
    partner_id: uuid.UUID
    url: str
    state: str
    created_at: datetime
    version: int


class NewEndpoint(NamedTuple):
    """An endpoint with the secret that is shown once."""

    endpoint: Endpoint
    secret: str


class Stuck(NamedTuple):
    """The first event an endpoint did not take: later ones of the same thing wait behind it."""

    event_id: uuid.UUID
    subject: str
    since: datetime
    attempts: int
    last_outcome: str


COLUMNS: Final = ", ".join(Endpoint._fields)
STUCK: Final = """
SELECT DISTINCT ON (d.endpoint_id) d.endpoint_id, d.event_id, e.subject, min(d.at) AS since,
       count(*)::int AS attempts, (array_agg(d.outcome ORDER BY d.id DESC))[1] AS last_outcome
  FROM webhook_delivery d JOIN partner_event e ON e.id = d.event_id
 WHERE d.endpoint_id = ANY($1) AND d.replay_id IS NULL
   AND d.outcome NOT IN ('delivered', 'skipped') AND d.at > $2 AND e.at > $2
   AND NOT EXISTS (SELECT 1 FROM webhook_delivery done WHERE done.endpoint_id = d.endpoint_id
         AND done.event_id = d.event_id AND done.outcome IN ('delivered', 'skipped'))
 GROUP BY d.endpoint_id, d.event_id, e.subject, e.seq ORDER BY d.endpoint_id, e.seq
"""
# Without a place to go on from, from the newest: the last of all ids.
LISTED: Final = """
SELECT id, event_id, at, took_ms, status, outcome, replay_id FROM webhook_delivery
 WHERE endpoint_id = $1 AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
 ORDER BY id DESC LIMIT $3
"""

# From the rows that wait, looked up one by one and never joined: they are few beside a partner's events.
WAITS_FOR: Final = f"""
SELECT w.subject FROM outbox_work w
 WHERE w.subscriber = '{SUBSCRIBER}' AND w.state = 'ready' AND w.next_at > clock_timestamp()
   AND (SELECT e.id FROM partner_event e
         WHERE e.partner_id = (SELECT partner_id FROM webhook_endpoint WHERE id = $1)
           AND e.subject = w.subject
           AND NOT EXISTS (SELECT 1 FROM webhook_delivery done WHERE done.endpoint_id = $1
                 AND done.event_id = e.id AND done.outcome IN ('delivered', 'skipped'))
         LIMIT 1) IS NOT NULL
 LIMIT {LET_GO_AT_ONCE}
"""


def place_of(endpoint_id: uuid.UUID) -> str:
    """What a sealed secret is bound to."""
    return f"webhook_endpoint|secret_sealed|{endpoint_id}"


@operation
async def register(*, partner_id: uuid.UUID, url: str, egress: Egress, now: datetime) -> NewEndpoint:
    """Add an endpoint; its secret is in the answer and never again."""
    egress.check_shape(url)
    endpoint_id, secret = new_id(), signing.new_secret()
    row = await in_transaction().fetchrow(
        "INSERT INTO webhook_endpoint (id, partner_id, url, secret_sealed, state, created_at)"
        f" VALUES ($1,$2,$3,$4,'active',$5) RETURNING {COLUMNS}",
        endpoint_id,
        partner_id,
        url,
        keys().fields.encrypt(secret.encode(), place=place_of(endpoint_id)),
        now,
    )
    await journal.write("webhook.registered", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)
    return NewEndpoint(Endpoint(*row), secret)


@operation
async def change(
    *,
    partner_id: uuid.UUID,
    endpoint_id: uuid.UUID,
    url: str | None,
    state: Literal["active", "paused"] | None,
    egress: Egress,
    now: datetime,
) -> Endpoint:
    """Another address, or a pause: what happens meanwhile is in the feed, and can be replayed.

    A new address, or being made active, is a new beginning: older failures are forgotten.
    """
    if url is not None:
        egress.check_shape(url)
    row = await in_transaction().fetchrow(
        "UPDATE webhook_endpoint SET url = coalesce($3, url), state = coalesce($4, state),"
        " active_since = CASE WHEN $3 IS NOT NULL OR $4 = 'active' THEN $5 ELSE active_since END,"
        f" version = version + 1 WHERE id = $1 AND partner_id = $2 AND state <> 'gone' RETURNING {COLUMNS}",
        endpoint_id,
        partner_id,
        url,
        state,
        now,
    )
    if row is None:
        raise WebhookNotFound
    await circuits.answered(endpoint_id)
    if state == "paused":
        await let_go(endpoint_id)
    await journal.write("webhook.changed", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)
    return Endpoint(*row)


@operation
async def remove(*, partner_id: uuid.UUID, endpoint_id: uuid.UUID, now: datetime) -> None:
    """Stop telling an endpoint; its deliveries stay readable."""
    tag = await in_transaction().execute(
        "UPDATE webhook_endpoint SET state = 'gone', version = version + 1"
        " WHERE id = $1 AND partner_id = $2 AND state <> 'gone'",
        endpoint_id,
        partner_id,
    )
    if tag != "UPDATE 1":
        raise WebhookNotFound
    await let_go(endpoint_id)
    await journal.write("webhook.removed", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)


async def let_go(endpoint_id: uuid.UUID) -> None:
    """It is told no longer: what waits for its next try waits for nothing, and holds back what is behind.

    So many at once; were there more, the others go when their pause ends.
    """
    if waiting := await in_transaction().fetch(WAITS_FOR, endpoint_id):
        await due_now(SUBSCRIBER, [row["subject"] for row in waiting])


@operation
async def rotate(*, partner_id: uuid.UUID, endpoint_id: uuid.UUID, now: datetime) -> NewEndpoint:
    """A new secret; for 24 hours both sign, so that the receiver can change over."""
    secret = signing.new_secret()
    row = await in_transaction().fetchrow(
        "UPDATE webhook_endpoint SET former_secret_sealed = secret_sealed,"
        " former_secret_until = $3, secret_sealed = $4, version = version + 1"
        f" WHERE id = $1 AND partner_id = $2 AND state <> 'gone' RETURNING {COLUMNS}",
        endpoint_id,
        partner_id,
        now + FORMER_SECRET_VALID,
        keys().fields.encrypt(secret.encode(), place=place_of(endpoint_id)),
    )
    if row is None:
        raise WebhookNotFound
    await journal.write("webhook.rotated", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)
    return NewEndpoint(Endpoint(*row), secret)


async def endpoints_of(partner_id: uuid.UUID) -> Sequence[Endpoint]:
    rows = await fetch(
        f"SELECT {COLUMNS} FROM webhook_endpoint WHERE partner_id = $1 AND state <> 'gone'"
        " ORDER BY created_at",
        partner_id,
    )
    return [Endpoint(*row) for row in rows]


async def stuck_of(endpoint_ids: Sequence[uuid.UUID], *, now: datetime) -> dict[uuid.UUID, Stuck]:
    """For each endpoint that has one: the first event it did not take and is still told."""
    rows = await fetch(STUCK, list(endpoint_ids), now - TOLD_FOR)
    return {row[0]: Stuck(*row[1:]) for row in map(tuple, rows)}


class Delivery(NamedTuple):
    """One attempt, as the partner reads it."""

    id: uuid.UUID
    event_id: uuid.UUID
    at: datetime
    took_ms: int
    status: int | None
    outcome: str
    replay_id: uuid.UUID | None


async def deliveries_of(
    partner_id: uuid.UUID, endpoint_id: uuid.UUID, *, before: uuid.UUID | None = None, limit: int
) -> Sequence[Delivery]:
    """An endpoint's attempts, newest first; raises `WebhookNotFound` for another's."""
    owned = await fetch(
        "SELECT 1 FROM webhook_endpoint WHERE id = $1 AND partner_id = $2", endpoint_id, partner_id
    )
    if not owned:
        raise WebhookNotFound
    return [Delivery(*row) for row in await fetch(LISTED, endpoint_id, before, limit)]
