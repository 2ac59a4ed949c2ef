"""Getting a message out: a row before the call, the call outside any transaction, a row after it.

Whatever happens in between — a crash, a cut connection, an answer nobody can read — leaves the state
`calling` or `unknown`, and then the provider is asked before anything is sent again.
"""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

import msgspec

from app.citizens.rules import QuietHours
from app.core import journal
from app.core.database import fetch_value, in_transaction
from app.core.ids import new_id
from app.core.later import Later
from app.core.operation import operation
from app.core.outbox import Fact
from notifications import asking, circuits, ending, limits, policy, superseding
from notifications.asking import RETRY
from notifications.classification import FINAL, Verdict
from notifications.digests import joining, said
from notifications.digests.joining import Company, FindCompany
from notifications.ending import OPEN
from notifications.message_row import ARRIVED, COLUMNS, MessageRow, Ripe, Wait
from notifications.owed import mark, owed_before
from notifications.policy import Rest
from notifications.port import PLAIN, Accepted, Content, Outgoing, Rejected, Sending, SmsChannel, Unknown
from notifications.segments import UNCOUNTED, cost
from notifications.templates import Category, Template, in_full
from notifications.ways import OF_SMS, REPEATS_SAFELY, Way

# Calls that may have ended on the phone; those that certainly did not are made again while it is of use.
MOST_ARRIVALS: Final = 3
CALL_LOST_AFTER: Final = timedelta(seconds=25)
LONGEST_RETRY: Final = timedelta(minutes=15)


class Carried(NamedTuple):
    """Another way than the first SMS provider: where on it, and what goes with the text."""

    way: Way
    address: str = ""
    content: Content = PLAIN


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
    event_at: datetime | None = None,
    carried: Carried | None = None,
    centre_id: uuid.UUID | None = None,
    thing: str = "",
    fact: Fact | None = None,
    until: datetime | None = None,
) -> uuid.UUID:
    """Owe a message; the id of the one owed before when the fact was heard before.

    `quiet` are the hours of the person it is for, where they chose some, which give way to an event at
    `event_at`; `carried` is how it goes where
    that is not the first SMS provider, `centre_id` whose budget it is, `thing` what it is about where a
    newer version makes an older one needless (`superseding`). `fact` is what it tells of, and `until` ends
    it sooner than its template.
    """
    way, address, content = carried or Carried(Way.SMS)
    dedupe = mark(template, phone, about, version, way)
    known = await owed_before(dedupe)
    if known is not None:
        return known
    if way in OF_SMS:
        body = template.render(locale, values)
        priced = cost(body)
    else:
        body, priced = in_full(template, locale, values), UNCOUNTED
    label = said.label(template, values) if way in OF_SMS else ""
    others_until = (
        await joining.others_until(template.code, phone, happened_at=happened_at or now, now=now)
        if label
        else None
    )
    not_before = policy.not_before(
        template.category,
        now=now,
        happened_at=happened_at,
        quiet=quiet,
        event_at=event_at,
        others_until=others_until,
    )
    lasts = not_before + template.lifetime
    expires_at = lasts if until is None else min(until, lasts)
    message_id = new_id()
    tag = await in_transaction().execute(
        "INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about,"
        " state, created_at, not_before, expires_at, channel, address, content, category,"
        " template_version, centre_id, look_at, thing, thing_version, label, fact_kind, fact)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,'ready',"
        "$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24)"
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
        expires_at,
        way.value,
        address,
        msgspec.json.encode(content).decode(),
        template.category.stored,
        template.version,
        centre_id,
        expires_at + ending.AFTER_ITS_TIME,
        thing,
        version,
        label,
        fact.kind if fact else "",
        msgspec.json.encode(fact).decode() if fact else "{}",
    )
    other = None if tag == "INSERT 0 1" else await owed_before(dedupe)
    if other is not None:
        return other
    await superseding.end_older(thing=thing, version=version, phone=phone, now=now)
    await journal.write(
        "message.owed",
        object_kind="message",
        object_id=message_id,
        at=now,
        detail={"template": template.code, "about": about, "channel": way.value},
    )
    return message_id


async def deliver(
    message_id: uuid.UUID,
    *,
    channel: SmsChannel,
    now: datetime,
    per_second: int = limits.PER_SECOND,
    company: FindCompany | None = None,
    rest: Rest | None = None,
) -> None:
    """Bring one message as far as it goes now; raises `Later` when it must be looked at again.

    `per_second`: what a sender of the first SMS provider takes. `company` tells who else may be told with
    it, and is asked when it is about to leave. `rest` is of whoever knows what it is about.
    """
    begin = partial(_begin, message_id=message_id, per_second=per_second, now=now, rest=rest)
    message = await begin(ask=company is not None)
    if isinstance(message, Ripe):
        message = await begin(company=await company() if company is not None else None)
    if message is None or isinstance(message, Ripe):
        return
    if isinstance(message, Wait):
        raise Later(message.after)
    if message.state == "unknown":
        if Way(message.channel) in REPEATS_SAFELY:
            await _say_again(message_id=message.id)
            raise Later(RETRY)
        await asking.reconcile(message, channel, now=now)
        return
    outcome = await channel.send(
        Outgoing(
            message_id=message.id,
            attempt=message.attempts,
            phone=message.phone,
            body=message.body,
            valid_for_s=int((message.expires_at - now).total_seconds()),
            sender=message.sender,
            address=message.address,
            content=msgspec.json.decode(message.content, type=Content),
        )
    )
    again = await _end(message=message, outcome=outcome, now=now)
    if again is not None:
        raise Later(again)


