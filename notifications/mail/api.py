"""Reports of letters that did not arrive, as a mail server hands them on. Only a return path we made opens
this door.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from app.http.access import open_to
from app.http.principals import Caller
from app.http.requests import MotcuaRequest
from notifications.mail.bounces import read_report
from notifications.mail.returned import note_report

Recipient = Annotated[str, msgspec.Meta(max_length=320, examples=["bounces+0192…@ninhbinh.example"])]


@post(
    "/v1/callbacks/email/reports",
    operation_id="receiveEmailReport",
    summary="A letter that came back",
    tags=["provider"],
    opt=open_to(Caller.PROVIDER),
    status_code=204,
)
async def receive_report(
    request: MotcuaRequest, recipient: FromQuery[Recipient], now: NamedDependency[datetime]
) -> None:
    """The whole letter (`message/rfc822`) as it came to `recipient`: a delivery report (RFC 3464) about a
    message of ours is adopted, anything else is heard and forgotten.
    """
    bounce = read_report(recipient, await request.body())
    if bounce is not None:
        await note_report(bounce, now=now)


mail_router: Final = Router(path="/", route_handlers=[receive_report])
