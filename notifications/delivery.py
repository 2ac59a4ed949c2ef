"""Getting a message out: a row before the call, the call outside any transaction, a row after it.

Whatever happens in between — a crash, a cut connection, an answer nobody can read — leaves the state
`calling` or `unknown`, and then the provider is asked before anything is sent again.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.citizens.rules import QuietHours
from app.core import journal
from app.core.database import fetch_row, fetch_value, in_transaction
from app.core.ids import new_id
from app.core.later import Later
from app.core.operation import operation
from notifications import policy
from notifications.classification import FINAL, Verdict
from notifications.port import PLAIN, Accepted, Content, Outgoing, Rejected, Sending, SmsChannel
from notifications.segments import UNCOUNTED, cost
from notifications.templates import TEMPLATES, Template, in_full
from notifications.ways import OF_SMS, REPEATS_SAFELY, Standing, Way

MOST_ATTEMPTS: Final = 6
CALL_LOST_AFTER: Final = timedelta(seconds=25)
ASK_AFTER: Final = timedelta(seconds=5)
RETRY: Final = timedelta(seconds=4)
CONFIGURATION_RETRY: Final = timedelta(seconds=60)
OPEN: Final = ("ready", "calling", "unknown")


class MessageRow(NamedTuple):
    """A message on its way."""

    id: uuid.UUID
    template: str
    phone: str
    body: str
    state: str
    attempts: int
    after_unknown: int
    not_before: datetime
    expires_at: datetime
    calling_since: datetime | None
    channel: str
    address: str
    content: str


class Carried(NamedTuple):
    """Another way than the first SMS provider: where on it, and what goes with the text."""

    way: Way
    address: str = ""
    content: Content = PLAIN


COLUMNS: Final = ", ".join(MessageRow._fields)


@operation
async def owe(
    *,
    template: Template,
    locale: str,
    phone: str,
    values: Mapping[str, str],
    about: str,
    version: int,
    now: datetime,
    happened_at: datetime | None = None,
    quiet: QuietHours | None = None,
    carried: Carried | None = None,
) -> uuid.UUID:
    """Owe a message; the id of the one owed before when the fact was heard before.

    `quiet` are the hours of the person it is for, where they chose some; `carried` is how it goes where
    that is not the first SMS provider.
    """
    way, address, content = carried or Carried(Way.SMS)
    dedupe = _dedupe(template, phone, about, version, way)
    known = await _owed_before(dedupe)
    if known is not None:
        return known
    if way in OF_SMS:
        body = template.render(locale, values)
        priced = cost(body)
    else:
        body, priced = in_full(template, locale, values), UNCOUNTED
    not_before = policy.not_before(template.category, now=now, happened_at=happened_at, quiet=quiet)
    message_id = new_id()
    tag = await in_transaction().execute(
        "INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about,"
        " state, created_at, not_before, expires_at, channel, address, content)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,'ready',$10,$11,$12,$13,$14,$15)"
        " ON CONFLICT ON CONSTRAINT message_is_owed_once DO NOTHING",
        message_id,
        dedupe,
        template.code,
        locale,
        phone,
        body,
        priced.encoding,
        priced.segments,
        about,
        now,
        not_before,
        not_before + template.lifetime,
        way.value,
        address,
        msgspec.json.encode(content).decode(),
    )
    other = None if tag == "INSERT 0 1" else await _owed_before(dedupe)
    if other is not None:
        return other
    await journal.write(
        "message.owed",
        object_kind="message",
        object_id=message_id,
        at=now,
        detail={"template": template.code, "about": about, "channel": way.value},
    )
    return message_id


@operation
async def withdraw(*, template: Template, phone: str, about: str, version: int) -> None:
    """Its person wants no such message any more: one that is owed and not being tried ends, visibly. One
    that may have left already stays as it is known.
    """
    await in_transaction().execute(
        "UPDATE message SET state = 'superseded', ended_at = clock_timestamp()"
        " WHERE dedupe = ANY($1) AND state = 'ready'",
        [_dedupe(template, phone, about, version, way) for way in Way],
    )


@operation
async def leave(*, template: Template, phone: str, about: str, version: int, way: Way) -> None:
    """It goes by another way: what has not left ends, and what may have left is asked about no more. A
    receipt that still comes is believed.
    """
    await in_transaction().execute(
        "UPDATE message SET state = CASE state WHEN 'ready' THEN 'superseded' ELSE 'gave_up' END,"
        " error_code = 'other_way', ended_at = clock_timestamp()"
        " WHERE dedupe = $1 AND state IN ('ready', 'unknown')",
        _dedupe(template, phone, about, version, way),
    )


async def standing(message_id: uuid.UUID, *, now: datetime) -> Standing:
    """How a message stands, for whoever decides whether another way is tried."""
    row = await fetch_row(
        "SELECT m.state, m.not_before, a.outcome, a.ended_at FROM message m LEFT JOIN LATERAL"
        " (SELECT outcome, ended_at FROM message_attempt WHERE message_id = m.id ORDER BY n DESC LIMIT 1) a"
        " ON true WHERE m.id = $1",
        message_id,
    )
    assert row is not None
    verdict = row["outcome"] if row["outcome"] in set(Verdict) else None
    return Standing(
        row["state"],
        waited=now - row["not_before"],
        taken=now - row["ended_at"] if row["ended_at"] else None,
        verdict=Verdict(verdict) if verdict else None,
    )


def _dedupe(template: Template, phone: str, about: str, version: int, way: Way = Way.SMS) -> str:
    """One of each way; the first SMS provider's is as it was before there were others."""
    by = "" if way is Way.SMS else f"|{way}"
    return f"{phone}|{template.code}|{about}|{version}{by}"


