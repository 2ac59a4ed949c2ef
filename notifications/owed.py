"""What is owed: by what a message is known, how it stands, and ending one that is needed no more.

Where it is told with others in one (`digests`), it stands as the whole does; ending it takes it out.
"""

import uuid
from datetime import datetime
from typing import Final, NamedTuple

from app.core import outbox
from app.core.database import fetch_row, fetch_value, in_transaction
from app.core.operation import operation
from app.core.outbox import Fact
from notifications.classification import Verdict
from notifications.digests import joining
from notifications.templates import Category, Template
from notifications.ways import Standing, Way

# Why a message ended that was left behind: what it told goes by the next way.
OTHER_WAY: Final = "other_way"
# The state of a message `m`, or of the whole it is a part of.
STANDS: Final = "coalesce((SELECT state FROM message w WHERE w.id = m.part_of), m.state)"


class Told(NamedTuple):
    """The fact a message tells of, and until when that is of use."""

    fact: Fact
    category: Category
    until: datetime


def mark(template: Template, phone: str, about: str, version: int, way: Way = Way.SMS) -> str:
    """By what it is owed once. One of each way; the first SMS provider's is as it was before there were
    others.
    """
    by = "" if way is Way.SMS else f"|{way}"
    return f"{phone}|{template.code}|{about}|{version}{by}"


def marks(template: Template, *, phone: str, about: str, version: int) -> list[str]:
    """By what each message that says this is known, whichever way it went."""
    return [mark(template, phone, about, version, way) for way in Way]


async def owed_before(dedupe: str) -> uuid.UUID | None:
    known: uuid.UUID | None = await fetch_value("SELECT id FROM message WHERE dedupe = $1", dedupe)
    return known


async def told(message_id: uuid.UUID) -> Told | None:
    """What a message tells of; None of one that came from no fact this program knows."""
    row = await fetch_row(
        "SELECT fact_kind, fact, category, expires_at FROM message WHERE id = $1", message_id
    )
    if row is None or row["fact_kind"] not in outbox.KINDS:
        return None
    fact = outbox.decode(row["fact_kind"], row["fact"])
    return Told(fact, Category(row["category"]), row["expires_at"])


async def standing(message_id: uuid.UUID, *, now: datetime) -> Standing:
    """How a message stands, for whoever decides whether another way is tried."""
    row = await fetch_row(
        # What was left behind has failed, however often somebody looks again.
        "SELECT CASE m.error_code WHEN $2 THEN 'gave_up' ELSE m.state END AS state, m.not_before,"
        " coalesce(m.verdict, a.outcome) AS outcome, a.ended_at"
        " FROM message m LEFT JOIN LATERAL"
        " (SELECT outcome, ended_at FROM message_attempt WHERE message_id = m.id ORDER BY n DESC LIMIT 1) a"
        " ON true WHERE m.id = (SELECT coalesce(part_of, id) FROM message WHERE id = $1)",
        message_id,
        OTHER_WAY,
    )
    assert row is not None
    verdict = row["outcome"] if row["outcome"] in set(Verdict) else None
    return Standing(
        row["state"],
        waited=now - row["not_before"],
        taken=now - row["ended_at"] if row["ended_at"] else None,
        verdict=Verdict(verdict) if verdict else None,
    )


async def standing_by(
    way: Way, *, template: Template, phone: str, about: str, version: int, now: datetime
) -> Standing | None:
    """The same of what was owed by this way; None where nothing was."""
    known = await owed_before(mark(template, phone, about, version, way))
    return None if known is None else await standing(known, now=now)


@operation
async def withdraw(*, template: Template, phone: str, about: str, version: int) -> None:
    """Its person wants no such message any more: one that is owed and not being tried ends, visibly. One
    that may have left already stays as it is known.
    """
    known = marks(template, phone=phone, about=about, version=version)
    phone_of_several = await joining.take_turn_of(marks=known)
    await in_transaction().execute(
        "UPDATE message m SET state = 'superseded', part_of = NULL, look_at = NULL,"
        " error_code = CASE WHEN part_of IS NULL THEN error_code ELSE '' END,"
        f" ended_at = clock_timestamp() WHERE dedupe = ANY($1) AND {STANDS} = 'ready'",
        known,
    )
    await joining.end_empty(phone_of_several)


@operation
async def leave(*, template: Template, phone: str, about: str, version: int, way: Way) -> None:
    """It goes by another way: what has not left ends, and what may have left is asked about no more. A
    receipt that still comes is believed.
    """
    known = mark(template, phone, about, version, way)
    phone_of_several = await joining.take_turn_of(marks=[known])
    await in_transaction().execute(
        f"UPDATE message m SET state = CASE {STANDS} WHEN 'ready' THEN 'superseded' ELSE 'gave_up' END,"
        " error_code = $2, part_of = NULL, look_at = NULL, ended_at = clock_timestamp()"
        f" WHERE dedupe = $1 AND {STANDS} IN ('ready', 'unknown')",
        known,
        OTHER_WAY,
    )
    await joining.end_empty(phone_of_several)
