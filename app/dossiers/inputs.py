"""What an officer sends about a dossier, as it goes over the wire."""

import uuid
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from app.businesses.rules import business_code
from app.businesses.views import TaxCodeText
from app.http.body import ShortText

COUNTS: Final = msgspec.Meta(ge=0, le=100)


class ComponentInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One paper; `component` counts the procedure's published papers from 1.

    `document_id` is a scan of what is handed in, or a document `POST /v1/staff/reusable-papers` proposed.
    """

    component: Annotated[int, msgspec.Meta(ge=1, le=50)]
    originals: Annotated[int, COUNTS] = 0
    certified_copies: Annotated[int, COUNTS] = 0
    copies: Annotated[int, COUNTS] = 0
    document_id: uuid.UUID | None = None
    from_national_store: bool = False
    result_code: Annotated[str, msgspec.Meta(pattern=r"^KQ\.[GH][0-9]{2}\.[0-9]{6}$")] | None = None


class ApplicantInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Without `tax_code` it is of the business the appointment was for; null: a person's all the same."""

    name: ShortText
    phone: Annotated[str, msgspec.Meta(min_length=8, max_length=20)] | None = None
    citizen_number: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")] | None = None
    tax_code: TaxCodeText | UnsetType | None = UNSET

    def business(self) -> str | UnsetType | None:
        """As it is stored; `TaxCodeCheckDigit` and its like."""
        return (
            business_code(self.tax_code, pointer="/applicant/tax_code") if self.tax_code else self.tax_code
        )


class AcceptRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Exactly one of `ticket_id` (being served) and `seal` (received here). `register_only` gives it a
    number and status 1: accepting or refusing it comes later. `commune` is the official code of the commune
    the matter is of; left out, it is the centre's own. Where another centre decides, that one has it too.
    `address` is house, street or hamlet there, as the applicant says it.
    """

    procedure: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z][0-9A-Z.]{2,29}$")]
    applicant: ApplicantInput
    ticket_id: uuid.UUID | None = None
    seal: Annotated[str, msgspec.Meta(min_length=3, max_length=40)] | None = None
    components: Annotated[list[ComponentInput], msgspec.Meta(max_length=50)] = []
    return_mode: Literal["counter", "home"] = "counter"
    register_only: bool = False
    commune: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,5}$", max_length=5)] | None = None
    address: Annotated[str, msgspec.Meta(max_length=200)] = ""


class CompleteRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    result_document_id: uuid.UUID | None = None
