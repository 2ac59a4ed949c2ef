"""Requests and answers of appointments and openings, as they go over the wire."""

import uuid
from datetime import datetime, time
from typing import Annotated

import msgspec

from app.appointments.errors import ContactNotValid, Faulty, OpeningNotValid
from app.appointments.needs import Item
from app.appointments.operations.book import Who
from app.appointments.queries import AppointmentRow, OpeningRow
from app.appointments.rules import MOST_COUNTERS, MOST_GRAIN_MINUTES, MOST_GRAINS
from app.appointments.states import State
from app.businesses.rules import business_code
from app.businesses.views import TaxCodeText
from app.core.clock import local
from app.core.phones import InvalidPhone, to_e164
from app.core.text import InvalidText, clean_name, clean_text
from app.http.body import Moment, ShortText

MOST_ITEMS = 10
LONGEST_DECISION = 200
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["2.000815"])]
Phone = Annotated[str, msgspec.Meta(min_length=8, max_length=20, examples=["0912 345 678"])]
Quantity = Annotated[int, msgspec.Meta(ge=1, le=MOST_GRAINS)]


class ItemRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A procedure, and how many times: of one paper, or for so many people who come together.

    All of it is one visit in consecutive slots of one pool, with one reference: all or nothing.
    """

    procedure: Code
    quantity: Quantity = 1

    def item(self) -> Item:
        return Item(self.procedure, self.quantity)


class ContactRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Whom to tell, where it is not the account's own phone."""

    name: ShortText
    phone: Phone

    def cleaned(self, locale: str) -> Who:
        """The name without links and control characters, the phone in E.164; `ContactNotValid`."""
        try:
            return Who(name=clean_name(self.name), phone=to_e164(self.phone), locale=locale)
        except InvalidText as fault:
            raise _contact_not_valid("name", fault.code) from None
        except InvalidPhone as fault:
            raise _contact_not_valid("phone", fault.code) from None


def _contact_not_valid(field: str, code: str) -> ContactNotValid:
    return ContactNotValid(
        errors=[{"pointer": f"/contact/{field}", "code": code, "detail": code.replace("_", " ")}]
    )


def who(contact: ContactRequest | None, locale: str) -> Who:
    return Who(locale=locale) if contact is None else contact.cleaned(locale)


class BookingRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A place at a time, for one or several procedures done in one visit.

    With `tax_code` for a business the caller acts for (`GET /v1/me/delegations`).
    """

    centre_id: uuid.UUID
    starts_at: Moment
    items: Annotated[list[ItemRequest], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    priority_group: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    contact: ContactRequest | None = None
    tax_code: TaxCodeText | None = None

    def business(self) -> str | None:
        """The tax code of the business it is for; `TaxCodeCheckDigit` and its like."""
        return None if self.tax_code is None else business_code(self.tax_code)


class ConfirmationRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    contact: ContactRequest | None = None


class ReschedulingRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Another time, perhaps at another centre."""

    starts_at: Moment
    centre_id: uuid.UUID | None = None


class CancellationRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)] | None = None

    def cleaned(self) -> str | None:
        if self.reason is None or not self.reason.strip():
            return None
        try:
            return clean_text(self.reason, max_length=500, allow_newlines=True)
        except InvalidText as fault:
            raise ContactNotValid(
                errors=[{"pointer": "/reason", "code": fault.code, "detail": fault.code}]
            ) from None


class ItemView(msgspec.Struct):
    procedure: str
    quantity: int


class ContactView(msgspec.Struct):
    name: str | None
    phone: str | None


class AppointmentView(msgspec.Struct):
    """An appointment of the caller, or of a business they act for. `hold_expires_at` is of a hold."""

    id: uuid.UUID
    reference: str
    status: State
    hold_expires_at: datetime | None
    centre_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    items: list[ItemView]
    priority_group: str | None
    contact: ContactView | None
    tax_code: str | None
    version: int

    @classmethod
    def of(cls, row: AppointmentRow) -> "AppointmentView":
        held = row.state == State.HELD and row.hold_expires_at is not None
        contact = row.contact_name is not None or row.contact_phone is not None
        return cls(
            id=row.id,
            reference=row.reference,
            status=State(row.state),
            hold_expires_at=local(row.hold_expires_at) if held and row.hold_expires_at else None,
            centre_id=row.centre_id,
            starts_at=local(row.starts_at),
            ends_at=local(row.ends_at),
            items=[ItemView(item.procedure, item.quantity) for item in row.items],
            priority_group=row.priority_group,
            contact=ContactView(row.contact_name, row.contact_phone) if contact else None,
            tax_code=row.tax_code,
            version=row.version,
        )


class AppointmentList(msgspec.Struct):
    items: list[AppointmentView]
    next_cursor: str | None


class OpeningRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A pool is open from–to with so many counters; its slots are made at once."""

    pool_id: uuid.UUID
    starts_at: Moment
    ends_at: Moment
    counters: Annotated[int, msgspec.Meta(ge=1, le=MOST_COUNTERS)]
    grain_minutes: Annotated[int, msgspec.Meta(ge=5, le=MOST_GRAIN_MINUTES)] | None = None
    online_share: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    walkin_floor: Annotated[int, msgspec.Meta(ge=0, le=MOST_COUNTERS)] = 0
    special: bool = False
    decision: Annotated[str, msgspec.Meta(max_length=LONGEST_DECISION)] | None = None

    def cleaned_decision(self) -> str | None:
        """By what it is decided, on one line; `OpeningNotValid`."""
        return None if self.decision is None else one_line(self.decision, OpeningNotValid)


WallTime = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["07:30"])]


def wall_time(shown: str) -> time:
    """`07:30` as a time of day."""
    return time(int(shown[:2]), int(shown[3:5]))


def one_line(decision: str, refusal: type[Faulty]) -> str | None:
    """The reference of a decision without what does not belong in one."""
    if not decision.strip():
        return None
    try:
        return clean_text(decision, max_length=LONGEST_DECISION, allow_newlines=False)
    except InvalidText as fault:
        raise refusal.at([("decision", fault.code)]) from None


class OpeningView(msgspec.Struct):
    """An opening, and how its places are shared per slot."""

    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    counters: int
    grain_minutes: int
    online_cap: int
    partner_cap: int
    walkin_floor: int
    status: str
    decision: str | None
    version: int

    @classmethod
    def of(cls, row: OpeningRow) -> "OpeningView":
        values = {name: getattr(row, name) for name in cls.__struct_fields__}
        values["starts_at"] = local(row.starts_at)
        values["ends_at"] = local(row.ends_at)
        return cls(**values)


class OpeningList(msgspec.Struct):
    items: list[OpeningView]
    next_cursor: str | None
