"""Receipt books (quyển biên lai): a range of numbers of one series, and which courier has it from when.

Always true, in PostgreSQL:
- no number of a series is in two books of an issuer;
- a book is with one courier on a day.

An issuer without any book goes on without: nothing is then said of where a number belongs.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import asyncpg

from app.core import journal
from app.core.database import fetch, fetch_row, fetch_value, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.rows import select
from app.payments.errors import (
    ReceiptBookDaysNotValid,
    ReceiptBookInUse,
    ReceiptBookNotFound,
    ReceiptBookNotValid,
    ReceiptBooksOverlap,
    ReceiptBookWithAnother,
)
from app.payments.rules import Serial
from app.rounds import queries as rounds

HOLDING: Final = """
SELECT book.digits, holder.courier_id FROM receipt_book book
  LEFT JOIN receipt_book_holder holder ON holder.book_id = book.id
   AND holder.valid_from <= $4 AND (holder.valid_to IS NULL OR holder.valid_to >= $4)
 WHERE book.issuer_id = $1 AND book.series = $2 AND $3 BETWEEN book.first_number AND book.last_number
"""
# How many numbers of each book were used and are void.
TOLD: Final = """
SELECT book.id, count(*) FILTER (WHERE receipt.home_visit_id IS NOT NULL)::int AS used,
       count(*) FILTER (WHERE receipt.voided_on IS NOT NULL)::int AS void
  FROM receipt_book book JOIN receipt ON receipt.issuer_id = book.issuer_id
   AND receipt.series = book.series AND receipt.serial BETWEEN book.first_number AND book.last_number
 WHERE book.issuer_id = $1 GROUP BY book.id
