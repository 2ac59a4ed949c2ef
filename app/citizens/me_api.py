"""A person's own account over HTTP."""

import uuid
from datetime import datetime, time
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, Router, get, patch
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from app.citizens import preferences
from app.citizens.errors import AccountNotFound, QuietHoursNotValid
from app.citizens.preferences import Account
from app.citizens.rules import Channel, QuietHours
from app.core.clock import local
from app.core.errors import PreconditionFailed
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import PreconditionRequired, problems
from app.http.versions import etag

# The length is told too: to the decoder `$` also stands before a last line break.
ClockTime = Annotated[
    str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, examples=["22:00"])
]


class QuietHoursDocument(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Wall-clock times of Asia/Ho_Chi_Minh, over midnight where the end is earlier; at most 16 hours."""

    starts: ClockTime
    ends: ClockTime

    def hours(self) -> QuietHours:
        return QuietHours(time.fromisoformat(self.starts), time.fromisoformat(self.ends))


class AccountView(msgspec.Struct):
    """`language` null: that of each request; `quiet_hours` null: 21:30 to 06:30.

    `channel` is the way tried first; where it fails or leads nowhere the others follow. `none` leaves codes
    and what cannot wait. `surveys`: whether we ask how it was.
    """

    id: uuid.UUID
    phone: str | None
    language: str | None
    channel: str
    quiet_hours: QuietHoursDocument | None
    surveys: bool
    created_at: datetime

    @classmethod
    def of(cls, row: Account) -> "AccountView":
        chosen, quiet = row.preferences, row.preferences.quiet
        return cls(
            id=row.id,
            phone=row.phone,
            language=chosen.language,
            channel=chosen.channel.value,
            quiet_hours=QuietHoursDocument(starts=f"{quiet.starts:%H:%M}", ends=f"{quiet.ends:%H:%M}")
            if quiet
            else None,
            surveys=chosen.surveys,
            created_at=local(row.created_at),
        )


class AccountChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is not named stays; null goes back to where nothing was chosen."""

    language: Literal["vi", "en"] | UnsetType | None = UNSET
    channel: Literal["sms", "zalo", "push", "email", "none"] | UnsetType = UNSET
    quiet_hours: QuietHoursDocument | UnsetType | None = UNSET
    surveys: bool | UnsetType = UNSET

    def named(self) -> dict[str, Any]:
        """As fields of `Preferences`."""
        found: dict[str, Any] = {}
        if self.language is not UNSET:
            found["language"] = self.language
        if self.channel is not UNSET:
            found["channel"] = Channel(self.channel)
        if self.quiet_hours is not UNSET:
            found["quiet"] = self.quiet_hours.hours() if self.quiet_hours else None
        if self.surveys is not UNSET:
            found["surveys"] = self.surveys
        return found


def _answer(row: Account) -> Response[AccountView]:
    headers = {"ETag": etag(row.version), "Cache-Control": "no-store"}
    return Response(AccountView.of(row), status_code=200, headers=headers)


@get(
    "/v1/me",
    operation_id="getMe",
    summary="My account",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(AccountNotFound),
)
async def get_me(principal: NamedDependency[Principal]) -> Response[AccountView]:
    """The phone it is reached by, and what was chosen about messages."""
    return _answer(await preferences.account(principal.id))


@patch(
    "/v1/me",
    operation_id="changeMe",
    summary="Choose how I am told",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(AccountNotFound, QuietHoursNotValid, PreconditionFailed, PreconditionRequired),
)
async def change_me(
    data: JSONBody[AccountChanges],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
) -> Response[AccountView]:
    """Every message to this phone obeys it from then on, whoever caused it."""
    return _answer(
        await preferences.choose(
            citizen_id=principal.id, changes=data.named(), expected_version=expected_version, now=now
        )
    )


me_router: Final = Router(path="/", route_handlers=[get_me, change_me])
