"""Callbacks of the gateway: a GET to the address we gave for one message, and only that opens the door."""

import hmac
import uuid
from datetime import datetime
from typing import Final

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.core.errors import Forbidden, Words
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from notifications.brandname import codes
from notifications.brandname.channel import CALLBACK_PATH, mac
from notifications.receipts import note_receipt


class CallbackAddressNotOurs(Forbidden):
    code = "callback_address"
    detail = Words("Địa chỉ báo trạng thái không hợp lệ.", "This is no callback address of ours.")


@get(
    f"{CALLBACK_PATH}/{{message_id:uuid}}/{{proof:str}}",
    operation_id="receiveBrandnameStatus",
    summary="What became of a message",
    tags=["provider"],
    opt=open_to(Caller.PROVIDER),
    status_code=204,
    responses=problems(CallbackAddressNotOurs),
)
async def receive_status(
    request: MotcuaRequest,
    message_id: FromPath[uuid.UUID],
    proof: FromPath[str],
    now: NamedDependency[datetime],
) -> Response[None]:
    """A status nobody documented is heard and forgotten."""
    if not hmac.compare_digest(proof.encode(), mac(message_id).encode()):
        raise CallbackAddressNotOurs
    told = request.query_params
    status = codes.receipt(
        told.get("SendStatus", ""), succeeded=told.get("SendSuccess", ""), failed=told.get("SendFailed", "")
    )
    if status is not None:
        await note_receipt(
            message_id=message_id,
            provider_id="",
            status=status,
            error_code="" if status != "undelivered" else f"status_{told.get('SendStatus', '')}"[:20],
            now=now,
        )
    return Response(None, status_code=204)


brandname_router: Final = Router(path="/", route_handlers=[receive_status])
