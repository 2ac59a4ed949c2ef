"""What is sent to home service, and what it answers."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from app.core.clock import local
from app.core.phones import InvalidPhone, to_e164
from app.core.text import InvalidText, clean_name, clean_words
from app.custody.papers import Paper
from app.home_service import queries
from app.home_service.errors import AddressNotValid
from app.home_service.operations.promise import Door
from app.home_service.operations.receive import Received
from app.home_service.queries import VisitFile
from app.home_service.rules import Expected
from app.home_service.states import NAMES, State
from app.http.body import ShortText
from app.payments.views import BillView

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, examples=["1.001699"])]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Places = Annotated[int, msgspec.Meta(ge=0, le=100)]


class AddressRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """House and hamlet, the commune's code of today, and the point."""

    text: ShortText
    commune: Annotated[str, msgspec.Meta(min_length=1, max_length=10)]
    lat: Latitude
    lon: Longitude


class ContactRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    name: ShortText
    phone: Annotated[str, msgspec.Meta(min_length=8, max_length=20)]


class HomeVisitRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`dossier` names the dossier whose result is brought, for a delivery."""

    kind: Literal["collection", "delivery", "assisted_online"]
    procedures: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=5)]
    window_id: uuid.UUID
    address: AddressRequest
    contact: ContactRequest
    note: Annotated[str, msgspec.Meta(max_length=300)] = ""
    dossier: Annotated[str, msgspec.Meta(max_length=40)] | None = None

    def door(self, locale: str) -> Door:
        """Where and whom, cleaned; raises `AddressNotValid`."""
        try:
            return Door(
                address_text=clean_words(self.address.text, max_length=200),
                commune=self.address.commune,
                lat=self.address.lat,
                lon=self.address.lon,
                contact_name=clean_name(self.contact.name),
                contact_phone=to_e164(self.contact.phone),
                locale=locale,
                note=clean_words(self.note, max_length=300) if self.note.strip() else "",
            )
        except (InvalidText, InvalidPhone) as reason:
            raise AddressNotValid(
                errors=[{"pointer": "", "code": reason.code, "detail": "not valid"}]
            ) from None


class RescheduleRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    window_id: uuid.UUID


class ContentInput(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One paper as the officer counted it."""

    component: Annotated[int, msgspec.Meta(ge=1, le=50)]
    originals: Places = 0
    certified_copies: Places = 0
    copies: Places = 0

    def paper(self) -> Paper:
        return Paper(
            component=self.component,
            originals=self.originals,
            certified_copies=self.certified_copies,
            copies=self.copies,
        )


class ReceiveRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    seal_intact: bool
    contents: Annotated[list[ContentInput], msgspec.Meta(max_length=50)]


class InventoryRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What one of the two found in a quarantined package."""

    contents: Annotated[list[ContentInput], msgspec.Meta(max_length=50)]


class WindowView(msgspec.Struct):
    """A window that can be kept. `id` is what a promise names."""

    id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    promised: bool = True


class WindowList(msgspec.Struct, omit_defaults=True):
    """Without a window: `reason` for machines, and in words where it is the procedure's."""

    windows: list[WindowView]
    reason: str | None = None
    alternatives: list[dict[str, Any]] | None = None
    because_vi: str | None = None
    because_en: str | None = None


class TimelineEntry(msgspec.Struct):
    type: str
    at: datetime


class EtaView(msgspec.Struct):
    """Between which moments the courier is expected; always inside the window."""

    earliest: datetime
    latest: datetime


class HomeVisitView(msgspec.Struct):
    """A visit as its citizen sees it: the code is for them alone. `missing`: of the published list.

    `eta` is known when it is asked for alone, from the moment the round was told until the door.
    """

    id: uuid.UUID
    reference: str
    kind: str
    status: str
    status_name_vi: str
    status_name_en: str
    procedures: list[str]
    window: WindowView
    courier_name: str | None
    hand_over_code: str
    seal: str | None
    dossier: str | None
    missing: list[int]
    held_until: date | None
    note_of_centre: str
    timeline: list[TimelineEntry]
    bill: BillView
    version: int
    eta: EtaView | None = None

    @classmethod
    def expected(cls, file: VisitFile, eta: Expected | None) -> "HomeVisitView":
        view = cls.of(file)
        view.eta = eta and EtaView(local(eta.earliest), local(eta.latest))
        return view

    @classmethod
    def of(cls, file: VisitFile) -> "HomeVisitView":
        visit = file.visit
        name = NAMES[State(visit.state)]
        return cls(
            id=visit.id,
            reference=visit.reference,
            kind=visit.kind,
            status=visit.state,
            status_name_vi=name.vi,
            status_name_en=name.en,
            procedures=list(visit.procedure_codes),
            window=WindowView(visit.slot_id, local(visit.starts_at), local(visit.ends_at)),
            courier_name=file.courier.given_name if file.courier else None,
            hand_over_code=queries.hand_over_code(visit.id),
            seal=visit.seal_number,
            dossier=visit.dossier_number,
            bill=bill_view(file),
            missing=list(visit.missing),
            held_until=visit.held_until,
            note_of_centre=visit.looked_into,
            timeline=[TimelineEntry(step.type, local(step.occurred_at)) for step in file.steps],
            version=visit.version,
        )


def bill_view(file: VisitFile) -> BillView:
    """What a visit costs, as everybody who takes, frees or gives back is answered."""
    return BillView.of(file.bill)


class PackageView(msgspec.Struct):
    """A package as the counter sees it."""

    seal: str
    state: str
    home_visit_id: uuid.UUID
    home_visit_status: str
    procedures: list[str]
    missing: list[int]
    hand_overs: int
    version: int

    @classmethod
    def of(cls, received: Received) -> "PackageView":
        package, visit = received
        return cls(
            seal=package.seal_number,
            state=package.state,
            home_visit_id=package.home_visit_id,
            home_visit_status=visit.state,
            procedures=list(visit.procedure_codes),
            missing=list(visit.missing),
            hand_overs=package.last_n,
            version=package.version,
        )