@operation
async def _begin(
    *,
    message_id: uuid.UUID,
    now: datetime,
    per_second: int = limits.PER_SECOND,
    ask: bool = False,
    company: Company | None = None,
    rest: Rest | None = None,
) -> MessageRow | Wait | Ripe | None:
    """Claim the message, or the whole it is told with, for one call, or say how long it has to wait; None
    when it is over. `ask`: say first when it is ripe.
    """
    await joining.take_turn_of(message_id=message_id)
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM message"
        " WHERE id = (SELECT coalesce(part_of, id) FROM message WHERE id = $1) FOR UPDATE",
        message_id,
    )
    message = MessageRow(*row)
    if message.state not in OPEN:
        return None
    if message.state == "ready":
        return await _to_send(message, rest, per_second=per_second, now=now, ask=ask, company=company)
    if message.state == "calling":
        # Somebody called and never came back: its fate is unknown, not failed.
        if message.calling_since is not None and now - message.calling_since < CALL_LOST_AFTER:
            return Wait(CALL_LOST_AFTER)
        await in_transaction().execute("UPDATE message SET state = 'unknown' WHERE id = $1", message.id)
    # What may have left is asked about, however late: it does not expire unseen.
    return await asking.to_ask_about(message._replace(state="unknown"), now=now)


async def _to_send(
    message: MessageRow,
    rest: Rest | None,
    *,
    per_second: int,
    now: datetime,
    ask: bool,
    company: Company | None,
) -> MessageRow | Wait | Ripe | None:
    over = await _over(message, now=now)
    if over is not None:
        await ending.close(message.id, over, superseding.NEWER if over == "superseded" else "", now=now)
        return None
    due = max(message.not_before, message.retry_at or message.not_before)
    if due > now:
        return Wait(due - now)
    refused = await _held_back(message, rest, now=now)
    if refused is None and ask and joining.may_be_joined(message):
        return Ripe()
    refused = refused or await _no_turn(message, per_second=per_second, now=now)
    if refused is not None:
        return await _not_now(message, refused, now=now)
    to_call = await joining.together(message, company, now=now)
    # Nothing is left of a whole; what was a part of it is looked at by itself.
    return Wait(RETRY) if to_call is None else await _claim(to_call, now=now)


async def _over(message: MessageRow, *, now: datetime) -> str | None:
    """The state in which it ends without a further call, if it does."""
    if message.expires_at <= now:
        return "expired"
    if await superseding.is_outdated(message):
        return "superseded"
    return "gave_up" if await _arrivals(message) >= MOST_ARRIVALS else None


async def _not_now(message: MessageRow, refused: limits.Refused, *, now: datetime) -> Wait | None:
    """It waits, or ends where waiting is of no use."""
    if refused.after is None:
        await ending.close(message.id, "rejected", refused.code, now=now, verdict=Verdict.RECIPIENT)
        return None
    if refused.code in limits.OURS:
        # How long its way took nothing counts from here (`owed.standing`), and that of a whole from its
        # parts; when it is of no use any more stays as it is.
        await in_transaction().execute(
            "UPDATE message SET not_before = $2 WHERE id = $1 OR part_of = $1",
            message.id,
            now + refused.after,
        )
    return Wait(refused.after)


async def _held_back(message: MessageRow, rest: Rest | None, *, now: datetime) -> limits.Refused | None:
    """The first reason there is not to call now that lies in no other message's turn."""
    category, way = Category(message.category), Way(message.channel)
    return (
        await limits.asleep(message, rest, now=now)
        or await limits.held(message.template)
        or (await _sms_refused(message, category, way, now=now) if way in OF_SMS else None)
        or await limits.closed(way, now=now)
    )


async def _no_turn(message: MessageRow, *, per_second: int, now: datetime) -> limits.Refused | None:
    """Take the sender's turn, and last that of who tries a way that was closed: they have nothing else to
    wait for.
    """
    way = Way(message.channel)
    return (
        await limits.paced(message.sender, now=now, per_second=per_second) if way is Way.SMS else None
    ) or await limits.tried_by_another(way, now=now)


