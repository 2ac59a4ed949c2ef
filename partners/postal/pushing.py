"""Webhooks out: every event of the feed, pushed to every active endpoint of its partner.

Standard Webhooks 1.0: 2xx is success, anything else is not, 410 ends the endpoint. Order is kept by the
outbox, which holds back later events of one thing while an earlier one is still owed; a partner may pass
one over. An endpoint that does not answer is left alone for a while (`circuits`). Between tries the pauses
grow (COURIER.md 5.4), and `Retry-After` is honoured.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from app.core import journal
from app.core.database import fetch, fetch_row, in_transaction
from app.core.ids import new_id
from app.core.keys import keys
from app.core.later import Later
from app.core.operation import operation
from app.core.outbox import due_now, record
from partners.postal import circuits
from partners.postal.circuits import ROOMS
from partners.postal.egress import Egress
from partners.postal.errors import (
    EventNotFound,
    ReplayNotValid,
    UrlNotAllowed,
    WebhookNotActive,
    WebhookNotFound,
)
from partners.postal.events import WebhookReplayAsked
from partners.postal.feed import COLUMNS as EVENT
from partners.postal.feed import Event
from partners.postal.signing import headers as signed
from partners.postal.webhooks import SUBSCRIBER, let_go, place_of

GONE: Final = 410
BUSY: Final = 429
SERVER_ERROR: Final = 500
# After the n-th try in vain; then the last one again, until the outbox gives the event up.
PAUSES: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)),
    *(
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    ),
)
JITTER: Final = 0.1
MOST_REPLAYED: Final = 500
# An endpoint that took nothing for this long is paused; its partner sees it, and the feed goes on.
PAUSED_AFTER: Final = timedelta(days=5)

OWED: Final = """
SELECT id, url, secret_sealed, former_secret_sealed, former_secret_until, tried.ids[1] AS last_try,
       coalesce(cardinality(tried.ids), 0) AS tries
  FROM webhook_endpoint e, LATERAL (
       SELECT array_agg(d.id ORDER BY d.id DESC) AS ids FROM webhook_delivery d
        WHERE d.endpoint_id = e.id AND d.event_id = $2 AND d.replay_id IS NULL) tried
 WHERE partner_id = $1 AND state = 'active'
   AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id
         AND d.event_id = $2 AND d.outcome IN ('delivered', 'skipped')) ORDER BY created_at
"""
# The first that failed after the last that was taken: one row of each index, however long the history. What
# a partner passed over did not fail.
GIVEN_UP: Final = """
SELECT at < $2 FROM webhook_delivery
 WHERE endpoint_id = $1 AND outcome NOT IN ('delivered', 'skipped')
   AND at > coalesce(greatest(
       (SELECT max(at) FROM webhook_delivery WHERE endpoint_id = $1 AND outcome = 'delivered'),
       (SELECT active_since FROM webhook_endpoint WHERE id = $1)), '-infinity')
 ORDER BY at LIMIT 1
"""


async def push(
    event: Event, *, egress: Egress, now: datetime, signed_at: datetime, has_row: bool = True
) -> None:
    """Tell every active endpoint that was not told yet; raises `Later` while one is still owed.

    They are told beside each other, and each keeps its own pauses. That of an only one is its row's, which
    `has_row` says there is: whoever makes the row due means it. `signed_at` is the machine's time: a
    receiver compares it to a clock of its own.
    """
    owed = await fetch(OWED, event.partner_id, event.id)
    is_paced = len(owed) > 1 or not has_row

    async def told(row: Any) -> timedelta | None:
        left = _left_of_its_pause(row, signed_at) if is_paced else None
        return left or await _tell(event, row, row["tries"], egress, now, signed_at)

    pauses: dict[uuid.UUID, timedelta] = {}
    for row, pause in zip(
        owed, await asyncio.gather(*map(told, owed), return_exceptions=True), strict=True
    ):
        if isinstance(pause, BaseException):
            raise pause
        if pause is not None:
            pauses[row["id"]] = pause
    if pauses:
        # What was passed over meanwhile, and an endpoint that ended or was paused, is waited for no longer.
        still = {row["id"] for row in await fetch(OWED, event.partner_id, event.id)}
        if after := [pause for endpoint_id, pause in pauses.items() if endpoint_id in still]:
            raise Later(min(after))


def _left_of_its_pause(endpoint: Any, at: datetime) -> timedelta | None:
    """How long until this endpoint is to be asked again for the event; None when it is time."""
    last_try: uuid.UUID | None = endpoint["last_try"]
    if last_try is None:
        return None
    # The machine's time in a UUIDv7: a sandbox's clock moves, and pauses stay on real time.
    since = at - datetime.fromtimestamp((last_try.int >> 80) / 1000, UTC)
    pause = pause_after(endpoint["tries"] - 1, last_try)
    # Tried in what is still to come: by a host whose clock is wrong, of which nothing can be told.
    return pause - since if timedelta() <= since < pause else None


@operation
async def ask_replay(
    *,
    partner_id: uuid.UUID,
    endpoint_id: uuid.UUID,
    event_ids: Sequence[uuid.UUID] | None,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
) -> tuple[uuid.UUID, int]:
    """Tell events again, by their ids or by when they happened: the replay's id, and how many."""
    by_time = start is not None and end is not None and start < end
    if by_time is (event_ids is not None) or (event_ids is not None and (start or end)):
        raise ReplayNotValid
    await _active(partner_id, endpoint_id)
    rows = await in_transaction().fetch(
        "SELECT id FROM partner_event WHERE partner_id = $1"
        " AND ($2::uuid[] IS NULL OR id = ANY($2)) AND ($3::timestamptz IS NULL OR at >= $3)"
        " AND ($4::timestamptz IS NULL OR at < $4) ORDER BY seq LIMIT $5",
        partner_id,
        None if event_ids is None else list(event_ids),
        start,
        end,
        MOST_REPLAYED + 1,
    )
    if len(rows) > MOST_REPLAYED:
        raise ReplayNotValid
    if event_ids is not None and len(rows) != len(set(event_ids)):
        raise EventNotFound
    replay_id = new_id()
    for row in rows:
        await record(
            WebhookReplayAsked(
                occurred_at=now, endpoint_id=endpoint_id, event_id=row["id"], replay_id=replay_id
            )
        )
    await journal.write("webhook.replayed", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)
    return replay_id, len(rows)


