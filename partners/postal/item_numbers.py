"""Item numbers of the post (mã bưu gửi, UPU S10): a stock a partner gives, each bound to one visit, ever.

A visit gets its number when it is first given to a courier of the partner, and keeps it through every
change. A stock that runs low or out is told in the partner's feed, once a day; visits go on without.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.core.database import fetch_row, fetch_value, in_transaction
from app.core.operation import operation
from app.custody import s10
from partners.postal import feed
from partners.postal.feed import Event

LOW: Final = 20

TAKE: Final = """
UPDATE item_number SET home_visit_id = $2, bound_at = $3
 WHERE number = (SELECT number FROM item_number
                  WHERE partner_id = $1 AND home_visit_id IS NULL AND valid_to >= $4
                  ORDER BY valid_to, number LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING number
"""


class Taken(StrEnum):
    """What became of a number that was given."""

    TAKEN = "taken"
    DUPLICATE = "duplicate"
    NOT_AN_ITEM_NUMBER = "not_an_item_number"
    WRONG_CHECK_DIGIT = "wrong_check_digit"


class Answer(NamedTuple):
    """To one number, spelt as it is kept."""

    number: str
    outcome: Taken


class Stock(NamedTuple):
    """How many numbers may still be bound, were bound, or ran out of their time unused."""

    free: int
    bound: int
    expired: int


@operation
async def give(
    *, partner_id: uuid.UUID, numbers: Sequence[str], valid_to: date, now: datetime
) -> list[Answer]:
    """Add numbers to the stock. One that was given before, by whomever, is a duplicate."""
    return [await _give(partner_id, text, valid_to, now) for text in numbers]


async def _give(partner_id: uuid.UUID, text: str, valid_to: date, now: datetime) -> Answer:
    item = s10.read(text)
    if item is None:
        return Answer(text, Taken.NOT_AN_ITEM_NUMBER)
    number = f"{item.service}{item.serial}{item.check}{item.country}"
    if s10.is_mistyped(number):
        return Answer(number, Taken.WRONG_CHECK_DIGIT)
    tag = await in_transaction().execute(
        "INSERT INTO item_number (number, partner_id, valid_to, given_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (number) DO NOTHING",
        number,
        partner_id,
        valid_to,
        now,
    )
    return Answer(number, Taken.TAKEN if tag == "INSERT 0 1" else Taken.DUPLICATE)


@operation
async def bind(*, partner_id: uuid.UUID, home_visit_id: uuid.UUID, now: datetime) -> str | None:
    """The visit's number: the one it has, or the next of the stock. None from an empty stock."""
    connection = in_transaction()
    known: str | None = await connection.fetchval(
        "SELECT number FROM item_number WHERE partner_id = $1 AND home_visit_id = $2",
        partner_id,
        home_visit_id,
    )
    if known is not None:
        return known
    found: str | None = await connection.fetchval(TAKE, partner_id, home_visit_id, now, local_date(now))
    return found


async def of_visit(partner_id: uuid.UUID, home_visit_id: uuid.UUID) -> str | None:
    found: str | None = await fetch_value(
        "SELECT number FROM item_number WHERE partner_id = $1 AND home_visit_id = $2",
        partner_id,
        home_visit_id,
    )
    return found


async def stock(partner_id: uuid.UUID, *, today: date) -> Stock:
    row = await fetch_row(
        "SELECT count(*) FILTER (WHERE home_visit_id IS NULL AND valid_to >= $2)::int AS free,"
        " count(*) FILTER (WHERE home_visit_id IS NOT NULL)::int AS bound,"
        " count(*) FILTER (WHERE home_visit_id IS NULL AND valid_to < $2)::int AS expired"
        " FROM item_number WHERE partner_id = $1",
        partner_id,
        today,
    )
    return Stock(0, 0, 0) if row is None else Stock(*row)


class ForVisit(NamedTuple):
    """The visit's number, and the event that tells of a stock low or out."""

    number: str | None
    shortage: Event | None


async def for_visit(partner_id: uuid.UUID, home_visit_id: uuid.UUID, *, now: datetime) -> ForVisit:
    """Bind a number to the visit; a stock in use that is low or empty is told once a day."""
    found = await bind(partner_id=partner_id, home_visit_id=home_visit_id, now=now)
    left = await stock(partner_id, today=local_date(now))
    if sum(left) == 0 or left.free > LOW:
        return ForVisit(found, None)
    kind = "item_numbers.low" if left.free else "item_numbers.exhausted"
    shortage = await feed.publish(
        partner_id=partner_id,
        fact_key=f"{kind}:{local_date(now).isoformat()}",
        kind=kind,
        subject="item_numbers",
        data={"free": left.free, "href": "/v1/partner/item-numbers"},
        at=now,
    )
    return ForVisit(found, shortage)