async def _sms_refused(
    message: MessageRow, category: Category, way: Way, *, now: datetime
) -> limits.Refused | None:
    """What a phone and a centre's budget say, whoever carries the SMS."""
    return await limits.phone_refuses(
        message.id, message.phone, category, way, now=now
    ) or await limits.over_budget(message.centre_id, category, now=now)


async def _claim(message: MessageRow, *, now: datetime) -> MessageRow:
    """The row before the call."""
    connection = in_transaction()
    await connection.execute(
        "UPDATE message SET state = 'calling', attempts = attempts + 1, calling_since = $2, asked = 0"
        " WHERE id = $1",
        message.id,
        now,
    )
    await connection.execute(
        "INSERT INTO message_attempt (message_id, n, started_at, outcome, request_hash)"
        " VALUES ($1, $2, $3, 'calling', $4)",
        message.id,
        message.attempts + 1,
        now,
        hashlib.sha256(f"{message.phone}|{message.body}".encode()).digest(),
    )
    return message._replace(state="calling", attempts=message.attempts + 1, calling_since=now)


async def _arrivals(message: MessageRow) -> int:
    """Calls that may have ended on the phone; what was refused, or never left the provider, did not."""
    return int(
        await in_transaction().fetchval(
            "SELECT count(*) FROM message_attempt WHERE message_id = $1 AND outcome = ANY($2)",
            message.id,
            ARRIVED,
        )
    )


@operation
async def _end(*, message: MessageRow, outcome: Sending, now: datetime) -> timedelta | None:
    """Write what the call came to; when to look again, if at all."""
    await in_transaction().execute("SELECT FROM message WHERE id = $1 FOR UPDATE", message.id)
    if isinstance(outcome, Accepted):
        await circuits.succeeded(message.channel, now=now)
        if await _note_attempt(message, "accepted", ""):
            await ending.accept(message.id, outcome.provider_id, attempt=message.attempts, now=now)
        return None
    if isinstance(outcome, Rejected):
        return await _note_refusal(message, outcome, now=now)
    await _note_attempt(message, "unknown", outcome.why)
    await circuits.failed(message.channel, now=now, reason=outcome.why)
    return await _note_unknown(message, outcome)


@operation
async def _say_again(*, message_id: uuid.UUID) -> None:
    """Its provider knows our id of it, so that saying it again is asking whether it has it."""
    await in_transaction().execute(
        "UPDATE message SET state = 'ready' WHERE id = $1 AND state = 'unknown'", message_id
    )


async def _note_unknown(message: MessageRow, outcome: Unknown) -> timedelta | None:
    tag = await in_transaction().execute(
        "UPDATE message SET state = 'unknown', error_code = $2 WHERE id = $1 AND state = 'calling'",
        message.id,
        outcome.why[:60],
    )
    return asking.ASK_AT[0] if tag == "UPDATE 1" else None


async def _note_refusal(message: MessageRow, outcome: Rejected, *, now: datetime) -> timedelta | None:
    """A refusal that is not final leaves the message as it was; that of the account closes the way."""
    await _note_attempt(message, outcome.verdict.value, outcome.code)
    if outcome.verdict in FINAL:
        await circuits.succeeded(message.channel, now=now)
        await ending.close(message.id, "rejected", outcome.code, now=now, verdict=outcome.verdict)
        return None
    account = outcome.verdict is Verdict.CONFIGURATION
    await circuits.failed(message.channel, now=now, reason=outcome.code, at_once=account)
    await in_transaction().execute(
        "UPDATE message SET state = 'ready', error_code = $2, verdict = $3"
        " WHERE id = $1 AND state = 'calling'",
        message.id,
        outcome.code,
        outcome.verdict.value,
    )
    if account:
        return circuits.REST_OF_AN_ACCOUNT
    refused: int = await in_transaction().fetchval(
        "SELECT count(*) FROM message_attempt WHERE message_id = $1 AND outcome = 'temporary'", message.id
    )
    own: timedelta = min(LONGEST_RETRY, RETRY * 2 ** min(refused - 1, 12))
    pause = max(own, outcome.retry_after or own)
    # Whoever looks sooner, for another way's sake, does not call sooner.
    await in_transaction().execute(
        "UPDATE message SET retry_at = $2 WHERE id = $1", message.id, now + pause
    )
    return pause


async def _note_attempt(message: MessageRow, outcome: str, code: str) -> bool:
    """False where a receipt that was faster has said already how the call ended."""
    tag = await in_transaction().execute(
        "UPDATE message_attempt SET outcome = $3, error_code = $4, ended_at = clock_timestamp()"
        " WHERE message_id = $1 AND n = $2 AND outcome IN ('calling', 'unknown')",
        message.id,
        message.attempts,
        outcome,
        code[:60],
    )
    return bool(tag == "UPDATE 1")


async def owed() -> int:
    """How many messages are owed in all, for the figures of a run."""
    return int(await fetch_value("SELECT count(*) FROM message"))
