"""Sign-in over HTTP: codes, officers, devices, partners, refresh and sign-out."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from app.core.clock import local, machine_time
from app.core.phones import InvalidPhone, to_e164
from app.http.access import open_to
from app.http.body import ShortText
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.http.tokens import LIFETIME
from app.identity import operations
from app.identity.errors import (
    CodeNotAccepted,
    CredentialsNotAccepted,
    EnrolmentNotAccepted,
    PhoneNotAccepted,
    RefreshNotAccepted,
    TooManySignIns,
)
from app.identity.operations.codes import Challenge
from app.identity.operations.partners import ASSERTION_TYPE, OauthError
from app.identity.steps import Session

SESSION_COOKIE: Final = "motcua_session"


class OtpRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Ask for a code. The answer is the same for every phone."""

    phone: Annotated[str, msgspec.Meta(min_length=8, max_length=20, examples=["0912 345 678"])]
    purpose: Annotated[str, msgspec.Meta(pattern="^[a-z_]{1,30}$", examples=["sign_in"])]


class ChallengeView(msgspec.Struct):
    challenge_id: uuid.UUID
    expires_at: datetime
    retry_at: datetime

    @classmethod
    def of(cls, row: Challenge) -> "ChallengeView":
        return cls(
            challenge_id=row.challenge_id,
            expires_at=local(row.expires_at),
            retry_at=local(row.retry_at),
        )


