"""What the provider says afterwards: receipts in any order, several times, never going down."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from notifications import afterwards, ending
from notifications.classification import Verdict, verdict_afterwards
from notifications.owed import OTHER_WAY
from notifications.templates import Category
from notifications.ways import Way

# accepted < queued < sending < sent < {delivered, undelivered, failed}: a lower rank never overwrites.
RANKS: Final[Mapping[str, int]] = MappingProxyType(
    {"accepted": 1, "queued": 2, "sending": 3, "sent": 4, "delivered": 5, "undelivered": 5, "failed": 5}
)
LAST: Final = max(RANKS.values())
STATES: Final[Mapping[str, str]] = MappingProxyType(
    {"sent": "sent", "delivered": "delivered", "undelivered": "undelivered", "failed": "undelivered"}
)


@operation
async def note_receipt(
    *,
    message_id: uuid.UUID,
    provider_id: str,
    status: str,
    error_code: str,
    now: datetime,
    attempt: int | None = None,
) -> bool:
    """Adopt a receipt; False when it told nothing new. It also proves that an unknown call arrived.

    `attempt` is the call it is about, the last one where it is not said. Of an earlier call, and of one
    whose end was heard, only that it arrived after all is news: the person has the message.
    """
    rank = RANKS.get(status)
    if rank is None:
        return False
    row = await in_transaction().fetchrow(
        "SELECT state, rank, attempts, template, category, expires_at, after_unreached, channel,"
        " ended_at FROM message WHERE id = $1 FOR UPDATE",
        message_id,
    )
    if row is None or row["state"] in ("expired", "superseded"):
        return False
    about = row["attempts"] if attempt is None else attempt
    if row["rank"] >= rank:
        return False
    if status != "delivered" and (about < row["attempts"] or await _is_put_back(message_id)):
        return False
    if provider_id:
        await ending.book(message_id, provider_id, attempt=about, now=now)
    if STATES.get(status) == "undelivered":
        return await _note_failure(row, message_id, provider_id, error_code, now=now)
    return await _note_progress(message_id, provider_id, status, error_code, now=now)


async def _is_put_back(message_id: uuid.UUID) -> bool:
    """Owed once more though the provider took its last call: how that one ended was heard already."""
    # Not with the row above: who waits for that sees the calls as they were before.
    return bool(
        await in_transaction().fetchval(
            "SELECT true FROM message m JOIN message_attempt a ON a.message_id = m.id AND a.n = m.attempts"
            " WHERE m.id = $1 AND m.state = 'ready' AND a.provider_id IS NOT NULL",
            message_id,
        )
    )


async def _note_progress(
    message_id: uuid.UUID, provider_id: str, status: str, error_code: str, *, now: datetime
) -> bool:
    rank, state = RANKS[status], STATES.get(status, "accepted")
    await in_transaction().execute(
        # What went on by another way stays with it until this one has brought it.
        "UPDATE message SET state = $3, rank = $4, verdict = NULL,"
        " error_code = CASE WHEN error_code = $9 AND NOT $8 THEN error_code ELSE $5 END,"
        " provider_id = coalesce(provider_id, nullif($2, '')), calling_since = NULL,"
        " accepted_at = coalesce(accepted_at, $6), looks = 0,"
        " look_at = CASE WHEN channel = 'sms' THEN $7::timestamptz END,"
        " ended_at = CASE WHEN $8 THEN clock_timestamp() ELSE ended_at END WHERE id = $1",
        message_id,
        provider_id,
        state,
        rank,
        error_code[:60],
        now,
        now + (ending.PRICE_LOOK if rank == LAST else ending.FIRST_LOOK),
        rank == LAST,
        OTHER_WAY,
    )
    await journal.write(f"message.{state}", object_kind="message", object_id=message_id, at=now)
    if status == "delivered":
        # Whoever said no has changed their mind: something of ours has just arrived there.
        await in_transaction().execute(
            "DELETE FROM phone_suppression WHERE phone = (SELECT phone FROM message WHERE id = $1)",
            message_id,
        )
    return True


async def _note_failure(
    row: Mapping[str, Any], message_id: uuid.UUID, provider_id: str, error_code: str, *, now: datetime
) -> bool:
    """It was accepted and did not arrive: once more where that may help, else the end of it."""
    # Other providers tell an end as one, with codes of their own.
    known = int(error_code) if error_code.isdecimal() else None
    verdict = verdict_afterwards(known) if row["channel"] == Way.SMS else Verdict.RECIPIENT
    # What had ended already, given up or left for another way, was handed on: it is owed here no more.
    again = (
        afterwards.once_more_at(
            verdict,
            category=Category(row["category"]),
            tried=row["after_unreached"],
            now=now,
            expires_at=row["expires_at"],
        )
        if row["ended_at"] is None
        else None
    )
    if again is not None:
        await _put_back(message_id, row["attempts"], error_code, verdict, at=again)
        await ending.learn(message_id, verdict, error_code, now=now)
        await journal.write(
            "message.put_back",
            object_kind="message",
            object_id=message_id,
            at=now,
            detail={"code": error_code},
        )
        return True
    await in_transaction().execute(
        "UPDATE message SET state = 'undelivered', rank = $3, error_code = $4, verdict = $5,"
        " provider_id = coalesce(provider_id, nullif($2, '')), calling_since = NULL,"
        " accepted_at = coalesce(accepted_at, $6), looks = 0, ended_at = clock_timestamp(),"
        " look_at = CASE WHEN channel = 'sms' THEN $7::timestamptz END"
        " WHERE id = $1",
        message_id,
        provider_id,
        LAST,
        error_code[:60],
        verdict.value,
        now,
        now + ending.PRICE_LOOK,
    )
    await ending.learn(message_id, verdict, error_code, now=now)
    await ending.tell(message_id, row["template"], "undelivered", error_code, now=now, verdict=verdict)
    return True


async def _put_back(
    message_id: uuid.UUID, attempt: int, error_code: str, verdict: Verdict, *, at: datetime
) -> None:
    """Owed once more; what its calls came to stays with them."""
    await in_transaction().execute(
        "UPDATE message_attempt SET outcome = $3, error_code = $4, ended_at = clock_timestamp()"
        " WHERE message_id = $1 AND n = $2",
        message_id,
        attempt,
        verdict.value,
        error_code[:60],
    )
    await in_transaction().execute(
        "UPDATE message SET state = 'ready', rank = 0, provider_id = NULL, calling_since = NULL,"
        " error_code = $2, verdict = $3, not_before = $4, look_at = $4, looks = 0,"
        " after_unreached = after_unreached + 1 WHERE id = $1",
        message_id,
        error_code[:60],
        verdict.value,
        at,
    )
