"""Following a thing by its secret link."""

from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller
from app.http.problems import problems
from app.queue import operations
from app.queue.api.returns import ANSWER_PROBLEMS, BACK_PROBLEMS, ReturnAnswer
from app.queue.views import ReturnView
from app.tracking import queries
from app.tracking.errors import LinkNotFound
from app.tracking.queries import Tracked


class TrackedView(msgspec.Struct, omit_defaults=True):
    """`kind` is ticket, appointment or home_visit; `status` its state.

    A time to come back at was `offered`, `refused` or `agreed` (the holder is away), or the holder is
    `back`; minutes only for who waits here. The `eta` of a courier is known once the round was told. What
    is to be paid for a home visit, state fee and postage; without the first the fee is not known yet.
    """

    kind: str
    reference: str
    status: str
    starts_at: datetime | None = None
    p50_minutes: int | None = None
    p80_minutes: int | None = None
    position: int | None = None
    return_at: datetime | None = None
    return_state: str | None = None
    eta_earliest: datetime | None = None
    eta_latest: datetime | None = None
    owed_state_vnd: int | None = None
    owed_postage_vnd: int | None = None

    @classmethod
    def of(cls, row: Tracked) -> "TrackedView":
        return cls(
            kind=row.kind,
            reference=row.reference,
            status=row.state,
            starts_at=local(row.starts_at) if row.starts_at else None,
            p50_minutes=row.p50_minutes,
            p80_minutes=row.p80_minutes,
            position=row.position,
            return_at=local(row.return_at) if row.return_at else None,
            return_state=row.return_state,
            eta_earliest=local(row.eta_earliest) if row.eta_earliest else None,
            eta_latest=local(row.eta_latest) if row.eta_latest else None,
            owed_state_vnd=row.owed_state_vnd,
            owed_postage_vnd=row.owed_postage_vnd,
        )


@get(
    "/v1/track/{token:str}",
    operation_id="track",
    summary="Follow a ticket, an appointment or a home visit",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(LinkNotFound),
)
async def track(token: FromPath[str], now: NamedDependency[datetime]) -> Response[TrackedView]:
    """Without signing in: the link is the secret."""
    found = await queries.track(token, now=now)
    return Response(TrackedView.of(found), headers={"Cache-Control": "no-store"})


@post(
    "/v1/track/{token:str}/return",
    operation_id="answerReturnByLink",
    summary="Come back at the offered time, or not",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(LinkNotFound, *ANSWER_PROBLEMS),
)
async def answer_return(
    token: FromPath[str],
    data: JSONBody[ReturnAnswer],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ReturnView]:
    """The same answer again changes nothing; 409 `return_gone` carries the next time with room."""
    ticket = await queries.ticket_of(token)
    work = operations.answer_return(
        ticket_id=ticket.id, centre_id=ticket.centre_id, accept=data.accept, now=now
    )
    return await once(ReturnView.of, work)


@post(
    "/v1/track/{token:str}/back",
    operation_id="comeBackByLink",
    summary="I am back in the hall",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(LinkNotFound, *BACK_PROBLEMS),
)
async def come_back(
    token: FromPath[str], now: NamedDependency[datetime], once: NamedDependency[Once]
) -> Response[ReturnView]:
    """May be called from now on. Twice is once."""
    ticket = await queries.ticket_of(token)
    work = operations.come_back(ticket_id=ticket.id, centre_id=ticket.centre_id, now=now)
    return await once(ReturnView.of, work)


tracking_router: Final = Router(path="/", route_handlers=[track, answer_return, come_back])
