"""Looking after messages no work looks after: a receipt that does not come, another try, a price.

Any number of processes share the rows; a look that is lost is made again. Asking the provider is outside
any transaction and harmless to repeat.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from app.core import sandbox
from app.core.actor import Actor, current_actor
from app.core.clock import current_time
from app.core.database import INTERRUPTIONS, fetch, in_transaction
from app.core.errors import Unavailable
from app.core.later import Later
from app.core.operation import operation
from notifications import ending
from notifications.delivery import deliver
from notifications.port import Channels, Report, SmsChannel
from notifications.receipts import note_receipt
from notifications.ways import Way

log: Final = structlog.get_logger(__name__)

AT_ONCE: Final = 20
LEASE: Final = timedelta(seconds=60)
IDLE_S: Final = 1.0
# An operator that is silent is asked less and less often, and after three days nobody expects an answer.
LONGEST_LOOK: Final = timedelta(hours=6)
NO_RECEIPT_AFTER: Final = timedelta(hours=72)
NO_RECEIPT: Final = "no_receipt"
PRICE_LOOKS: Final = 3
PRICE_AGAIN: Final = timedelta(hours=6)
# Of a price without a currency: none is nought.
UNNAMED: Final = "XXX"


class Due(NamedTuple):
    """A message somebody should look at now."""

    id: uuid.UUID
    state: str
    attempts: int
    provider_id: str | None
    accepted_at: datetime | None
    looks: int
    channel: str


@operation
async def _claim(*, now: datetime, limit: int) -> list[Due]:
    """Those due, taken for a minute: a look that never ends is made by somebody else."""
    rows = await in_transaction().fetch(
        "UPDATE message SET look_at = $1::timestamptz + $2::interval WHERE id IN ("
        "   SELECT id FROM message WHERE look_at <= $1 ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)"
        " RETURNING id, state, attempts, provider_id, accepted_at, looks, channel",
        now,
        LEASE,
        limit,
    )
    return [Due(**dict(row)) for row in rows]


async def look_after(channels: Channels, *, now: datetime, limit: int = AT_ONCE) -> int:
    """Look at what is due; how many there were."""
    due = await _claim(now=now, limit=limit)
    await asyncio.gather(*(_try_to_look(message, channels, now=now) for message in due))
    return len(due)


async def _try_to_look(message: Due, channels: Channels, *, now: datetime) -> None:
    """What cannot be looked after does not keep the others from it; its turn comes again in a minute."""
    try:
        channel = channels.sms if message.channel == Way.SMS else channels.others.get(Way(message.channel))
        if channel is None:  # of an installation that had this way once
            await _again(message_id=message.id, seen=(message.state,), at=now + LONGEST_LOOK)
        else:
            await _look(message, channel, per_second=channels.sms_per_second, now=now)
    except (*INTERRUPTIONS, Unavailable):
        raise
    except Exception:
        log.exception("message_not_looked_after", message=str(message.id))


async def _look(message: Due, channel: SmsChannel, *, per_second: int, now: datetime) -> None:
    if message.state in ending.OPEN:
        try:
            await deliver(message.id, channel=channel, now=now, per_second=per_second)
        except Later as later:
            await _again(message_id=message.id, seen=ending.OPEN, at=now + later.after)
        return
    if message.provider_id is None:
        await _again(message_id=message.id, seen=(message.state,), at=None)
        return
    try:
        report = await channel.fetch(message.provider_id)
    except Exception as reason:  # noqa: BLE001 - a provider that cannot be asked is asked again
        log.warning("message_not_asked_about", message=str(message.id), reason=type(reason).__name__)
        return
    await _hear(message, report, now=now)
    await _ask_what_earlier_calls_cost(message, channel)


async def _ask_what_earlier_calls_cost(message: Due, channel: SmsChannel) -> None:
    """Each call is paid for, also the one that did not reach the phone and was made once more."""
    if message.state not in ("delivered", "undelivered") or message.attempts < 2:
        return
    for row in await fetch(
        "SELECT provider_id FROM message_attempt WHERE message_id = $1 AND n < $2"
        " AND provider_id IS NOT NULL AND price IS NULL ORDER BY n",
        message.id,
        message.attempts,
    ):
        try:
            report = await channel.fetch(row["provider_id"])
        except Exception as reason:  # noqa: BLE001 - its price stays unknown until somebody looks again
            log.warning("message_not_asked_about", message=str(message.id), reason=type(reason).__name__)
            return
        if report is not None:
            await _note_price(message_id=message.id, provider_id=row["provider_id"], report=report)


async def _hear(message: Due, report: Report | None, *, now: datetime) -> None:
    """What a fetch told is a receipt like any other, and may tell a price."""
    if report is not None:
        await _note_price(message_id=message.id, provider_id=message.provider_id or "", report=report)
        if await note_receipt(
            message_id=message.id,
            provider_id=message.provider_id or "",
            status=report.status,
            error_code=report.error_code,
            now=now,
            attempt=message.attempts,
        ):
            return
    if message.state in ("delivered", "undelivered"):
        known = report is not None and report.price is not None
        left = message.looks + 1 < PRICE_LOOKS and not known
        at = now + PRICE_AGAIN if left else None
        await _again(message_id=message.id, seen=(message.state,), at=at)
    elif message.accepted_at is None or now - message.accepted_at >= NO_RECEIPT_AFTER:
        await _end_unheard(message_id=message.id, now=now)
    else:
        pause = min(LONGEST_LOOK, ending.FIRST_LOOK * 2 ** min(message.looks + 1, 10))
        at = min(now + pause, message.accepted_at + NO_RECEIPT_AFTER)
        await _again(message_id=message.id, seen=(message.state,), at=at)


@operation
async def _again(*, message_id: uuid.UUID, seen: Sequence[str], at: datetime | None) -> None:
    """Look again then, or no more; whoever changed it meanwhile has said when."""
    await in_transaction().execute(
        "UPDATE message SET look_at = $2, looks = looks + 1 WHERE id = $1 AND state = ANY($3)",
        message_id,
        at,
        list(seen),
    )


@operation
async def _note_price(*, message_id: uuid.UUID, provider_id: str, report: Report) -> None:
    """Of one call and, where it is the last, of the message, as the provider tells it; a price is negative
    there, being taken from an account.
    """
    if report.price is None:
        return
    for whose in ("message SET {} WHERE id", "message_attempt SET {} WHERE message_id"):
        priced = whose.format("price = abs($3::text::numeric), currency = $4")
        await in_transaction().execute(
            f"UPDATE {priced} = $1 AND provider_id = $2",
            message_id,
            provider_id,
            report.price,
            report.currency or UNNAMED,
        )


@operation
async def _end_unheard(*, message_id: uuid.UUID, now: datetime) -> None:
    """Three days without a word: nobody knows, and nothing is said to have arrived."""
    template = await in_transaction().fetchval(
        "UPDATE message SET state = 'undelivered', error_code = $2, look_at = NULL,"
        " ended_at = clock_timestamp() WHERE id = $1 AND state IN ('accepted', 'sent') RETURNING template",
        message_id,
        NO_RECEIPT,
    )
    if template is not None:
        await ending.tell(message_id, template, "undelivered", NO_RECEIPT, now=now, verdict=None)


class Follower:
    """One process's share of the looking after, beside the drainer."""

    def __init__(self, channels: Channels, *, clock: Callable[[], datetime] = current_time) -> None:
        self._channels = channels
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; an absent PostgreSQL is waited for."""
        current_actor.set(Actor("system", "messages", ""))
        while not stop.is_set():
            busy = 0
            try:
                await sandbox.follow()
                busy = await look_after(self._channels, now=self._clock())
            except (*INTERRUPTIONS, Unavailable) as reason:
                log.warning("follower_waits", reason=type(reason).__name__)
            if not busy:
                await _pause(stop)


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(IDLE_S):
            await stop.wait()
    except TimeoutError:
        return