async def _owed_before(dedupe: str) -> uuid.UUID | None:
    known: uuid.UUID | None = await in_transaction().fetchval(
        "SELECT id FROM message WHERE dedupe = $1", dedupe
    )
    return known


async def deliver(message_id: uuid.UUID, *, channel: SmsChannel, now: datetime) -> None:
    """Bring one message as far as it goes now; raises `Later` when it must be looked at again."""
    message = await _begin(message_id=message_id, now=now)
    if message is None:
        return
    if message.state == "unknown":
        if Way(message.channel) in REPEATS_SAFELY:
            await _say_again(message_id=message.id)
            raise Later(RETRY)
        await _reconcile(message, channel, now=now)
        return
    outcome = await channel.send(
        Outgoing(
            message_id=message.id,
            attempt=message.attempts,
            phone=message.phone,
            body=message.body,
            valid_for_s=int((message.expires_at - now).total_seconds()),
            address=message.address,
            content=msgspec.json.decode(message.content, type=Content),
        )
    )
    again = await _end(message=message, outcome=outcome)
    if again is not None:
        raise Later(again)


@operation
async def _begin(*, message_id: uuid.UUID, now: datetime) -> MessageRow | None:
    """Claim the message for one call, or say that it is over; `Later` while it has to wait."""
    connection = in_transaction()
    row = await connection.fetchrow(f"SELECT {COLUMNS} FROM message WHERE id = $1 FOR UPDATE", message_id)
    message = MessageRow(*row)
    if message.state not in OPEN:
        return None
    if message.expires_at <= now:
        await _close(message.id, "expired", "")
        return None
    if message.not_before > now:
        raise Later(message.not_before - now)
    if message.state == "calling":
        # Somebody called and never came back: its fate is unknown, not failed.
        if message.calling_since is not None and now - message.calling_since < CALL_LOST_AFTER:
            raise Later(CALL_LOST_AFTER)
        await connection.execute("UPDATE message SET state = 'unknown' WHERE id = $1", message.id)
        return message._replace(state="unknown")
    if message.state == "unknown":
        return message
    if await _spent(message) >= MOST_ATTEMPTS:
        await _close(message.id, "gave_up", "")
        return None
    await connection.execute(
        "UPDATE message SET state = 'calling', attempts = attempts + 1, calling_since = $2 WHERE id = $1",
        message.id,
        now,
    )
    await connection.execute(
        "INSERT INTO message_attempt (message_id, n, started_at, outcome) VALUES ($1, $2, $3, 'calling')",
        message.id,
        message.attempts + 1,
        now,
    )
    return message._replace(state="calling", attempts=message.attempts + 1, calling_since=now)


