"""All pages, their static files, and the reference of the API."""

from pathlib import Path
from typing import Any, Final, cast

from litestar import Response, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from app.core.errors import Refusal
from app.http.access import open_to
from app.http.principals import Audience, Caller
from app.http.requests import MotcuaRequest
from app.pages.alarms import alarm_handlers
from app.pages.appointment import appointment_handlers
from app.pages.board import board_handlers
from app.pages.booking import booking_handlers
from app.pages.choices import choices_handlers
from app.pages.console import console_handlers
from app.pages.responses import on_refusal, page
from app.pages.rounds import rounds_handlers
from app.pages.survey import survey_handlers
from app.pages.tracking import tracking_handlers
from app.pages.wordings import wordings_handlers

STATIC: Final = Path(__file__).parent / "static"


@get("/docs", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def docs(request: MotcuaRequest) -> Response[str]:
    """The API reference from our own files: no other host is asked."""
    context = {
        "contract_url": "/openapi.json",
        "contracts": [
            {"name": audience.value, "url": f"/openapi/{audience.value}.json"} for audience in Audience
        ],
    }
    return page(request, "docs.html", context)


pages_router: Final = Router(
    path="/",
    route_handlers=[
        docs,
        *booking_handlers,
        *appointment_handlers,
        *console_handlers,
        *alarm_handlers,
        *board_handlers,
        *rounds_handlers,
        *survey_handlers,
        *choices_handlers,
        *tracking_handlers,
        *wordings_handlers,
        create_static_files_router(
            path="/static",
            directories=[STATIC],
            opt=open_to(Caller.ANYONE),
            include_in_schema=False,
            # Every address carries the content's hash.
            cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
        ),
    ],
    exception_handlers=cast("Any", {Refusal: on_refusal}),
)
