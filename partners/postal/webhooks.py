"""Webhooks out: every event of the feed, pushed to every active endpoint of its partner.

Standard Webhooks 1.0: 2xx is success, anything else is not, 410 ends the endpoint. Order is kept by the
outbox, which holds back later events of one thing while an earlier one is still owed.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import httpx

from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.later import Later
from app.core.operation import operation
from partners.postal import signing
from partners.postal.egress import Egress
from partners.postal.errors import UrlNotAllowed, WebhookNotFound
from partners.postal.feed import Event

RETRY: Final = timedelta(seconds=5)
GONE: Final = 410
FORMER_SECRET_VALID: Final = timedelta(hours=24)


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


COLUMNS: Final = ", ".join(Endpoint._fields)


def _place(endpoint_id: uuid.UUID) -> str:
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
        keys().fields.encrypt(secret.encode(), place=_place(endpoint_id)),
        now,
    )
    await journal.write("webhook.registered", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)
    return NewEndpoint(Endpoint(*row), secret)


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
    await journal.write("webhook.removed", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)


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
        keys().fields.encrypt(secret.encode(), place=_place(endpoint_id)),
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


class Delivery(NamedTuple):
    """One attempt, as the partner reads it."""

    id: uuid.UUID
    event_id: uuid.UUID
    at: datetime
    took_ms: int
    status: int | None
    outcome: str


async def deliveries_of(partner_id: uuid.UUID, endpoint_id: uuid.UUID, *, limit: int) -> Sequence[Delivery]:
    """An endpoint's attempts, newest first."""
    rows = await fetch(
        "SELECT d.id, d.event_id, d.at, d.took_ms, d.status, d.outcome FROM webhook_delivery d"
        " JOIN webhook_endpoint e ON e.id = d.endpoint_id"
        " WHERE e.partner_id = $1 AND e.id = $2 ORDER BY d.id DESC LIMIT $3",
        partner_id,
        endpoint_id,
        limit,
    )
    return [Delivery(*row) for row in rows]


async def push(event: Event, *, egress: Egress, now: datetime, signed_at: datetime) -> None:
    """Tell every active endpoint that was not told yet; raises `Later` while one is still owed.

    `signed_at` is the machine's time: a receiver compares it to a clock of its own.
    """
    owed = await fetch(
        "SELECT id, url, secret_sealed, former_secret_sealed, former_secret_until"
        " FROM webhook_endpoint e WHERE partner_id = $1 AND state = 'active'"
        " AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id"
        "   AND d.event_id = $2 AND d.outcome = 'delivered') ORDER BY created_at",
        event.partner_id,
        event.id,
    )
    failed = False
    for row in owed:
        secrets = [_secret(row["id"], row["secret_sealed"])]
        if row["former_secret_until"] is not None and row["former_secret_until"] > now:
            secrets.append(_secret(row["id"], row["former_secret_sealed"]))
        failed |= not await _tell(event, row["id"], row["url"], secrets, egress, now, signed_at)
    if failed:
        raise Later(RETRY)


async def _tell(
    event: Event,
    endpoint_id: uuid.UUID,
    url: str,
    secrets: list[str],
    egress: Egress,
    now: datetime,
    signed_at: datetime,
) -> bool:
    body = event.body.encode()
    headers = signing.headers(event_id=str(event.id), body=body, signing_secrets=secrets, now=signed_at)
    began = time.monotonic()
    status: int | None = None
    try:
        status = await egress.post(url, body, headers)
        outcome = "delivered" if httpx.codes.is_success(status) else "refused"
    except UrlNotAllowed:
        outcome = "blocked"
    except (httpx.HTTPError, TimeoutError, OSError):
        outcome = "unreachable"
    await _note(
        endpoint_id=endpoint_id,
        event_id=event.id,
        at=now,
        took_ms=int((time.monotonic() - began) * 1000),
        status=status,
        outcome=outcome,
    )
    return outcome == "delivered" or status == GONE


@operation
async def _note(
    *,
    endpoint_id: uuid.UUID,
    event_id: uuid.UUID,
    at: datetime,
    took_ms: int,
    status: int | None,
    outcome: str,
) -> None:
    connection = in_transaction()
    await connection.execute(
        "INSERT INTO webhook_delivery (id, endpoint_id, event_id, at, took_ms, status, outcome)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT DO NOTHING",
        new_id(),
        endpoint_id,
        event_id,
        at,
        took_ms,
        status,
        outcome,
    )
    if status == GONE:
        await connection.execute(
            "UPDATE webhook_endpoint SET state = 'gone', version = version + 1 WHERE id = $1",
            endpoint_id,
        )
        await journal.write("webhook.gone", object_kind="webhook_endpoint", object_id=endpoint_id, at=at)


def _secret(endpoint_id: uuid.UUID, sealed: bytes) -> str:
    return keys().fields.decrypt(sealed, place=_place(endpoint_id)).decode()
