"""Where a person is told beside their phone, over HTTP: an e-mail address, devices with the app."""

import uuid
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.citizens import devices, emails
from app.citizens.devices import PushDevice
from app.citizens.emails import Challenge, Email
from app.citizens.errors import (
    CodeOfEmailNotAccepted,
    DeviceOfPersonNotFound,
    EmailNotValid,
    TooManyEmails,
)
from app.core.clock import local
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems

NO_STORE: Final = {"Cache-Control": "no-store"}
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=254, examples=["lan@example.vn"])]
# A push service's token is printable and has no spaces.
Token = Annotated[
    str,
    msgspec.Meta(pattern="^[!-~]+$", min_length=16, max_length=4096, examples=["dG9rZW4tb2YtYS1kZXZpY2U"]),
]


class EmailView(msgspec.Struct):
    """`undeliverable_at`: since when letters come back; confirming it again makes it work again."""

    address: str
    confirmed_at: datetime
    undeliverable_at: datetime | None

    @classmethod
    def of(cls, row: Email) -> "EmailView":
        since = row.undeliverable_at
        return cls(row.address, local(row.confirmed_at), local(since) if since else None)


class DeviceView(msgspec.Struct):
    id: uuid.UUID
    platform: str
    registered_at: datetime
    seen_at: datetime

    @classmethod
    def of(cls, row: PushDevice) -> "DeviceView":
        return cls(row.id, row.platform, local(row.registered_at), local(row.seen_at))


class AddressesView(msgspec.Struct):
    """Beside the phone of the account: one e-mail address, devices seen in the last 60 days."""

    email: EmailView | None
    devices: list[DeviceView]


class EmailChallengeView(msgspec.Struct):
    """The code is in the letter."""

    address: str
    expires_at: datetime

    @classmethod
    def of(cls, row: Challenge) -> "EmailChallengeView":
        return cls(row.address, local(row.expires_at))


class EmailRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    address: Address


class EmailConfirmation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", max_length=6, examples=["482913"])]


class DeviceRegistration(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    platform: Literal["android", "ios", "web"]
    token: Token


@get(
    "/v1/me/addresses",
    operation_id="getMyAddresses",
    summary="Where I am told beside my phone",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
)
async def get_my_addresses(principal: NamedDependency[Principal]) -> Response[AddressesView]:
    email = await emails.of_citizen(principal.id)
    view = AddressesView(
        EmailView.of(email) if email else None,
        [DeviceView.of(each) for each in await devices.of_citizen(principal.id)],
    )
    return Response(view, headers=NO_STORE)


@put(
    "/v1/me/email",
    operation_id="nameMyEmail",
    summary="Name an e-mail address",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=202,
    responses=problems(EmailNotValid, TooManyEmails),
)
async def name_my_email(
    data: JSONBody[EmailRequest], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[EmailChallengeView]:
    """A code goes there; until it comes back the address of before stays in use."""
    made = await emails.name(citizen_id=principal.id, address=data.address, now=now)
    return Response(EmailChallengeView.of(made), status_code=202, headers=NO_STORE)


@post(
    "/v1/me/email/confirmation",
    operation_id="confirmMyEmail",
    summary="Confirm the e-mail address with its code",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=200,
    responses=problems(CodeOfEmailNotAccepted),
)
async def confirm_my_email(
    data: JSONBody[EmailConfirmation],
    principal: NamedDependency[Principal],
    once: NamedDependency[Once],
    now: NamedDependency[datetime],
) -> Response[EmailView]:
    """Five tries a code, thirty minutes."""
    return await once.alone(
        EmailView.of, lambda: emails.confirm(citizen_id=principal.id, code=data.code, now=now)
    )


@delete(
    "/v1/me/email",
    operation_id="giveUpMyEmail",
    summary="No e-mail any more",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=204,
)
async def give_up_my_email(principal: NamedDependency[Principal], now: NamedDependency[datetime]) -> None:
    await emails.give_up(citizen_id=principal.id, now=now)


@post(
    "/v1/me/devices",
    operation_id="registerMyDevice",
    summary="Be told on this device",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=201,
)
async def register_my_device(
    data: JSONBody[DeviceRegistration],
    principal: NamedDependency[Principal],
    once_required: NamedDependency[Once],
    now: NamedDependency[datetime],
) -> Response[DeviceView]:
    """The app gives its push service's token whenever it starts; a token seen again is the same device."""
    # To the decoder `$` also stands before a last line break.
    registering = devices.register(
        citizen_id=principal.id, platform=data.platform, token=data.token.strip(), now=now
    )
    return await once_required(DeviceView.of, registering, status=201)


@delete(
    "/v1/me/devices/{device_id:uuid}",
    operation_id="removeMyDevice",
    summary="Be told on a device no longer",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    status_code=204,
    responses=problems(DeviceOfPersonNotFound),
)
async def remove_my_device(
    device_id: FromPath[uuid.UUID], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> None:
    await devices.remove(citizen_id=principal.id, device_id=device_id, now=now)


addresses_router: Final = Router(
    path="/",
    route_handlers=[
        get_my_addresses,
        name_my_email,
        confirm_my_email,
        give_up_my_email,
        register_my_device,
        remove_my_device,
    ],
)
