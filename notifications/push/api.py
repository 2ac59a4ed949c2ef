"""The app says that a notice reached it."""

import uuid
from datetime import datetime
from typing import Final

from litestar import Router, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.citizens import preferences
from app.core.database import fetch_value
from app.core.errors import NotFound, Words
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from notifications.receipts import note_receipt


class NoticeNotFound(NotFound):
    code = "notice_not_found"
    detail = Words("Không có thông báo này.", "There is no such notice.")


@put(
    "/v1/me/notices/{message_id:uuid}/received",
    operation_id="noteNoticeReceived",
    summary="A notice reached my app",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=204,
    responses=problems(NoticeNotFound),
)
async def note_received(
    message_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """As often as the app likes: no SMS follows a notice that was received within half a minute."""
    account = await preferences.account(principal.id)
    theirs = account.phone is not None and await fetch_value(
        "SELECT true FROM message WHERE id = $1 AND channel = 'push' AND phone = $2",
        message_id,
        account.phone,
    )
    if not theirs:
        raise NoticeNotFound
    await note_receipt(message_id=message_id, provider_id="", status="delivered", error_code="", now=now)


push_router: Final = Router(path="/", route_handlers=[note_received])
