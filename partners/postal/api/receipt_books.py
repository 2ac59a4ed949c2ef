"""Receipt books: which numbers the post has, who holds them, and which are void."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.http.body import served_day
from app.http.principals import Principal
from app.payments import books, operations
from app.payments.books import BookFile
from app.payments.errors import (
    DayNotYet,
    ReceiptBookDaysNotValid,
    ReceiptBookInUse,
    ReceiptBookNotFound,
    ReceiptBookNotValid,
    ReceiptBooksOverlap,
    ReceiptBookWithAnother,
    ReceiptOutsideBook,
)
from app.payments.receipts import VoidRow
from app.payments.rules import Void
from app.rounds import queries as rounds
from app.rounds.errors import CourierNotFound
from partners.postal import scopes
from partners.postal.api.couriers import ExternalId
from partners.postal.api.routes import puts, reads

Printed = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}$(?!\n)")]


class BookRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """As it is printed: the series (ký hiệu), the first and the last number with all their digits."""

    series: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9\-/.]{0,18}[A-Za-z0-9])?$(?!\n)", examples=["AA/26P"]
        ),
    ]
    first: Printed
    last: Printed


class HolderRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`valid_to` is the last day; without it, until it is said."""

    courier: ExternalId
    valid_to: date | None = None


class VoidRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Why a number will never stand for a payment, and on which day that was found."""

    reason: Void
    date: date


class HolderView(msgspec.Struct):
    courier: str
    valid_from: date
    valid_to: date | None


class BookView(msgspec.Struct):
    """A range with who had it when, and how many of its numbers are used and void."""

    book: str
    series: str
    first: str
    last: str
    used: int
    void: int
    holders: list[HolderView]

    @classmethod
    def of(cls, file: BookFile, names: Mapping[uuid.UUID, str]) -> "BookView":
        book = file.book
        return cls(
            book.name,
            book.series,
            f"{book.first_number:0{book.digits}d}",
            f"{book.last_number:0{book.digits}d}",
            file.used,
            file.void,
            [HolderView(names[one.courier_id], one.valid_from, one.valid_to) for one in file.holders],
        )


class BookList(msgspec.Struct):
    items: list[BookView]


class VoidView(msgspec.Struct):
    """`used`: it stands for a payment all the same, and a case is open about it."""

    receipt: str
    reason: str
    date: date
    used: bool

    @classmethod
    def of(cls, row: VoidRow) -> "VoidView":
        return cls(row.number, row.void_because, row.voided_on, row.used)


def known_book(name: str) -> str:
    """A partner's own name of a book: printable, short, or it names none."""
    if len(name) > 40 or not name.isprintable():
        raise ReceiptBookNotFound
    return name


async def _book_view(principal: Principal) -> Callable[[BookFile], BookView]:
    """A book as the partner reads it, with its own ids of its couriers."""
    names = await rounds.external_ids(principal.id)
    return lambda file: BookView.of(file, names)


@puts(
    "/v1/partner/receipt-books/{book:str}",
    operation_id="putReceiptBook",
    summary="A range of receipt numbers of ours",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(ReceiptBookNotFound, ReceiptBookNotValid, ReceiptBooksOverlap, ReceiptBookInUse),
)
async def put_book(
    book: FromPath[str],
    data: JSONBody[BookRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> BookView:
    """Made or brought up to date. From the first book on, a receipt outside its courier's opens a case."""
    file = await books.put_book(
        issuer_id=principal.id,
        name=known_book(book),
        series=data.series,
        first=data.first,
        last=data.last,
        now=now,
    )
    return (await _book_view(principal))(file)


@puts(
    "/v1/partner/receipt-books/{book:str}/holders/{day:date}",
    operation_id="handOutReceiptBook",
    summary="A courier has the book from this day on",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(ReceiptBookNotFound, CourierNotFound, ReceiptBookDaysNotValid, ReceiptBookWithAnother),
)
async def hand_out(
    book: FromPath[str],
    day: FromPath[date],
    data: JSONBody[HolderRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> BookView:
    """One courier at a time; the same day again corrects who and until when."""
    file = await books.hand_out(
        issuer_id=principal.id,
        name=known_book(book),
        courier=data.courier,
        since=served_day(day),
        until=None if data.valid_to is None else served_day(data.valid_to),
        now=now,
    )
    return (await _book_view(principal))(file)


@puts(
    "/v1/partner/receipt-books/{book:str}/void/{number:str}",
    operation_id="voidReceipt",
    summary="A number that will never be used",
    scope=scopes.SETTLEMENTS_WRITE,
    refuses=(ReceiptBookNotFound, ReceiptOutsideBook, DayNotYet),
)
async def void_receipt(
    book: FromPath[str],
    number: FromPath[str],
    data: JSONBody[VoidRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> VoidView:
    """Told once for ever: the first reason stands. A courier tells spoiled forms with the money, too."""
    if not (number.isascii() and number.isdigit() and len(number) <= 10):
        raise ReceiptOutsideBook
    row = await operations.void_receipt(
        partner_id=principal.id,
        book_name=known_book(book),
        number=number,
        day=served_day(data.date),
        because=data.reason,
        now=now,
    )
    return VoidView.of(row)


@reads(
    "/v1/partner/receipt-books",
    operation_id="listReceiptBooks",
    summary="Our receipt books",
    scope=scopes.SETTLEMENTS_READ,
)
async def list_books(principal: NamedDependency[Principal]) -> BookList:
    """By series and number, with their holders; empty for a partner that has registered none."""
    view = await _book_view(principal)
    return BookList([view(file) for file in await books.of_issuer(principal.id)])


receipt_book_handlers: Final[list[Any]] = [put_book, hand_out, void_receipt, list_books]
