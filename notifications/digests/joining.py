"""Taking along what waits for the same person: a whole is made, or made anew, at the moment of its call.

All but `waiting` join the operation that owes, ends or calls a message.
"""

import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from app.core import journal
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from notifications import ending, limits, superseding
from notifications.digests import said
from notifications.digests.said import DIGEST, Change
from notifications.message_row import ARRIVED, COLUMNS, MessageRow
from notifications.segments import cost
from notifications.templates import Template
from notifications.ways import OF_SMS
from notifications.wordings import versions

# Why a message ended that became a part, and why a whole did of which nothing was left to tell.
JOINED: Final = "joined"
EMPTY: Final = "empty"
# More than a message has room to name; a day's intake of a company goes on with the next.
AT_MOST: Final = 200
# Of a message `m`: whether a call of it may have ended on the phone.
MAY_HAVE_ARRIVED: Final = (
    "EXISTS (SELECT FROM message_attempt a WHERE a.message_id = m.id AND a.outcome = ANY($1))"
)


class Company(NamedTuple):
    """Who else is still to be told now, this way, and the words that tell several (`template_to_say`)."""

    template: Template
    ids: Collection[uuid.UUID]


FindCompany = Callable[[], Awaitable[Company | None]]


class Waiting(NamedTuple):
    """A message others may take along, and the fact it tells of."""

    id: uuid.UUID
    channel: str
    fact_kind: str
    fact: str


async def waiting(phone: str) -> list[Waiting]:
    """What has not left for this phone and may be told with others, parts of a whole that waits, too."""
    rows = await fetch(
        "SELECT id, channel, fact_kind, fact FROM message WHERE phone = $1 AND label <> ''"
        " AND (state = 'ready' OR part_of IN"
        "      (SELECT id FROM message WHERE phone = $1 AND state = 'ready' AND template = $2))"
        " ORDER BY created_at, id LIMIT $3",
        phone,
        DIGEST.code,
        AT_MOST,
    )
    return [Waiting(*row) for row in rows]


def is_whole(message: MessageRow) -> bool:
    return message.template == DIGEST.code


def may_be_joined(message: MessageRow) -> bool:
    return bool(message.label) or is_whole(message)


async def take_turn(phone: str) -> None:
    """In turn with whoever owes, ends or calls what may be told in one to this phone."""
    await in_transaction().execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 60))", phone)


async def take_turn_of(*, message_id: uuid.UUID | None = None, marks: Sequence[str] = ()) -> str | None:
    """The same for whoever knows the message only; None of what always goes alone, and takes no turn."""
    phone: str | None = await in_transaction().fetchval(
        "SELECT phone FROM message WHERE (id = $1 OR dedupe = ANY($2)) AND (label <> '' OR template = $3)"
        " LIMIT 1",
        message_id,
        marks,
        DIGEST.code,
    )
    if phone is not None:
        await take_turn(phone)
    return phone


async def end_empty(phone: str | None) -> None:
    """A whole that has not left and whose parts were all taken out tells nothing."""
    if phone is None:
        return
    await in_transaction().execute(
        "UPDATE message w SET state = 'superseded', error_code = $3, look_at = NULL,"
        " ended_at = clock_timestamp() WHERE phone = $1 AND template = $2 AND state = 'ready'"
        " AND NOT EXISTS (SELECT FROM message p WHERE p.part_of = w.id)",
        phone,
        DIGEST.code,
        EMPTY,
    )


async def others_until(template: str, phone: str, *, happened_at: datetime, now: datetime) -> datetime:
    """Until when others are waited for, by what has left for this phone, or is just leaving. Whoever owes
    takes their turn: of two owed at once the second sees the first.
    """
    await take_turn(phone)
    left_at = await in_transaction().fetchval(
        "SELECT max(moment) FROM (SELECT coalesce(accepted_at, calling_since, not_before) AS moment"
        "  FROM message WHERE phone = $1 AND (label <> '' OR template = $2) AND channel = ANY($3)"
        "   AND state IN ('ready', 'calling', 'unknown', 'accepted', 'sent', 'delivered')) AS known"
        " WHERE moment > $4 AND moment <= $5",
        phone,
        DIGEST.code,
        [way.value for way in OF_SMS],
        now - said.OTHERS_WITHIN,
        now,
    )
    return said.waits_until(template, happened_at=happened_at, left_at=left_at)