@operation
async def skip(
    *, partner_id: uuid.UUID, endpoint_id: uuid.UUID, event_id: uuid.UUID, now: datetime
) -> None:
    """Owe an event to an endpoint no longer, so that what waits behind it can go. Twice is once."""
    await _active(partner_id, endpoint_id)
    subject = await in_transaction().fetchval(
        "SELECT subject FROM partner_event WHERE id = $1 AND partner_id = $2", event_id, partner_id
    )
    if subject is None:
        raise EventNotFound
    tag = await in_transaction().execute(
        "INSERT INTO webhook_delivery (id, endpoint_id, event_id, at, took_ms, outcome)"
        " VALUES ($1, $2, $3, $4, 0, 'skipped') ON CONFLICT DO NOTHING",
        new_id(),
        endpoint_id,
        event_id,
        now,
    )
    if tag == "INSERT 0 1":
        await due_now(SUBSCRIBER, [subject])
    await journal.write("webhook.skipped", object_kind="webhook_endpoint", object_id=endpoint_id, at=now)


async def _active(partner_id: uuid.UUID, endpoint_id: uuid.UUID) -> None:
    state = await in_transaction().fetchval(
        "SELECT state FROM webhook_endpoint WHERE id = $1 AND partner_id = $2 AND state <> 'gone'",
        endpoint_id,
        partner_id,
    )
    if state is None:
        raise WebhookNotFound
    if state != "active":
        raise WebhookNotActive


async def push_again(
    fact: WebhookReplayAsked, *, egress: Egress, now: datetime, signed_at: datetime
) -> None:
    """One event of a replay, under its own id; raises `Later` while it is owed. Twice is once."""
    endpoint = await fetch_row(
        "SELECT id, url, secret_sealed, former_secret_sealed, former_secret_until,"
        " (SELECT count(*)::int FROM webhook_delivery d WHERE d.endpoint_id = e.id"
        "     AND d.event_id = $2 AND d.replay_id = $3) AS tries"
        " FROM webhook_endpoint e WHERE id = $1 AND state = 'active'"
        " AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = $1"
        "   AND d.event_id = $2 AND d.replay_id = $3 AND d.outcome = 'delivered')",
        fact.endpoint_id,
        fact.event_id,
        fact.replay_id,
    )
    row = await fetch_row(f"SELECT {EVENT} FROM partner_event WHERE id = $1", fact.event_id)
    if endpoint is None or row is None:
        return
    pause = await _tell(
        Event(*row), endpoint, endpoint["tries"], egress, now, signed_at, replay_id=fact.replay_id
    )
    if pause is not None:
        raise Later(pause)


async def _tell(
    event: Event,
    endpoint: Any,
    tries: int,
    egress: Egress,
    now: datetime,
    signed_at: datetime,
    *,
    replay_id: uuid.UUID | None = None,
) -> timedelta | None:
    """One attempt; how long to wait before the next, or None when nothing is owed any more.

    None is made while the endpoint is left alone, and none beyond so many at once.
    """
    async with ROOMS.attempt(endpoint["id"]) as turn:
        if turn.rest is not None:
            return turn.rest
        return await _attempt(
            event, endpoint, tries, egress, now, signed_at, replay_id=replay_id, is_probe=turn.is_probe
        )