"""


class BookRow(NamedTuple):
    """A book as stored; its numbers have so many digits."""

    id: uuid.UUID
    issuer_id: uuid.UUID
    name: str
    series: str
    first_number: int
    last_number: int
    digits: int

    def has(self, serial: Serial) -> bool:
        return serial.series == self.series and self.first_number <= serial.number <= self.last_number


class HolderRow(NamedTuple):
    """Whose a book is in these days; without a last one, until it is handed back."""

    book_id: uuid.UUID
    courier_id: uuid.UUID
    valid_from: date
    valid_to: date | None


class BookFile(NamedTuple):
    """A book with its holders and how far it is used."""

    book: BookRow
    holders: Sequence[HolderRow]
    used: int
    void: int


class Holding(NamedTuple):
    """The book a number lies in: how many digits it has, and who has it."""

    digits: int
    holder_id: uuid.UUID | None


BOOK: Final = select(BookRow, "receipt_book")
HOLDER: Final = select(HolderRow, "receipt_book_holder")


@operation
async def put_book(
    *, issuer_id: uuid.UUID, name: str, series: str, first: str, last: str, now: datetime
) -> BookFile:
    """Register a range as it is printed, or change it; told numbers stay in it.

    Raises `ReceiptBookNotValid`, `ReceiptBooksOverlap`, `ReceiptBookInUse`.
    """
    if len(first) != len(last) or int(first) > int(last):
        raise ReceiptBookNotValid
    known = await in_transaction().fetchrow(
        f"{BOOK} WHERE issuer_id = $1 AND name = $2 FOR UPDATE", issuer_id, name
    )
    wanted = BookRow(
        known["id"] if known else new_id(),
        issuer_id,
        name,
        series.upper(),
        int(first),
        int(last),
        len(first),
    )
    if known is not None and wanted == BookRow(*known):
        return await _file(wanted)
    if known is not None and await _loses_numbers(BookRow(*known), wanted):
        raise ReceiptBookInUse
    try:
        await in_transaction().execute(
            "INSERT INTO receipt_book (id, issuer_id, name, series, first_number, last_number, digits,"
            " made_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) ON CONFLICT (issuer_id, name) DO UPDATE SET"
            " series = EXCLUDED.series, first_number = EXCLUDED.first_number,"
            " last_number = EXCLUDED.last_number, digits = EXCLUDED.digits",
            *wanted,
            now,
        )
    except asyncpg.ExclusionViolationError:
        raise ReceiptBooksOverlap from None
    await journal.write("receipt_book.put", object_kind="receipt_book", object_id=wanted.id, at=now)
    return await _file(await of_name(issuer_id, name))


async def _loses_numbers(known: BookRow, wanted: BookRow) -> bool:
    told = await in_transaction().fetch(
        "SELECT DISTINCT serial FROM receipt WHERE issuer_id = $1 AND series = $2"
        " AND serial BETWEEN $3 AND $4",
        known.issuer_id,
        known.series,
        known.first_number,
        known.last_number,
    )
    return not all(wanted.has(Serial(known.series, row["serial"])) for row in told)


@operation
async def hand_out(
    *, issuer_id: uuid.UUID, name: str, courier: str, since: date, until: date | None, now: datetime
) -> BookFile:
    """Give a book to a courier from a day on; the same first day again corrects what was said of it.

    Raises `ReceiptBookNotFound`, `CourierNotFound`, `ReceiptBookDaysNotValid`, `ReceiptBookWithAnother`.
    """
    book = await of_name(issuer_id, name)
    holder = await rounds.courier(issuer_id, courier)
    if until is not None and until < since:
        raise ReceiptBookDaysNotValid
    try:
        await in_transaction().execute(
            "INSERT INTO receipt_book_holder (book_id, courier_id, valid_from, valid_to)"
            " VALUES ($1,$2,$3,$4) ON CONFLICT (book_id, valid_from) DO UPDATE SET"
            " courier_id = EXCLUDED.courier_id, valid_to = EXCLUDED.valid_to",
            book.id,
            holder.id,
            since,
            until,
        )
    except asyncpg.ExclusionViolationError:
        raise ReceiptBookWithAnother from None
    await journal.write(
        "receipt_book.handed_out",
        object_kind="receipt_book",
        object_id=book.id,
        at=now,
        detail={"courier": str(holder.id), "from": since.isoformat()},
    )
    return await _file(book)


async def of_name(issuer_id: uuid.UUID, name: str) -> BookRow:
    """An issuer's own name of a book; raises `ReceiptBookNotFound`."""
    row = await fetch_row(f"{BOOK} WHERE issuer_id = $1 AND name = $2", issuer_id, name)
    if row is None:
        raise ReceiptBookNotFound
    return BookRow(*row)


async def of_issuer(issuer_id: uuid.UUID) -> list[BookFile]:
    """Every book, by series and number."""
    rows = await fetch(f"{BOOK} WHERE issuer_id = $1 ORDER BY series, first_number", issuer_id)
    holders: dict[uuid.UUID, list[HolderRow]] = {}
    for row in await fetch(
        f"{HOLDER} WHERE book_id = ANY($1) ORDER BY valid_from", [row["id"] for row in rows]
    ):
        holders.setdefault(row["book_id"], []).append(HolderRow(*row))
    told = {row["id"]: (row["used"], row["void"]) for row in await fetch(TOLD, issuer_id)}
    return [
        BookFile(BookRow(*row), holders.get(row["id"], []), *told.get(row["id"], (0, 0))) for row in rows
    ]


async def _file(book: BookRow) -> BookFile:
    return next(file for file in await of_issuer(book.issuer_id) if file.book.id == book.id)


async def holding(issuer_id: uuid.UUID, serial: Serial, *, on: date) -> Holding | None:
    """The book a number lies in, and whose it is on the day; None for a number in no book."""
    row = await fetch_row(HOLDING, issuer_id, *serial, on)
    return None if row is None else Holding(*row)


async def has_any(issuer_id: uuid.UUID) -> bool:
    return bool(await fetch_value("SELECT 1 FROM receipt_book WHERE issuer_id = $1 LIMIT 1", issuer_id))
