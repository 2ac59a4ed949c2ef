"""Boards for everybody: numbers only, whole states, by asking or by stream."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.centres import queries as centres
from app.centres.errors import CentreNotFound
from app.core.clock import current_time, local_date
from app.core.shared import Shared
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.queue import queries
from app.queue.stream import UNCHANGED, changes
from app.queue.views import BoardView

RETRY_MS: Final = 2000
STREAM: Final = {
    200: ResponseSpec(
        str, media_type="text/event-stream", description="Whole states, each with its revision."
    )
}


async def _shown(centre_id: uuid.UUID, now: datetime) -> str:
    board = BoardView.of(await queries.board(centre_id, now=now))
    return msgspec.json.encode(board).decode()


# Every board of a hall, and everybody's phone, changes at the same moment.
SHOWN: Final = Shared(_shown)


def events(centre_id: uuid.UUID, render: Any) -> ServerSentEvent:
    """A stream of whole states; the first message is the state now (WHATWG server-sent events)."""

    async def messages() -> AsyncIterator[ServerSentEventMessage]:
        async for revision in changes(centre_id):
            if revision == UNCHANGED:
                yield ServerSentEventMessage(comment="still here")
            else:
                yield ServerSentEventMessage(data=await render(), id=str(revision), retry=RETRY_MS)

    return ServerSentEvent(messages(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


@get(
    "/v1/boards/{centre_id:uuid}",
    operation_id="getBoard",
    summary="The hall board of a centre",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(CentreNotFound),
)
async def get_board(
    request: MotcuaRequest, centre_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Response[BoardView]:
    """304 while the revision is the one the caller has."""
    tag = f'"{await queries.revision(centre_id)}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(content=None, status_code=304, headers=headers)  # type: ignore[arg-type]  # a 304 has no content
    return Response(BoardView.of(await queries.board(centre_id, now=now)), headers=headers)


@get(
    "/v1/boards/{centre_id:uuid}/stream",
    operation_id="streamBoard",
    summary="The hall board as it changes",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=STREAM | problems(CentreNotFound),
)
async def stream_board(centre_id: FromPath[uuid.UUID], now: NamedDependency[datetime]) -> ServerSentEvent:
    """Unnamed messages; `data` is the board as JSON."""
    await centres.get_centre(centre_id, on=local_date(now))

    async def render() -> str:
        return await SHOWN(centre_id, now=current_time())

    return events(centre_id, render)


board_handlers: Final[list[Any]] = [get_board, stream_board]
