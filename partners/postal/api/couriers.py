"""Couriers and their shifts, as the partner keeps them."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.core.phones import InvalidPhone, to_e164
from app.core.text import InvalidText, clean_name
from app.home_service import operations
from app.http.access import open_to
from app.http.body import InvalidValue, Moment, ShortText
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.versions import etag
from app.identity.errors import PhoneNotAccepted
from app.rounds.errors import CourierNotFound, ShiftNotValid, SkillOutsideContract
from app.rounds.queries import CourierRow, ShiftRow
from partners.postal import scopes

ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Skill = Annotated[str, msgspec.Meta(pattern=r"^(\*|collection|delivery|[0-9A-Z.]{3,40})$")]


class CourierRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`skills` are tasks (`collection`, `delivery`) and procedure codes of the contract, or `*`."""

    given_name: ShortText
    phone: Annotated[str, msgspec.Meta(min_length=8, max_length=20)]
    skills: Annotated[list[Skill], msgspec.Meta(max_length=300)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    active: bool = True


class CourierView(msgspec.Struct):
    external_id: str
    given_name: str
    skills: list[str]
    active: bool
    version: int

    @classmethod
    def of(cls, row: CourierRow) -> "CourierView":
        return cls(row.external_id, row.given_name, list(row.skills), row.active, row.version)


class ShiftRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    starts_at: Moment
    ends_at: Moment
    capacity: Annotated[int, msgspec.Meta(ge=1, le=200)]


class ShiftView(msgspec.Struct):
    date: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    version: int

    @classmethod
    def of(cls, row: ShiftRow) -> "ShiftView":
        return cls(row.date, local(row.starts_at), local(row.ends_at), row.capacity, row.version)


def known_id(external_id: str) -> str:
    """A partner's own id: printable, short, or it names no courier."""
    if len(external_id) > 40 or not external_id.isprintable():
        raise CourierNotFound
    return external_id


@put(
    "/v1/partner/couriers/{external_id:str}",
    operation_id="putCourier",
    summary="A courier of ours",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.COURIERS_WRITE),
    responses=problems(PhoneNotAccepted, SkillOutsideContract),
)
async def put_courier(
    external_id: FromPath[str],
    data: JSONBody[CourierRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[CourierView]:
    """Made or brought up to date."""
    try:
        name, phone = clean_name(data.given_name), to_e164(data.phone)
    except InvalidPhone:
        raise PhoneNotAccepted from None
    except InvalidText as reason:
        raise InvalidValue(
            errors=[{"pointer": "/given_name", "code": reason.code, "detail": "not a name"}]
        ) from None
    row = await operations.put_courier(
        partner_id=principal.id,
        external_id=known_id(external_id),
        given_name=name,
        phone=phone,
        skills=data.skills,
        lat=data.lat,
        lon=data.lon,
        active=data.active,
        now=now,
    )
    return Response(CourierView.of(row), headers={"ETag": etag(row.version)})


@put(
    "/v1/partner/couriers/{external_id:str}/shifts/{day:date}",
    operation_id="putShift",
    summary="A courier's working time on a day",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.COURIERS_WRITE),
    responses=problems(CourierNotFound, ShiftNotValid),
)
async def put_shift(
    external_id: FromPath[str],
    day: FromPath[date],
    data: JSONBody[ShiftRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[ShiftView]:
    """Visits promised before stay promised."""
    row = await operations.put_shift(
        partner_id=principal.id,
        external_id=known_id(external_id),
        day=day,
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        capacity=data.capacity,
        now=now,
    )
    return Response(ShiftView.of(row), headers={"ETag": etag(row.version)})


courier_handlers: Final[list[Any]] = [put_courier, put_shift]
