"""The five lists of a centre's queue, for those who work there: by asking or by stream."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent

from app.centres.errors import CentreNotFound
from app.core.clock import current_time
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.queue import queries
from app.queue.api.boards import STREAM, events
from app.queue.views import QueueView

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
Centre = Annotated[
    uuid.UUID | None, QueryParameter(description="The officer's own centre; another is not found.")
]


def _own(centre: uuid.UUID | None, principal: Principal) -> uuid.UUID:
    if centre not in {None, principal.centre}:
        raise CentreNotFound
    return principal.centre


@get(
    "/v1/staff/queue",
    operation_id="getQueue",
    summary="The five lists",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(CentreNotFound),
)
async def get_queue(
    principal: NamedDependency[Principal], now: NamedDependency[datetime], centre: Centre = None
) -> QueueView:
    """Each in its order, with the reason for it. The centre is the token's."""
    return QueueView.of(await queries.lists(_own(centre, principal), now=now))


@get(
    "/v1/staff/queue/stream",
    operation_id="streamQueue",
    summary="The five lists as they change",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=STREAM | problems(CentreNotFound),
)
async def stream_queue(principal: NamedDependency[Principal], centre: Centre = None) -> ServerSentEvent:
    """Unnamed messages; `data` is the lists as JSON."""
    own = _own(centre, principal)

    async def render() -> str:
        return msgspec.json.encode(QueueView.of(await queries.lists(own, now=current_time()))).decode()

    return events(own, render)


list_handlers: Final[list[Any]] = [get_queue, stream_queue]