async def _attempt(
    event: Event,
    endpoint: Any,
    tries: int,
    egress: Egress,
    now: datetime,
    signed_at: datetime,
    *,
    replay_id: uuid.UUID | None,
    is_probe: bool,
) -> timedelta | None:
    body = event.body.encode()
    headers = signed(
        event_id=str(event.id), body=body, signing_secrets=_secrets(endpoint, now), now=signed_at
    )
    began = time.monotonic()
    status: int | None = None
    retry_after: timedelta | None = None
    try:
        status, retry_after = await egress.post(endpoint["url"], body, headers)
        outcome = "delivered" if httpx.codes.is_success(status) else "refused"
    except (httpx.HTTPError, TimeoutError, OSError):
        outcome = "unreachable"
    except (UrlNotAllowed, httpx.InvalidURL, ValueError):
        # Also an address no request can be made of: the other endpoints are told all the same.
        outcome = "blocked"
    attempt_id = new_id()
    await _note(
        attempt_id=attempt_id,
        endpoint_id=endpoint["id"],
        event_id=event.id,
        at=now,
        took_ms=int((time.monotonic() - began) * 1000),
        status=status,
        outcome=outcome,
        replay_id=replay_id,
        is_probe=is_probe,
        retry_after=retry_after,
    )
    if outcome == "delivered" or status == GONE:
        return None
    return max(pause_after(tries, attempt_id), retry_after or timedelta())


def pause_after(tries: int, attempt_id: uuid.UUID) -> timedelta:
    """After so many tries before this one; a tenth more or less, so that endpoints do not march.

    By the attempt's id, so that it is the same whenever it is asked for.
    """
    pause = PAUSES[min(tries, len(PAUSES) - 1)]
    drawn = random.Random(attempt_id.bytes)  # noqa: S311 - spreading, not secrecy
    return pause * drawn.uniform(1 - JITTER, 1 + JITTER)


@operation
async def _note(
    *,
    attempt_id: uuid.UUID,
    endpoint_id: uuid.UUID,
    event_id: uuid.UUID,
    at: datetime,
    took_ms: int,
    status: int | None,
    outcome: str,
    replay_id: uuid.UUID | None,
    is_probe: bool,
    retry_after: timedelta | None,
) -> None:
    connection = in_transaction()
    await connection.execute(
        "INSERT INTO webhook_delivery (id, endpoint_id, event_id, at, took_ms, status, outcome, replay_id)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT DO NOTHING",
        attempt_id,
        endpoint_id,
        event_id,
        at,
        took_ms,
        status,
        outcome,
        replay_id,
    )
    # A refusal is of this event; no answer, or one that is busy or broken, is the endpoint's state.
    if outcome == "unreachable" or (status is not None and (status >= SERVER_ERROR or status == BUSY)):
        await circuits.failed(endpoint_id, was_probe=is_probe)
    else:
        await circuits.answered(endpoint_id, was_under_way=not is_probe)
    if retry_after is not None and outcome != "delivered":
        await circuits.asked_for(endpoint_id, retry_after)
    if status == GONE:
        await _end(endpoint_id, "gone", at)
    elif outcome != "delivered" and await _is_given_up(endpoint_id, at):
        await _end(endpoint_id, "paused", at)


async def _is_given_up(endpoint_id: uuid.UUID, at: datetime) -> bool:
    """Failing for five days, with nothing taken meanwhile, since it was last made active."""
    return bool(await in_transaction().fetchval(GIVEN_UP, endpoint_id, at - PAUSED_AFTER))


async def _end(endpoint_id: uuid.UUID, state: str, at: datetime) -> None:
    await in_transaction().execute(
        "UPDATE webhook_endpoint SET state = $2, version = version + 1 WHERE id = $1 AND state = 'active'",
        endpoint_id,
        state,
    )
    await let_go(endpoint_id)
    await journal.write(f"webhook.{state}", object_kind="webhook_endpoint", object_id=endpoint_id, at=at)


def _secrets(endpoint: Any, now: datetime) -> list[str]:
    """The secret, and during a rotation the former one too."""
    sealed = [endpoint["secret_sealed"]]
    if endpoint["former_secret_until"] is not None and endpoint["former_secret_until"] > now:
        sealed.append(endpoint["former_secret_sealed"])
    place = place_of(endpoint["id"])
    return [keys().fields.decrypt(each, place=place).decode() for each in sealed]
