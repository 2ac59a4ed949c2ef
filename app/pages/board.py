"""The hall board: everybody's page, numbers only."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent, ServerSentEventMessage

from app.core.clock import current_time
from app.core.shared import Shared
from app.http.access import open_to
from app.http.principals import Caller
from app.http.requests import MotcuaRequest, language_of
from app.pages.assets import voice_clips
from app.pages.responses import page
from app.pages.templates import render
from app.queue import queries
from app.queue.queries import Board, TicketRow
from app.queue.rules import TicketClass
from app.queue.states import State
from app.queue.stream import UNCHANGED, changes

RETRY_MS: Final = 2000


def board_context(board: Board, language: str) -> dict[str, Any]:
    """The board as its template reads it."""

    def call(row: TicketRow) -> dict[str, Any]:
        counter = board.counter_of(row)
        label = (counter.label_en if language == "en" else counter.label_vi) if counter else ""
        return {
            "number": row.number,
            "counter": label,
            "state": row.state,
            "calls": row.calls,
            "priority": row.ticket_class == TicketClass.PRIORITY,
            "called_at": row.last_called_at or row.issued_at,
            "voice": board.voice_of(row) if row.state == State.CALLED else (),
        }

    at_counters = [row for row in board.recently_called if row.state == State.SERVING]
    before = [row for row in board.recently_called if row.state != State.SERVING]
    return {
        "centre_name": board.name_en if language == "en" else board.name_vi,
        "revision": board.revision,
        "as_of": board.as_of,
        "called": [call(row) for row in [*board.now_called, *at_counters]],
        "recent": [call(row) for row in before],
        "pools": [
            {
                "name": pool.name_en if language == "en" else pool.name_vi,
                "waiting": pool.waiting,
                "p50_minutes": pool.forecast.p50_minutes if pool.open_counters else None,
                "p80_minutes": pool.forecast.p80_minutes if pool.open_counters else None,
            }
            for pool in board.pools
        ],
        "waiting": board.waiting,
    }


@get("/board/{centre_id:uuid}", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_board(
    request: MotcuaRequest, centre_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Response[str]:
    """The board as it is now; a script keeps it so, without one it reloads itself."""
    board = await queries.board(centre_id, now=now)
    context = {
        "now": now,
        "stream_url": f"/board/{centre_id}/stream",
        "snapshot_url": f"/board/{centre_id}/now",
        "clips": voice_clips(),
        "board": board_context(board, language_of(request)),
    }
    return page(request, "board/index.html", context)


@get("/board/{centre_id:uuid}/now", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_now(
    request: MotcuaRequest, centre_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> Response[str]:
    """The fragment; 304 while the revision is the one the page has."""
    tag = f'"{await queries.revision(centre_id)}-{language_of(request)}"'
    if request.headers.get("if-none-match") == tag:
        return Response("", status_code=304, headers={"ETag": tag})
    board = board_context(await queries.board(centre_id, now=now), language_of(request))
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return page(request, "board/_now.html", {"board": board}, headers=headers)


async def _shown(asked: tuple[uuid.UUID, str], now: datetime) -> str:
    centre_id, language = asked
    board = board_context(await queries.board(centre_id, now=now), language)
    return render("board/_now.html", language=language, context={"board": board})


# Every page that watches a hall changes at the same moment.
SHOWN: Final = Shared(_shown)


@get("/board/{centre_id:uuid}/stream", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def stream_board(
    request: MotcuaRequest, centre_id: FromPath[uuid.UUID], now: NamedDependency[datetime]
) -> ServerSentEvent:
    """Whole fragments with their revision, and a ping while nothing happens."""
    language = language_of(request)
    await queries.board(centre_id, now=now)

    async def fragment() -> str:
        return await SHOWN((centre_id, language), now=current_time())

    return fragments(centre_id, "board", fragment)


def fragments(centre_id: uuid.UUID, name: str, fragment: Any) -> ServerSentEvent:
    """A stream of one named event, and pings in the silence."""

    async def messages() -> AsyncIterator[ServerSentEventMessage]:
        async for revision in changes(centre_id):
            if revision == UNCHANGED:
                yield ServerSentEventMessage(event="ping", data="")
            else:
                yield ServerSentEventMessage(
                    event=name, data=await fragment(), id=str(revision), retry=RETRY_MS
                )

    return ServerSentEvent(messages(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


board_handlers: Final[list[Any]] = [show_board, show_now, stream_board]