async def together(message: MessageRow, company: Company | None, *, now: datetime) -> MessageRow | None:
    """What is to be called in place of a message whose turn has come: itself, or the whole it goes with.
    None where nothing is left of a whole that is worth telling.

    Of a whole that may have arrived, and where nobody said who else is still to be told, nothing is added:
    only what is outdated, or has left by another way, is left out.
    """
    if not may_be_joined(message):
        return message
    arrived = await _may_have_arrived(message.id)
    grows = company is not None and not arrived and await limits.held(DIGEST.code) is None
    if not grows and not is_whole(message):
        return message
    whole = message if is_whole(message) else await _whole_that_waits(message)
    ids = company.ids if company is not None and grows else ()
    found = await _locked(message, whole, ids)
    parts = [row for row in found if _goes(row, message, ids if grows else None, now=now)]
    alone = len(parts) < 2 and not is_whole(message)
    if whole is not None:
        kept = {row["id"] for row in parts}
        await _take_out(
            [row for row in found if row["part_of"] and row["id"] not in kept], still_told=ids, now=now
        )
        if alone or not parts:
            await ending.close(whole.id, "superseded", EMPTY, now=now)
    if alone or not parts:
        return message if alone else None
    template = company.template if company is not None and grows else await _words_of(message)
    return await _say(whole or await _make(message, now=now), template, parts)


async def _may_have_arrived(message_id: uuid.UUID) -> bool:
    return bool(
        await in_transaction().fetchval(
            f"SELECT {MAY_HAVE_ARRIVED} FROM message m WHERE id = $2", ARRIVED, message_id
        )
    )


async def _whole_that_waits(message: MessageRow) -> MessageRow | None:
    """One that certainly has not left, and that this one may go with."""
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM message m WHERE template = $2 AND phone = $3 AND channel = $4"
        f" AND locale = $5 AND state = 'ready' AND NOT {MAY_HAVE_ARRIVED}"
        " ORDER BY created_at, id LIMIT 1 FOR UPDATE",
        ARRIVED,
        DIGEST.code,
        message.phone,
        message.channel,
        message.locale,
    )
    return None if row is None else MessageRow(*row)


async def _locked(
    message: MessageRow, whole: MessageRow | None, ids: Collection[uuid.UUID]
) -> Sequence[asyncpg.Record]:
    """The message itself, the parts of its whole, and of the others those that may go with them; in the
    order in which whoever ends several locks them.
    """
    rows: Sequence[asyncpg.Record] = await in_transaction().fetch(
        "SELECT id, template, label, part_of, created_at, expires_at, not_before,"
        f" {superseding.IS_OUTDATED} AS is_outdated,"
        " EXISTS (SELECT FROM message_hold WHERE scope = $8 || m.template) AS is_held"
        " FROM message m WHERE part_of = $2 OR (state = 'ready' AND label <> '' AND phone = $5"
        f" AND channel = $6 AND locale = $7 AND (id = $3 OR (id = ANY($4) AND NOT {MAY_HAVE_ARRIVED})))"
        " ORDER BY id FOR UPDATE OF m",
        ARRIVED,
        None if whole is None else whole.id,
        message.id,
        list(ids),
        message.phone,
        message.channel,
        message.locale,
        limits.TEMPLATE,
    )
    return rows


def _goes(
    row: asyncpg.Record, message: MessageRow, ids: Collection[uuid.UUID] | None, *, now: datetime
) -> bool:
    """Whether it is told now; `ids` None where nobody said who still is to be."""
    if row["id"] == message.id:
        return True
    if row["is_outdated"] or row["expires_at"] <= now:
        return False
    return ids is None or (row["id"] in ids and not row["is_held"])


