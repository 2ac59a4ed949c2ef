"""A call whose fate is unknown: the provider is asked before anything is sent again."""

from datetime import datetime, timedelta
from typing import Final

from app.core.database import in_transaction
from app.core.later import Later
from app.core.operation import operation
from notifications import ending
from notifications.message_row import MessageRow, Wait
from notifications.port import SmsChannel
from notifications.templates import TEMPLATES

# So long after the call; from the second time on a call the provider does not know may be made again.
ASK_AT: Final = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
ASKS_BEFORE_REPEATING: Final = 2
PROVIDER_AWAY: Final = timedelta(seconds=30)
ASKED_AT_MOST_FOR: Final = timedelta(hours=24)
RETRY: Final = timedelta(seconds=4)

ANOTHERS: Final = """
SELECT true FROM message_attempt WHERE provider_id = $1 AND message_id <> $2
UNION ALL SELECT true FROM message WHERE provider_id = $1 AND id <> $2 LIMIT 1
"""


async def to_ask_about(message: MessageRow, *, now: datetime) -> MessageRow | Wait | None:
    """One whose fate is unknown, when it is time to ask; given up visibly when nobody could be asked."""
    called = message.calling_since or now
    due = called + ASK_AT[min(message.asked, len(ASK_AT) - 1)]
    if due > now:
        return Wait(due - now)
    if now - called > ASKED_AT_MOST_FOR:
        await ending.close(message.id, "gave_up", "unknown", now=now)
        return None
    return message


async def reconcile(message: MessageRow, channel: SmsChannel, *, now: datetime) -> None:
    """Ask the provider what became of an unknown call before anything is sent again."""
    since = message.calling_since or now
    try:
        provider_id = await channel.find(phone=message.phone, body=message.body, since=since)
    except Exception as reason:
        raise Later(PROVIDER_AWAY) from reason
    again = await _settle(message=message, provider_id=provider_id, now=now)
    if again is not None:
        raise Later(again)


@operation
async def _settle(*, message: MessageRow, provider_id: str | None, now: datetime) -> timedelta | None:
    """Adopt what was found; else ask again, send again within the template's budget, or give up visibly."""
    connection = in_transaction()
    if provider_id is not None and not await _is_anothers(message, provider_id):
        await ending.accept(message.id, provider_id, attempt=message.attempts, now=now)
        return None
    asked = message.asked + 1
    may_repeat = message.after_unknown < TEMPLATES[message.template].resend_after_unknown
    if asked >= ASKS_BEFORE_REPEATING and may_repeat and message.expires_at > now:
        tag = await connection.execute(
            "UPDATE message SET state = 'ready', after_unknown = after_unknown + 1, asked = 0"
            " WHERE id = $1 AND state = 'unknown'",
            message.id,
        )
        return RETRY if tag == "UPDATE 1" else None
    if asked >= len(ASK_AT):
        await ending.close(message.id, "gave_up", "unknown", now=now)
        return None
    tag = await connection.execute(
        "UPDATE message SET asked = $2 WHERE id = $1 AND state = 'unknown'", message.id, asked
    )
    due = (message.calling_since or now) + ASK_AT[asked]
    return max(due - now, RETRY) if tag == "UPDATE 1" else None


async def _is_anothers(message: MessageRow, provider_id: str) -> bool:
    """The same words to the same phone may be another message's."""
    return bool(await in_transaction().fetchval(ANOTHERS, provider_id, message.id))
