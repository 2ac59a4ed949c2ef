"""Kiosks and boards: they act at the centre they were enrolled at."""

import uuid
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.appointments.errors import AppointmentNotFound, OutsideCheckInWindow
from app.centres import queries as centres
from app.core.clock import local, local_date
from app.core.references import InvalidReference, parse_reference
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.procedures import queries as procedures
from app.queue import operations
from app.queue.api.requests import (
    BlockRequest,
    CheckInRequest,
    HeartbeatRequest,
    KioskTicketRequest,
)
from app.queue.errors import (
    CentreClosed,
    IssuedAtNotPossible,
    NotServedHere,
    NumberNotOfThisDevice,
    SeriesFull,
    UnknownPriorityGroup,
    UnknownSeries,
)
from app.queue.operations.blocks import Block
from app.queue.views import IssuedTicketView


class KioskProcedure(msgspec.Struct):
    """What can be asked for, and of which series its numbers are."""

    code: str
    p50_minutes: float
    series: list[str]


class PriorityGroupView(msgspec.Struct):
    code: str
    name_vi: str
    name_en: str


class DeviceConfig(msgspec.Struct):
    """What a kiosk or a board needs to show."""

    centre_id: str
    name_vi: str
    name_en: str
    procedures: list[KioskProcedure]
    priority_groups: list[PriorityGroupView]
    idle_wipe_s: int


class BlockView(msgspec.Struct):
    """Numbers that are this device's for the day, in the order in which to give them."""

    id: uuid.UUID
    series: str
    numbers: list[str]
    given_at: datetime

    @classmethod
    def of(cls, block: Block) -> "BlockView":
        return cls(block.id, block.series, block.numbers, local(block.given_at))


class Heard(msgspec.Struct):
    heard: bool


IDLE_WIPE_S: Final = 60


def reference_of(raw: str) -> str:
    """A reference as somebody typed it; a slip names no appointment."""
    try:
        return parse_reference(raw)
    except InvalidReference:
        raise AppointmentNotFound from None


@post(
    "/v1/device/tickets",
    operation_id="issueTicketAtKiosk",
    summary="A number for a walk-in",
    tags=["device"],
    opt=open_to(Caller.DEVICE),
    responses=problems(
        CentreClosed,
        NotServedHere,
        SeriesFull,
        UnknownPriorityGroup,
        NumberNotOfThisDevice,
        IssuedAtNotPossible,
    ),
)
async def issue_at_kiosk(
    request: MotcuaRequest,
    data: JSONBody[KioskTicketRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[IssuedTicketView]:
    """One number per key: a kiosk that asks again prints the same.

    With `number` and `issued_at` it is one the kiosk gave from its own block while it was cut off; the
    same number again, also with another key, is the same ticket.
    """
    printed = data.printed()
    person: dict[str, Any] = {
        "centre_id": principal.centre,
        "procedure_codes": data.procedures,
        "priority_group": data.priority_group,
        "contact_phone": data.contact(),
        "locale": language_of(request),
        "now": now,
    }
    work = (
        operations.issue_walk_in(**person, only_when_open=True)
        if printed is None
        else operations.issue_printed(**person, device_id=principal.id, printed=printed)
    )
    return await once_required(IssuedTicketView.of, work, status=201)


@post(
    "/v1/device/ticket-blocks",
    operation_id="takeTicketBlock",
    summary="Numbers to give today without asking",
    tags=["device"],
    opt=open_to(Caller.DEVICE),
    responses=problems(UnknownSeries, SeriesFull),
)
async def take_block(
    data: JSONBody[BlockRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[BlockView]:
    """Twenty, counted against the day's cap, never given back; the same block until it is nearly used."""
    return await once(
        BlockView.of,
        operations.give_block(
            device_id=principal.id, centre_id=principal.centre, series=data.series, now=now
        ),
        status=201,
    )


@post(
    "/v1/device/check-ins",
    operation_id="checkInAtKiosk",
    summary="Check in with a reference",
    tags=["device"],
    opt=open_to(Caller.DEVICE),
    responses=problems(AppointmentNotFound, OutsideCheckInWindow),
)
async def check_in_at_kiosk(
    data: JSONBody[CheckInRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[IssuedTicketView]:
    """Twice gives the same number."""
    return await once(
        IssuedTicketView.of,
        operations.check_in(
            reference=reference_of(data.reference), centre_id=principal.centre, late_too=True, now=now
        ),
        status=201,
    )


@get(
    "/v1/device/config",
    operation_id="getDeviceConfig",
    summary="What this device shows",
    tags=["device"],
    opt=open_to(Caller.DEVICE),
)
async def get_config(principal: NamedDependency[Principal], now: NamedDependency[datetime]) -> DeviceConfig:
    """Of the centre it was enrolled at."""
    today = local_date(now)
    centre = await centres.get_centre(principal.centre, on=today)
    offered = await procedures.offered_by(principal.centre, on=today)
    series: dict[str, set[str]] = {}
    for pool in await centres.pools_of(principal.centre, "counter"):
        for code in await procedures.codes_of_pool(pool.id):
            series.setdefault(code, set()).add(pool.series)
    return DeviceConfig(
        centre_id=str(centre.id),
        name_vi=centre.name_vi,
        name_en=centre.name_en,
        procedures=[
            KioskProcedure(code, offer.p50_minutes, sorted(series.get(code, ())))
            for code, offer in offered.items()
        ],
        priority_groups=[
            PriorityGroupView(group.code, group.name_vi, group.name_en)
            for group in await centres.priority_groups()
        ],
        idle_wipe_s=IDLE_WIPE_S,
    )


@post(
    "/v1/device/heartbeat",
    operation_id="sendHeartbeat",
    summary="The device lives",
    tags=["device"],
    opt=open_to(Caller.DEVICE),
    status_code=200,
)
async def heartbeat(
    data: JSONBody[HeartbeatRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Heard:
    """A console shows devices that have been silent."""
    await operations.note_heartbeat(
        device_id=principal.id, centre_id=principal.centre, status=data.status, now=now
    )
    return Heard(heard=True)


device_handlers: Final[list[Any]] = [
    issue_at_kiosk,
    take_block,
    check_in_at_kiosk,
    get_config,
    heartbeat,
]
