"""Requests and answers about delegations, as they go over the wire."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response

from app.businesses.errors import DelegationNotValid
from app.businesses.operations import Period
from app.businesses.queries import DelegationRow
from app.businesses.rules import Standing, standing
from app.core.clock import local, local_date
from app.core.phones import InvalidPhone, mask, to_e164
from app.core.text import InvalidText, clean_text
from app.http.body import ShortText
from app.http.lists import answer, cursor_of
from app.http.requests import MotcuaRequest
from app.http.versions import etag
from app.identity.errors import PhoneNotAccepted

LONGEST_TAX_CODE = 20
TaxCodeText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=LONGEST_TAX_CODE, examples=["0100109106-001"])
]
PhoneText = Annotated[str, msgspec.Meta(min_length=8, max_length=20, examples=["0912 345 678"])]


def one_line(field: str, raw: str, *, longest: int = 200) -> str:
    """Words without what does not belong on one line; `DelegationNotValid`."""
    try:
        return clean_text(raw, max_length=longest, allow_newlines=False)
    except InvalidText as fault:
        raise DelegationNotValid(
            errors=[{"pointer": f"/{field}", "code": fault.code, "detail": fault.code.replace("_", " ")}]
        ) from None


def phone_of(raw: str) -> str:
    """In E.164; `PhoneNotAccepted`."""
    try:
        return to_e164(raw)
    except InvalidPhone:
        raise PhoneNotAccepted from None


class GrantRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Who may act for the business. Without days: from today, for one year (Civil Code, article 140)."""

    phone: PhoneText
    valid_from: date | None = None
    valid_to: date | None = None

    def period(self) -> Period:
        return Period(self.valid_from, self.valid_to)


class RegisterRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What the paper says: `reference` names it (số giấy chứng nhận đăng ký, số giấy ủy quyền)."""

    tax_code: TaxCodeText
    name: ShortText
    phone: PhoneText
    role: Literal["representative", "delegate"]
    reference: ShortText
    valid_from: date | None = None
    valid_to: date | None = None

    def period(self) -> Period:
        return Period(self.valid_from, self.valid_to)


class RevokeRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    reason: ShortText


class DelegationView(msgspec.Struct):
    """Somebody acts for a business, both days included. `phone` is shown as `091•••5678`."""

    id: uuid.UUID
    tax_code: str
    business_name: str
    role: Literal["representative", "delegate"]
    status: Standing
    valid_from: date
    valid_to: date | None
    phone: str | None
    granted_at: datetime
    revoked_at: datetime | None
    version: int

    @classmethod
    def of(cls, row: DelegationRow, *, now: datetime) -> "DelegationView":
        return cls(
            id=row.id,
            tax_code=row.tax_code,
            business_name=row.name,
            role="representative" if row.role == "representative" else "delegate",
            status=standing(
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                revoked=row.revoked_at is not None,
                on=local_date(now),
            ),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            phone=None if row.phone is None else mask(row.phone),
            granted_at=local(row.made_at),
            revoked_at=None if row.revoked_at is None else local(row.revoked_at),
            version=row.version,
        )


class DelegationList(msgspec.Struct):
    items: list[DelegationView]
    next_cursor: str | None


def version_of(row: DelegationRow) -> str:
    return etag(row.version)


def page(
    request: MotcuaRequest, rows: Sequence[DelegationRow], *, limit: int, now: datetime
) -> Response[DelegationList]:
    """The first `limit` of rows that were asked for one more."""
    following = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    content = DelegationList([DelegationView.of(row, now=now) for row in rows[:limit]], following)
    return answer(request, content, next_cursor=following)