async def _spent(message: MessageRow) -> int:
    """Calls that count. A wrong account is not the message's fault: such calls are kept but not counted."""
    excused: int = await in_transaction().fetchval(
        "SELECT count(*) FROM message_attempt WHERE message_id = $1 AND outcome = $2",
        message.id,
        Verdict.CONFIGURATION.value,
    )
    return message.attempts - excused


@operation
async def _end(*, message: MessageRow, outcome: Sending) -> timedelta | None:
    """Write what the call came to; when to look again, if at all."""
    if isinstance(outcome, Accepted):
        await _note_attempt(message, "accepted", "")
        await _accept(message.id, outcome.provider_id)
        return None
    if isinstance(outcome, Rejected):
        await _note_attempt(message, outcome.verdict.value, outcome.code)
        if outcome.verdict in FINAL:
            await _close(message.id, "rejected", outcome.code)
            return None
        await in_transaction().execute(
            "UPDATE message SET state = 'ready', error_code = $2 WHERE id = $1 AND state = 'calling'",
            message.id,
            outcome.code,
        )
        return RETRY if outcome.verdict is Verdict.TEMPORARY else CONFIGURATION_RETRY
    await _note_attempt(message, "unknown", outcome.why)
    await in_transaction().execute(
        "UPDATE message SET state = 'unknown', error_code = $2 WHERE id = $1 AND state = 'calling'",
        message.id,
        outcome.why[:60],
    )
    return ASK_AFTER


@operation
async def _say_again(*, message_id: uuid.UUID) -> None:
    """Its provider knows our id of it, so that saying it again is asking whether it has it."""
    await in_transaction().execute(
        "UPDATE message SET state = 'ready' WHERE id = $1 AND state = 'unknown'", message_id
    )


async def _reconcile(message: MessageRow, channel: SmsChannel, *, now: datetime) -> None:
    """Ask the provider what became of an unknown call before anything is sent again."""
    since = message.calling_since or now
    try:
        provider_id = await channel.find(phone=message.phone, body=message.body, since=since)
    except Exception as reason:
        raise Later(ASK_AFTER) from reason
    if not await _settle(message=message, provider_id=provider_id):
        raise Later(RETRY)


@operation
async def _settle(*, message: MessageRow, provider_id: str | None) -> bool:
    """Adopt what was found; else send again within the template's budget, or give up visibly."""
    if provider_id is not None:
        await _accept(message.id, provider_id)
        return True
    budget = TEMPLATES[message.template].resend_after_unknown
    if message.after_unknown >= budget:
        await _close(message.id, "gave_up", "unknown")
        return True
    await in_transaction().execute(
        "UPDATE message SET state = 'ready', after_unknown = after_unknown + 1"
        " WHERE id = $1 AND state = 'unknown'",
        message.id,
    )
    return False


async def _accept(message_id: uuid.UUID, provider_id: str) -> None:
    await in_transaction().execute(
        "UPDATE message SET provider_id = coalesce(provider_id, $2), calling_since = NULL,"
        " state = CASE WHEN state IN ('ready', 'calling', 'unknown') THEN 'accepted' ELSE state END"
        " WHERE id = $1",
        message_id,
        provider_id,
    )


async def _close(message_id: uuid.UUID, state: str, code: str) -> None:
    """End what is still open; a receipt that came meanwhile knows better and stays."""
    await in_transaction().execute(
        "UPDATE message SET state = $2, error_code = $3, calling_since = NULL,"
        " ended_at = clock_timestamp() WHERE id = $1 AND state = ANY($4)",
        message_id,
        state,
        code,
        list(OPEN),
    )


async def _note_attempt(message: MessageRow, outcome: str, code: str) -> None:
    await in_transaction().execute(
        "UPDATE message_attempt SET outcome = $3, error_code = $4, ended_at = clock_timestamp()"
        " WHERE message_id = $1 AND n = $2",
        message.id,
        message.attempts,
        outcome,
        code[:60],
    )


async def owed() -> int:
    """How many messages are owed in all, for the figures of a run."""
    return int(await fetch_value("SELECT count(*) FROM message"))
