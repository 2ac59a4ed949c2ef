"""The receipt numbers of a day (số biên lai trong ngày): used, void, and missing in between, by courier.

A gap is what no report told of below the highest number that one did: a form lost, or a report. It is
named, and nothing is concluded from it; a report that comes late closes it.
"""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from app.core.database import fetch

# Books in a courier's hands that day, and books a number of which they used or spoiled.
LINES: Final = """
SELECT holder.courier_id, book.id, book.name, book.series, book.digits, true AS held
  FROM receipt_book book JOIN receipt_book_holder holder ON holder.book_id = book.id
 WHERE book.issuer_id = $1 AND holder.valid_from <= $2
   AND (holder.valid_to IS NULL OR holder.valid_to >= $2)
UNION
SELECT told.courier_id, book.id, book.name, book.series, book.digits, false
  FROM receipt told JOIN receipt_book book ON book.issuer_id = told.issuer_id
   AND book.series = told.series AND told.serial BETWEEN book.first_number AND book.last_number
 WHERE told.issuer_id = $1 AND $2 IN (told.day, told.voided_on) AND told.courier_id IS NOT NULL
 ORDER BY 1, 4, 3
"""
OF_DAY: Final = """
SELECT told.courier_id, book.id AS book_id, told.serial,
       told.home_visit_id IS NOT NULL AND told.day = $2 AS used,
       told.voided_on IS NOT DISTINCT FROM $2 AS void
  FROM receipt told JOIN receipt_book book ON book.issuer_id = told.issuer_id
   AND book.series = told.series AND told.serial BETWEEN book.first_number AND book.last_number
 WHERE told.issuer_id = $1 AND $2 IN (told.day, told.voided_on)
 ORDER BY told.serial
"""
# Between one number told and the next: what lies there was told by nobody. The highest of the day ends it.
GAPS: Final = """
SELECT id, before + 1 AS first, serial - 1 AS last FROM (
  SELECT book.id, told.serial, lag(told.serial, 1, book.first_number - 1)
           OVER (PARTITION BY book.id ORDER BY told.serial) AS before,
         (SELECT max(high.serial) FROM receipt high WHERE high.issuer_id = book.issuer_id
             AND high.series = book.series AND high.serial BETWEEN book.first_number AND book.last_number
             AND least(high.day, high.voided_on) <= $2) AS highest
    FROM receipt_book book JOIN receipt told ON told.issuer_id = book.issuer_id
     AND told.series = book.series AND told.serial BETWEEN book.first_number AND book.last_number
   WHERE book.id = ANY($1)) told
 WHERE serial > before + 1 AND serial <= highest ORDER BY id, serial
"""


class Gap(NamedTuple):
    """Numbers nobody told of, the first and the last of them."""

    first: int
    last: int


class BookDay(NamedTuple):
    """What became of a book's numbers in a courier's day; gaps are told of whoever has the book."""

    courier_id: uuid.UUID
    book: str
    series: str
    digits: int
    used: Sequence[int]
    void: Sequence[int]
    gaps: Sequence[Gap]


async def of_day(issuer_id: uuid.UUID, day: date) -> list[BookDay]:
    """Of every courier with a book, or with a number of one; empty for an issuer without books."""
    lines: dict[tuple[uuid.UUID, uuid.UUID], tuple[str, str, int]] = {}
    held: set[tuple[uuid.UUID, uuid.UUID]] = set()
    for courier_id, book_id, name, series, digits, has_it in await fetch(LINES, issuer_id, day):
        lines[courier_id, book_id] = (name, series, digits)
        if has_it:
            held.add((courier_id, book_id))
    if not lines:
        return []
    told = await fetch(OF_DAY, issuer_id, day)
    gaps: dict[uuid.UUID, list[Gap]] = {}
    for book_id, first, last in await fetch(GAPS, sorted({book_id for _, book_id in held}), day):
        gaps.setdefault(book_id, []).append(Gap(first, last))
    return [
        BookDay(
            courier_id,
            *of_book,
            used=[
                row["serial"] for row in told if (row["courier_id"], row["book_id"]) == key and row["used"]
            ],
            void=[
                row["serial"] for row in told if (row["courier_id"], row["book_id"]) == key and row["void"]
            ],
            gaps=gaps.get(book_id, []) if key in held else [],
        )
        for key, of_book in lines.items()
        for courier_id, book_id in [key]
    ]
