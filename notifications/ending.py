"""Ending a message, and adopting it: steps that join the operation of whoever learns of it."""

import uuid
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from notifications import circuits
from notifications.classification import SAID_NO, Verdict, is_documented
from notifications.events import MessageNotDelivered

log: Final = structlog.get_logger(__name__)

OPEN: Final = ("ready", "calling", "unknown")
FIRST_LOOK: Final = timedelta(minutes=10)
PRICE_LOOK: Final = timedelta(minutes=30)
# Should its work be lost, a message still ends visibly, so long after it is of no use.
AFTER_ITS_TIME: Final = timedelta(minutes=1)
# One wording refused so often within ten minutes is paused: something is wrong with the wording.
REFUSALS_BORNE: Final = 3
WITHIN: Final = timedelta(minutes=10)
NO_CENTRE: Final = uuid.UUID(int=0)

UNDOCUMENTED: Final = Counter("motcua_message_codes_undocumented", "Codes nobody documented", ["code"])
PAUSED: Final = Counter("motcua_message_templates_paused", "Wordings paused by themselves", ["template"])


async def accept(message_id: uuid.UUID, provider_id: str, *, attempt: int, now: datetime) -> None:
    """The provider has it: adopt its id, count its segments once, look again should nothing be heard."""
    await in_transaction().execute(
        "UPDATE message SET provider_id = coalesce(provider_id, $2), calling_since = NULL, verdict = NULL,"
        " accepted_at = coalesce(accepted_at, $3), looks = 0,"
        " look_at = CASE WHEN channel <> 'sms' THEN NULL"
        "                WHEN state IN ('ready', 'calling', 'unknown') THEN $4 ELSE look_at END,"
        " state = CASE WHEN state IN ('ready', 'calling', 'unknown') THEN 'accepted' ELSE state END"
        " WHERE id = $1",
        message_id,
        provider_id,
        now,
        now + FIRST_LOOK,
    )
    await book(message_id, provider_id, attempt=attempt, now=now)


async def book(message_id: uuid.UUID, provider_id: str, *, attempt: int, now: datetime) -> None:
    """Count the segments of a call that arrived, once, whoever says first that it did."""
    row = await in_transaction().fetchrow(
        "UPDATE message_attempt SET provider_id = $3, segments = message.segments"
        " FROM message WHERE message.id = message_id AND message_id = $1 AND n = $2"
        " AND message_attempt.segments IS NULL"
        " RETURNING message.segments, message.centre_id",
        message_id,
        attempt,
        provider_id,
    )
    if row is None or not row["segments"]:
        return
    await in_transaction().execute(
        "INSERT INTO message_spending AS known (centre_id, day, segments) VALUES ($1, $2, $3)"
        " ON CONFLICT (centre_id, day) DO UPDATE SET segments = known.segments + $3",
        row["centre_id"] or NO_CENTRE,
        local_date(now),
        row["segments"],
    )


async def close(
    message_id: uuid.UUID, state: str, code: str, *, now: datetime, verdict: Verdict | None = None
) -> None:
    """End what is still open; a receipt that came meanwhile knows better and stays."""
    template: str | None = await in_transaction().fetchval(
        "UPDATE message SET state = $2, error_code = $3, calling_since = NULL, verdict = $5,"
        " look_at = NULL, ended_at = clock_timestamp()"
        " WHERE id = $1 AND state = ANY($4) RETURNING template",
        message_id,
        state,
        code[:60],
        list(OPEN),
        verdict,
    )
    if template is None:
        return
    if verdict is not None:
        await learn(message_id, verdict, code, now=now)
    await tell(message_id, template, state, code, now=now, verdict=verdict)


async def tell(
    message_id: uuid.UUID, template: str, state: str, code: str, *, now: datetime, verdict: Verdict | None
) -> None:
    """That it ended, to the journal; that it never arrived, to whoever has another way to the person: of
    several told in one (`digests`), of each.
    """
    await journal.write(
        f"message.{state}", object_kind="message", object_id=message_id, at=now, detail={"code": code}
    )
    if state not in ("rejected", "undelivered", "gave_up"):
        return
    parts = await in_transaction().fetch(
        "SELECT id, template FROM message WHERE part_of = $1 ORDER BY created_at, id", message_id
    )
    for told_id, told_template in parts or [(message_id, template)]:
        await outbox.record(
            MessageNotDelivered(
                occurred_at=now,
                message_id=told_id,
                template=told_template,
                state=state,
                verdict=verdict or "",
                code=code[:60],
            )
        )


async def learn(message_id: uuid.UUID, verdict: Verdict, code: str, *, now: datetime) -> None:
    """What one message's end says about others: its phone, its wording, the account. The codes are those of
    the first SMS provider; what those of others mean for their own way they say themselves.
    """
    if await in_transaction().fetchval("SELECT channel FROM message WHERE id = $1", message_id) != "sms":
        return
    number = int(code) if code.isdecimal() else None
    if number is not None and number > 599 and not is_documented(number):
        UNDOCUMENTED.labels(code).inc()
        log.error("message_code_undocumented", code=code, taken_as=verdict)
    if number in SAID_NO:
        await _suppress(message_id, code, now=now)
    if verdict is Verdict.CONTENT:
        await _count_refusal(message_id, code, now=now)
    if verdict is Verdict.CONFIGURATION:
        await circuits.failed("sms", now=now, reason=code, at_once=True)
    if verdict is Verdict.FRAUD:
        log.error("message_blocked_for_risk", code=code, message=str(message_id))


async def _suppress(message_id: uuid.UUID, code: str, *, now: datetime) -> None:
    tag = await in_transaction().execute(
        "INSERT INTO phone_suppression (phone, code, message_id, since)"
        " SELECT phone, $2, id, $3 FROM message WHERE id = $1 ON CONFLICT (phone) DO NOTHING",
        message_id,
        code,
        now,
    )
    if tag == "INSERT 0 1":
        await journal.write(
            "phone.suppressed", object_kind="message", object_id=message_id, at=now, detail={"code": code}
        )


async def _count_refusal(message_id: uuid.UUID, code: str, *, now: datetime) -> None:
    """The third refusal of one wording within ten minutes pauses it until somebody has looked."""
    connection = in_transaction()
    template = await connection.fetchval("SELECT template FROM message WHERE id = $1", message_id)
    # In turn: of three refused at once each would see itself only.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 59))", template)
    refused: int = await connection.fetchval(
        "SELECT count(*) FROM message WHERE template = $1 AND verdict = 'content' AND ended_at > $2",
        template,
        now - WITHIN,
    )
    log.error("message_wording_refused", template=template, code=code, times=refused)
    if refused < REFUSALS_BORNE:
        return
    tag = await connection.execute(
        "INSERT INTO message_hold (scope, reason, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        f"template:{template}",
        f"refused {refused} times: {code}",
        now,
    )
    if tag == "INSERT 0 1":
        PAUSED.labels(template).inc()
        await journal.write(
            "message_template.paused",
            object_kind="message_template",
            object_id=template,
            at=now,
            detail={"code": code},
        )
