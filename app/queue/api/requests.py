"""What is sent to the queue."""

import uuid
from typing import Annotated

import msgspec

from app.core.phones import InvalidPhone, to_e164
from app.http.body import InvalidValue, Moment, ShortText
from app.identity.errors import PhoneNotAccepted
from app.queue.operations.blocks import Printed

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["2.000815"])]
Reference = Annotated[str, msgspec.Meta(min_length=6, max_length=20, examples=["NB-7K3Q-92"])]


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Somebody came without an appointment."""

    procedures: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=5)]
    priority_group: Annotated[str, msgspec.Meta(min_length=1, max_length=10)] | None = None
    phone: Annotated[str, msgspec.Meta(min_length=8, max_length=20)] | None = None

    def contact(self) -> str | None:
        try:
            return None if self.phone is None else to_e164(self.phone)
        except InvalidPhone:
            raise PhoneNotAccepted from None


class KioskTicketRequest(TicketRequest, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Somebody came to a kiosk. One that was cut off says which number of its block it gave, and when."""

    number: Annotated[str, msgspec.Meta(min_length=4, max_length=6, examples=["A141"])] | None = None
    issued_at: Moment | None = None

    def printed(self) -> Printed | None:
        """Both or neither: a number without its time, or a time without a number, tells nothing."""
        if self.number is None and self.issued_at is None:
            return None
        if self.number is None or self.issued_at is None:
            missing = "number" if self.number is None else "issued_at"
            raise InvalidValue(
                errors=[
                    {
                        "pointer": f"/{missing}",
                        "code": "missing",
                        "detail": "`number` and `issued_at` are sent together.",
                    }
                ]
            )
        return Printed(self.number, self.issued_at)


class BlockRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Of which series a kiosk wants numbers."""

    series: Annotated[str, msgspec.Meta(min_length=1, max_length=3, examples=["A"])]


class CheckInRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Somebody with an appointment is here and says the reference."""

    reference: Reference


class PickRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Who is called out of order, and why."""

    ticket_id: uuid.UUID
    reason: ShortText


class ResumeRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which counter takes a parked ticket up again."""

    counter_id: uuid.UUID


class TransferRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """To which group of counters a ticket goes on."""

    pool_id: uuid.UUID


class PeriodRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is done next for the person at the counter."""

    procedure: Code


class HeartbeatRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    status: Annotated[str, msgspec.Meta(pattern="^(ok|no_paper|printer_error|offline_issuing)$")]
