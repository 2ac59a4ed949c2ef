"""The centre's kiosks and boards: a leader lets them in and ends them, every officer sees them."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.core.text import InvalidText, clean_text
from app.http.access import open_to
from app.http.body import InvalidValue
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.identity import operations as identity
from app.identity.errors import DeviceNotFound
from app.identity.operations.devices import Enrolment
from app.queue import devices
from app.queue.devices import HallDevice

LABEL_LENGTH: Final = 60


class DeviceKind(StrEnum):
    KIOSK = "kiosk"
    BOARD = "board"


class InvitationRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A device that is to come: what it is, and what the centre calls it."""

    kind: DeviceKind
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=LABEL_LENGTH, examples=["Sảnh tầng 1"])]

    def cleaned(self) -> str:
        try:
            return clean_text(self.label, max_length=LABEL_LENGTH)
        except InvalidText as fault:
            raise InvalidValue(
                errors=[{"pointer": "/label", "code": fault.code, "detail": fault.code}]
            ) from None


class InvitationView(msgspec.Struct):
    """The code is shown this once; the device sends it to `/v1/auth/device/enrol`."""

    id: uuid.UUID
    kind: str
    label: str
    code: str
    expires_at: datetime

    @classmethod
    def of(cls, row: Enrolment) -> "InvitationView":
        return cls(row.device_id, row.kind, row.label, row.code, local(row.expires_at))


class DeviceView(msgspec.Struct):
    """`silent`: nothing was heard of it for more than ninety seconds."""

    id: uuid.UUID
    kind: str
    label: str
    enrolled_at: datetime
    last_heartbeat_at: datetime | None
    status: str | None
    silent: bool
    revoked: bool

    @classmethod
    def of(cls, row: HallDevice) -> "DeviceView":
        return cls(
            id=row.id,
            kind=row.kind,
            label=row.label,
            enrolled_at=local(row.enrolled_at),
            last_heartbeat_at=local(row.last_heard_at) if row.last_heard_at else None,
            status=row.status,
            silent=row.silent,
            revoked=row.revoked,
        )


class DeviceList(msgspec.Struct):
    items: list[DeviceView]
    next_cursor: str | None = None


class Revoked(msgspec.Struct):
    revoked: bool


@post(
    "/v1/staff/devices",
    operation_id="inviteDevice",
    summary="A one-time code by which a kiosk or a board is enrolled",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
)
async def invite_device(
    data: JSONBody[InvitationRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[InvitationView]:
    """For fifteen minutes. The answer holds a secret and is not kept: asking again makes another code."""
    invited = await identity.invite_device(
        kind=data.kind.value,
        label=data.cleaned(),
        centre_id=principal.centre,
        officer_id=principal.id,
        now=now,
    )
    return Response(InvitationView.of(invited), status_code=201, headers={"Cache-Control": "no-store"})


@get(
    "/v1/staff/devices",
    operation_id="listDevices",
    summary="The centre's kiosks and boards, and which are silent",
    tags=["staff"],
    opt=open_to(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER),
)
async def list_devices(principal: NamedDependency[Principal], now: NamedDependency[datetime]) -> DeviceList:
    """Those in use first."""
    found = await devices.devices(principal.centre, now=now)
    return DeviceList([DeviceView.of(row) for row in found])


@post(
    "/v1/staff/devices/{device_id:uuid}/revoke",
    operation_id="revokeDevice",
    summary="End a device and its sign-ins",
    tags=["staff"],
    opt=open_to(Caller.CENTRE_LEADER),
    responses=problems(DeviceNotFound),
    status_code=200,
)
async def revoke_device(
    request: MotcuaRequest,
    device_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[Revoked]:
    """Its tokens stop working here at once, elsewhere within thirty seconds. Twice is once."""

    def forget(ended: list[uuid.UUID]) -> Revoked:
        # After the commit, and with a key before it as well: what is forgotten is looked up anew.
        for sign_in_id in ended:
            request.app.state.gatekeeper.forget(sign_in_id)
        return Revoked(revoked=True)

    return await once(
        forget,
        identity.revoke_device(device_id=device_id, centre_id=principal.centre, now=now),
    )


hall_device_handlers: Final[list[Any]] = [invite_device, list_devices, revoke_device]