async def _take_out(
    rows: Sequence[asyncpg.Record], *, still_told: Collection[uuid.UUID], now: datetime
) -> None:
    """Parts no longer: of what is outdated the newer is told; each other one is owed by itself again, and
    whoever looks after it says what becomes of it. Its own work may be done, as the whole had left: what is
    still told and only held is looked at until it is let go.
    """
    connection = in_transaction()
    await connection.execute(
        "UPDATE message SET part_of = NULL, error_code = $2 WHERE id = ANY($1)",
        [row["id"] for row in rows if row["is_outdated"]],
        superseding.NEWER,
    )
    await connection.execute(
        "UPDATE message SET state = 'ready', part_of = NULL, error_code = '', ended_at = NULL,"
        " look_at = CASE WHEN id = ANY($2) THEN $3 ELSE expires_at + $4 END WHERE id = ANY($1)",
        [row["id"] for row in rows if not row["is_outdated"]],
        [row["id"] for row in rows if row["is_held"] and row["id"] in still_told],
        now + limits.HOLD_LOOK,
        ending.AFTER_ITS_TIME,
    )


async def _words_of(whole: MessageRow) -> Template:
    """Those it was first said in."""
    version = await versions.to_say(DIGEST, told_before=[_mark(whole.id)])
    if version is None:
        return DIGEST
    return DIGEST._replace(version=version.version, vi=version.vi, en=version.en)


def _mark(whole_id: uuid.UUID) -> str:
    return f"{DIGEST.code}|{whole_id}"


async def _make(message: MessageRow, *, now: datetime) -> MessageRow:
    """A whole of nothing yet, on the way of the message that leads it and paid by its centre."""
    whole_id = new_id()
    row = await in_transaction().fetchrow(
        "INSERT INTO message (id, dedupe, template, locale, phone, body, encoding, segments, about, state,"
        " created_at, not_before, expires_at, channel, address, content, category, centre_id, look_at)"
        " SELECT $2, $3, $4, locale, phone, body, encoding, segments, $5, 'ready', $6, not_before,"
        " expires_at, channel, address, content, category, centre_id, look_at FROM message WHERE id = $1"
        f" RETURNING {COLUMNS}",
        message.id,
        whole_id,
        _mark(whole_id),
        DIGEST.code,
        f"digest:{whole_id}",
        now,
    )
    await journal.write(
        "message.owed",
        object_kind="message",
        object_id=whole_id,
        at=now,
        detail={"template": DIGEST.code, "about": f"digest:{whole_id}", "channel": message.channel},
    )
    return MessageRow(*row)


async def _say(whole: MessageRow, template: Template, parts: Sequence[asyncpg.Record]) -> MessageRow:
    """The whole tells of these; it has waited as long as the first, and is of use as long as one is."""
    connection = in_transaction()
    in_order = sorted(parts, key=lambda row: (row["created_at"], row["id"]))
    changes = [Change(row["template"], row["label"]) for row in in_order]
    body = template.render(whole.locale, said.values(changes, whole.locale))
    priced = cost(body)
    expires_at = max(row["expires_at"] for row in parts)
    row = await connection.fetchrow(
        "UPDATE message SET body = $2, encoding = $3, segments = $4, template_version = $5,"
        " not_before = least(not_before, $6), expires_at = $7, look_at = $8"
        f" WHERE id = $1 RETURNING {COLUMNS}",
        whole.id,
        body,
        priced.encoding,
        priced.segments,
        template.version,
        min(row["not_before"] for row in parts),
        expires_at,
        expires_at + ending.AFTER_ITS_TIME,
    )
    await connection.execute(
        "UPDATE message SET state = 'superseded', error_code = $3, part_of = $2, look_at = NULL,"
        " ended_at = clock_timestamp() WHERE id = ANY($1) AND state = 'ready'",
        [row["id"] for row in parts],
        whole.id,
        JOINED,
    )
    return MessageRow(*row)
