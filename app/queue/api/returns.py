"""Going away and coming back at an agreed time: the answer to the offer, and being here again."""

import uuid
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.queue import operations
from app.queue.errors import (
    NoReturnAgreed,
    NoReturnOffer,
    ReturnAnswered,
    ReturnGone,
    TicketNotFound,
    TicketState,
)
from app.queue.views import ReturnView

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
ANSWER_PROBLEMS: Final = (NoReturnOffer, ReturnAnswered, ReturnGone, TicketState)
BACK_PROBLEMS: Final = (NoReturnAgreed, TicketState)


class ReturnAnswer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Whether the holder goes away and comes back at the offered time."""

    accept: bool


def _answer_route(audience: str, callers: tuple[Caller, ...]) -> HTTPRouteHandler:
    """Officers and kiosks differ in who they are and what they are shown."""

    @post(
        f"/v1/{audience}/tickets/{{ticket_id:uuid}}/return",
        operation_id=f"{audience}_answer_return",
        summary="Come back at the offered time, or not",
        tags=[audience],
        opt=open_to(*callers),
        status_code=200,
        responses=problems(TicketNotFound, *ANSWER_PROBLEMS),
    )
    async def answer_return(
        ticket_id: FromPath[uuid.UUID],
        data: JSONBody[ReturnAnswer],
        principal: NamedDependency[Principal],
        now: NamedDependency[datetime],
        once: NamedDependency[Once],
    ) -> Response[ReturnView]:
        """The same answer again changes nothing; 409 `return_gone` carries the next time with room."""
        return await once(
            ReturnView.of,
            operations.answer_return(
                ticket_id=ticket_id, centre_id=principal.centre, accept=data.accept, now=now
            ),
        )

    return answer_return


def _back_route(audience: str, callers: tuple[Caller, ...]) -> HTTPRouteHandler:
    @post(
        f"/v1/{audience}/tickets/{{ticket_id:uuid}}/back",
        operation_id=f"{audience}_come_back",
        summary="The holder is back in the hall",
        tags=[audience],
        opt=open_to(*callers),
        status_code=200,
        responses=problems(TicketNotFound, *BACK_PROBLEMS),
    )
    async def come_back(
        ticket_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        now: NamedDependency[datetime],
        once: NamedDependency[Once],
    ) -> Response[ReturnView]:
        """May be called from now on. Twice is once."""
        return await once(
            ReturnView.of, operations.come_back(ticket_id=ticket_id, centre_id=principal.centre, now=now)
        )

    return come_back


return_handlers: Final[list[Any]] = [
    route(audience, callers)
    for route in (_answer_route, _back_route)
    for audience, callers in (("staff", OFFICERS), ("device", (Caller.DEVICE,)))
]
