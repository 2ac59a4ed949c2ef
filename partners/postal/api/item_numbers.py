"""The stock of item numbers a partner gives us."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local_date
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from partners.postal import item_numbers, scopes
from partners.postal.errors import ItemNumberNotFound
from partners.postal.item_numbers import Answer, Stock

MOST_NUMBERS: Final = 500


class NumbersRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """UPU S10 numbers of one's own series; `valid_to` is the last day they may be bound on."""

    numbers: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=1, max_length=40)]],
        msgspec.Meta(min_length=1, max_length=MOST_NUMBERS),
    ]
    valid_to: date


class NumberView(msgspec.Struct):
    """`outcome`: taken, duplicate, not_an_item_number, wrong_check_digit."""

    number: str
    outcome: str

    @classmethod
    def of(cls, answer: Answer) -> "NumberView":
        return cls(answer.number, answer.outcome.value)


class NumbersView(msgspec.Struct):
    results: list[NumberView]


class StockView(msgspec.Struct):
    """When `free` is low or nothing, the feed says so once a day (`item_numbers.low`, `.exhausted`)."""

    free: int
    bound: int
    expired: int

    @classmethod
    def of(cls, stock: Stock) -> "StockView":
        return cls(*stock)


class VisitNumberView(msgspec.Struct):
    number: str


@post(
    "/v1/partner/item-numbers",
    operation_id="giveItemNumbers",
    summary="Item numbers for the visits of our couriers",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.COURIERS_WRITE),
    status_code=200,
)
async def give_numbers(
    data: JSONBody[NumbersRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[NumbersView]:
    """One wrong number does not keep the others out."""
    return await once_required(
        lambda answers: NumbersView([NumberView.of(answer) for answer in answers]),
        item_numbers.give(partner_id=principal.id, numbers=data.numbers, valid_to=data.valid_to, now=now),
    )


@get(
    "/v1/partner/item-numbers",
    operation_id="getItemNumberStock",
    summary="How many item numbers are left",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
)
async def get_stock(principal: NamedDependency[Principal], now: NamedDependency[datetime]) -> StockView:
    """A number is bound to one visit, ever."""
    return StockView.of(await item_numbers.stock(principal.id, today=local_date(now)))


@get(
    "/v1/partner/tasks/{task_id:uuid}/item-number",
    operation_id="getItemNumber",
    summary="The item number of a visit",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
    responses=problems(ItemNumberNotFound),
)
async def get_number(
    task_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]
) -> VisitNumberView:
    """It is in the event that gives the visit to a courier, too."""
    found = await item_numbers.of_visit(principal.id, task_id)
    if found is None:
        raise ItemNumberNotFound
    return VisitNumberView(found)


item_number_handlers: Final[list[Any]] = [give_numbers, get_stock, get_number]