class OtpVerification(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$", examples=["482913"])]


class RefreshRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    refresh_token: Annotated[str, msgspec.Meta(min_length=20, max_length=100)]


class StaffSignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    username: ShortText
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    totp: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")] | None = None


class DeviceSignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    device_id: uuid.UUID
    key: Annotated[str, msgspec.Meta(min_length=20, max_length=100)]


class DeviceEnrolmentRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    code: Annotated[str, msgspec.Meta(min_length=8, max_length=20, examples=["7K3Q-92XM"])]


class EnrolledDeviceView(msgspec.Struct):
    """What a device keeps: the key is shown this once."""

    device_id: uuid.UUID
    key: str
    kind: str
    label: str
    centre_id: uuid.UUID


class TokensView(msgspec.Struct, omit_defaults=True):
    """An access token of ten minutes and, for people, the refresh token that follows it."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the kind of token, not a secret
    refresh_token: str | None = None
    scope: str | None = None


class OauthProblem(msgspec.Struct):
    """RFC 6749 5.2."""

    error: str


def _tokens(request: Request[Any, Any, Any], session: Session) -> TokensView:
    """Stamped with the machine's time: that is what judges it, also on a simulated day."""
    return TokensView(
        access_token=request.app.state.tokens.issue(session.principal, now=machine_time()),
        expires_in=int(LIFETIME.total_seconds()),
        refresh_token=session.refresh_token,
    )


def page_cookie(request: Request[Any, Any, Any], session: Session) -> list[Cookie]:
    """The page session: HttpOnly, same site, secure wherever the public address is."""
    if session.cookie is None:
        return []
    secure = request.app.state.settings.public_url.startswith("https://")
    return [
        Cookie(
            key=SESSION_COOKIE,
            value=session.cookie,
            httponly=True,
            secure=secure,
            samesite="lax",
            path="/",
        )
    ]


def _no_store(view: TokensView, cookies: list[Cookie]) -> Response[TokensView]:
    return Response(view, headers={"Cache-Control": "no-store"}, cookies=cookies, status_code=200)


@post(
    "/v1/auth/otp",
    operation_id="requestCode",
    summary="Ask for a sign-in code by SMS",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=202,
    responses=problems(PhoneNotAccepted),
)
async def request_code(
    request: MotcuaRequest,
    data: JSONBody[OtpRequest],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[ChallengeView]:
    """Send a six-digit code to a phone, unless it got too many; the answer never tells."""
    try:
        phone = to_e164(data.phone)
    except InvalidPhone:
        raise PhoneNotAccepted(
            errors=[{"pointer": "/phone", "code": "invalid_phone", "detail": "not a mobile number"}]
        ) from None
    return await once(
        ChallengeView.of,
        operations.request_code(
            phone=phone,
            purpose=data.purpose,
            locale=language_of(request),
            address=request.client.host if request.client else "",
            per_address=request.app.state.settings.otp_per_address_per_hour,
            now=now,
        ),
        status=202,
    )


@post(
    "/v1/auth/otp/{challenge_id:uuid}/verify",
    operation_id="verifyCode",
    summary="Trade a code for tokens",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(CodeNotAccepted),
)
async def verify_code(
    request: MotcuaRequest,
    challenge_id: FromPath[uuid.UUID],
    data: JSONBody[OtpVerification],
    now: NamedDependency[datetime],
) -> Response[TokensView]:
    """Five attempts per code; a code works once, and only the newest one of a phone works."""
    session = await operations.verify_code(challenge_id=challenge_id, code=data.code, now=now)
    return _no_store(_tokens(request, session), page_cookie(request, session))


@post(
    "/v1/auth/refresh",
    operation_id="refreshTokens",
    summary="Trade a refresh token for a new pair",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(RefreshNotAccepted),
)
async def refresh(
    request: MotcuaRequest, data: JSONBody[RefreshRequest], now: NamedDependency[datetime]
) -> Response[TokensView]:
    """A used token that comes back ends the whole family."""
    session = await operations.refresh(refresh_token=data.refresh_token, now=now)
    return _no_store(_tokens(request, session), [])


@post(
    "/v1/auth/logout",
    operation_id="signOut",
    summary="End this sign-in",
    tags=["sign-in"],
    opt=open_to(
        Caller.CITIZEN,
        Caller.OFFICER,
        Caller.SHIFT_LEAD,
        Caller.CENTRE_LEADER,
        Caller.MONITOR,
        Caller.CALENDAR_EDITOR,
        Caller.DISPATCHER,
        Caller.MESSAGE_EDITOR,
        Caller.DEVICE,
        Caller.PARTNER,
    ),
    status_code=204,
)
async def sign_out(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """Its tokens stop working here at once, elsewhere within thirty seconds."""
    await operations.end_sign_in(sign_in_id=principal.sign_in_id, now=now)
    request.app.state.gatekeeper.forget(principal.sign_in_id)


@post(
    "/v1/auth/staff",
    operation_id="signInOfficer",
    summary="Sign in as an officer",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(CredentialsNotAccepted, TooManySignIns),
)
async def sign_in_officer(
    request: MotcuaRequest, data: JSONBody[StaffSignIn], now: NamedDependency[datetime]
) -> Response[TokensView]:
    """Tokens, and the cookie of the pages."""
    session = await operations.sign_in_officer(
        username=data.username, password=data.password, totp=data.totp, now=now
    )
    return _no_store(_tokens(request, session), page_cookie(request, session))


@post(
    "/v1/auth/device",
    operation_id="signInDevice",
    summary="Sign in as a kiosk or a board",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(CredentialsNotAccepted),
)
async def sign_in_device(
    request: MotcuaRequest, data: JSONBody[DeviceSignIn], now: NamedDependency[datetime]
) -> Response[TokensView]:
    """A device token for the centre the device was enrolled at."""
    session = await operations.sign_in_device(device_id=data.device_id, key=data.key, now=now)
    return _no_store(_tokens(request, session), [])


@post(
    "/v1/auth/device/enrol",
    operation_id="enrolDevice",
    summary="Trade an enrolment code for a device's key",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses=problems(EnrolmentNotAccepted, TooManySignIns),
)
async def enrol_device(
    request: MotcuaRequest, data: JSONBody[DeviceEnrolmentRequest], now: NamedDependency[datetime]
) -> Response[EnrolledDeviceView]:
    """A code works once, for fifteen minutes. The answer holds a secret and is not kept for a repetition:
    a device that lost it is revoked and enrolled anew.
    """
    address = request.client.host if request.client else ""
    enrolled = await operations.enrol_by_code(code=data.code, address=address, now=now)
    return Response(EnrolledDeviceView(*enrolled), headers={"Cache-Control": "no-store"}, status_code=200)


@post(
    "/oauth/token",
    operation_id="getPartnerToken",
    summary="Client credentials of a courier partner",
    tags=["sign-in"],
    opt=open_to(Caller.ANYONE),
    status_code=200,
    responses={
        400: ResponseSpec(OauthProblem, description="RFC 6749 5.2", generate_examples=False),
        401: ResponseSpec(OauthProblem, description="`invalid_client`", generate_examples=False),
    },
)
async def get_partner_token(
    request: MotcuaRequest, now: NamedDependency[datetime]
) -> Response[TokensView] | Response[OauthProblem]:
    """RFC 6749 4.4 with `private_key_jwt` (RFC 7523), or a secret for sandbox clients."""
    try:
        session = await _partner_session(request, now)
    except OauthError as refused:
        status = 401 if refused.error == "invalid_client" else 400
        return Response(
            OauthProblem(error=refused.error),
            status_code=status,
            headers={"Cache-Control": "no-store"},
        )
    view = _tokens(request, session)
    view.scope = " ".join(sorted(session.principal.scopes))
    return _no_store(view, [])


async def _partner_session(request: MotcuaRequest, now: datetime) -> Session:
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise OauthError("invalid_request")
    form = dict(await request.form())
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if any("\x00" in value for value in fields.values()):
        raise OauthError("invalid_request")
    if fields.get("grant_type") != "client_credentials":
        raise OauthError("unsupported_grant_type")
    assertion = fields.get("client_assertion")
    if assertion is not None and fields.get("client_assertion_type") != ASSERTION_TYPE:
        raise OauthError("invalid_request")
    return await operations.sign_in_partner(
        client_id=fields.get("client_id", ""),
        secret=fields.get("client_secret"),
        assertion=assertion,
        scope=fields.get("scope", ""),
        audience=f"{request.app.state.settings.public_url}/oauth/token",
        now=now,
    )


identity_router: Final = Router(
    path="/",
    route_handlers=[
        request_code,
        verify_code,
        refresh,
        sign_out,
        sign_in_officer,
        sign_in_device,
        enrol_device,
        get_partner_token,
    ],
)
