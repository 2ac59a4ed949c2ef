"""Dossiers over HTTP: officers accept, complete and return; citizens follow."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.businesses.api import TAX_CODE_REFUSALS, OfBusiness, business_acted_for
from app.businesses.errors import BusinessNotFound
from app.centres.errors import CommuneUnknown
from app.core.clock import local, local_date
from app.core.dossier_numbers import DOSSIER_NUMBER
from app.core.phones import InvalidPhone, to_e164
from app.core.text import clean_name
from app.documents.errors import DocumentNotClean, DocumentNotFound
from app.dossiers import operations, queries
from app.dossiers.components import Component
from app.dossiers.errors import (
    AddressWithoutCommune,
    ApplicantIsBusiness,
    CalendarNotDeclared,
    CitizenNumberNotAccepted,
    CommuneNeeded,
    CompetentCentreUnknown,
    DossierAlreadyAccepted,
    DossierNotFound,
    DossierSourceMissing,
    NotReusable,
    OnlyWhereDecided,
    OtherCentreDecides,
    ResultNotDigitised,
    SiteInspectionNeeded,
    StaleDossier,
    StatusNotAllowing,
    UnknownComponent,
)
from app.dossiers.inputs import AcceptRequest, CompleteRequest, ComponentInput
from app.dossiers.operations.accept import Applicant
from app.dossiers.queries import DecisionRow, DossierFile, DossierRow, PauseRow
from app.dossiers.states import NAMES, Status
from app.http.access import open_to
from app.http.lists import Cursor, Limit, answer, cursor_of, position_of
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.http.versions import etag
from app.identity.errors import PhoneNotAccepted

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)


class TimelineEntry(msgspec.Struct):
    status: int
    name_vi: str
    name_en: str
    at: datetime


class DecisionView(msgspec.Struct):
    """Why it moved, as the officer wrote it for the applicant; `move` is the route that was called."""

    move: str
    status: int
    reason: str
    at: datetime
    counts_as_late: bool
    previous_promised_at: datetime | None
    promised_at: datetime | None

    @classmethod
    def of(cls, row: DecisionRow) -> "DecisionView":
        return cls(
            move=row.move,
            status=row.to_status,
            reason=row.reason,
            at=local(row.at),
            counts_as_late=row.counts_as_late,
            previous_promised_at=_shown(row.previous_due_at),
            promised_at=_shown(row.due_at),
        )


class SupplementView(msgspec.Struct):
    """One time papers were asked for; the promised moment before and after are both told."""

    requested_at: datetime
    received_at: datetime | None
    stops_clock: bool
    previous_promised_at: datetime | None
    promised_at: datetime | None

    @classmethod
    def of(cls, row: PauseRow) -> "SupplementView":
        return cls(
            requested_at=local(row.began_at),
            received_at=_shown(row.ended_at),
            stops_clock=row.stops_clock,
            previous_promised_at=_shown(row.previous_due_at),
            promised_at=_shown(row.due_at),
        )


class DossierView(msgspec.Struct):
    """A dossier without anybody's name: who asks knows whose it is."""

    number: str
    status: int
    status_name_vi: str
    status_name_en: str
    procedure: str
    tax_code: str | None
    centre_id: uuid.UUID
    competent_centre_id: uuid.UUID
    channel: str
    return_mode: str
    accepted_at: datetime
    promised_at: datetime | None
    completed_at: datetime | None
    returned_at: datetime | None
    result_document_id: uuid.UUID | None
    version: int
    supplement_count: int
    extension_count: int
    counts_as_late: bool
    extended_again: bool
    timeline: list[TimelineEntry]
    supplements: list[SupplementView] = []
    decisions: list[DecisionView] = []

    @classmethod
    def of(cls, file: DossierFile) -> "DossierView":
        view = cls.summary(file.dossier)
        view.timeline = [
            TimelineEntry(
                status=entry.status,
                name_vi=NAMES[Status(entry.status)].vi,
                name_en=NAMES[Status(entry.status)].en,
                at=local(entry.at),
            )
            for entry in file.timeline
        ]
        view.supplements = [
            SupplementView.of(row) for row in file.pauses if row.status == Status.SUPPLEMENT
        ]
        view.decisions = [DecisionView.of(row) for row in file.decisions]
        return view

    @classmethod
    def summary(cls, row: DossierRow) -> "DossierView":
        name = NAMES[Status(row.status)]
        return cls(
            number=row.number,
            status=row.status,
            status_name_vi=name.vi,
            status_name_en=name.en,
            procedure=row.procedure_code,
            tax_code=row.tax_code,
            centre_id=row.centre_id,
            competent_centre_id=row.processed_at,
            channel=row.channel,
            return_mode=row.return_mode,
            accepted_at=local(row.accepted_at),
            promised_at=_shown(row.due_at),
            completed_at=_shown(row.completed_at),
            returned_at=_shown(row.returned_at),
            result_document_id=row.result_document_id,
            version=row.version,
            supplement_count=row.supplement_count,
            extension_count=row.extension_count,
            counts_as_late=row.supplement_count > 1,
            extended_again=row.extension_count > 1,
            timeline=[],
        )


class DossierList(msgspec.Struct):
    items: list[DossierView]
    next_cursor: str | None


def _shown(moment: datetime | None) -> datetime | None:
    return None if moment is None else local(moment)


def version_of(file: DossierFile) -> str:
    return etag(file.dossier.version)


def known_number(number: str) -> str:
    """A spelling that cannot be a number names no dossier."""
    if not DOSSIER_NUMBER.fullmatch(number):
        raise DossierNotFound
    return number


def _phone(raw: str | None) -> str | None:
    try:
        return None if raw is None else to_e164(raw)
    except InvalidPhone:
        raise PhoneNotAccepted from None


def _components(given: Sequence[ComponentInput]) -> list[Component]:
    return [Component(*(getattr(each, name) for name in Component._fields)) for each in given]


@post(
    "/v1/staff/dossiers",
    operation_id="acceptDossier",
    summary="Accept a dossier from a ticket or a sealed package",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(
        DossierSourceMissing,
        UnknownComponent,
        NotReusable,
        CitizenNumberNotAccepted,
        ApplicantIsBusiness,
        *TAX_CODE_REFUSALS,
        DossierAlreadyAccepted,
        CalendarNotDeclared,
        AddressWithoutCommune,
        CommuneUnknown,
        CommuneNeeded,
        CompetentCentreUnknown,
        OnlyWhereDecided,
        SiteInspectionNeeded,
        DocumentNotFound,
        DocumentNotClean,
    ),
)
async def accept_dossier(
    request: MotcuaRequest,
    data: JSONBody[AcceptRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once_required: NamedDependency[Once],
) -> Response[DossierView]:
    """Give it its number and its promised date."""
    return await once_required(
        DossierView.of,
        operations.accept(
            centre_id=principal.centre,
            procedure_code=data.procedure,
            ticket_id=data.ticket_id,
            seal=data.seal,
            applicant=Applicant(
                name=clean_name(data.applicant.name),
                phone=_phone(data.applicant.phone),
                citizen_number=data.applicant.citizen_number,
                locale=language_of(request),
                tax_code=data.applicant.business(),
            ),
            components=_components(data.components),
            return_mode=data.return_mode,
            register_only=data.register_only,
            commune=data.commune,
            address=data.address.strip(),
            now=now,
        ),
        status=201,
        etag=version_of,
    )


@get(
    "/v1/staff/dossiers/{number:str}",
    operation_id="getDossierAtCentre",
    summary="A dossier of this centre",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DossierNotFound),
)
async def get_at_centre(
    number: FromPath[str], principal: NamedDependency[Principal]
) -> Response[DossierView]:
    """With its timeline."""
    file = await queries.at_centre(known_number(number), centre_id=principal.centre)
    return Response(DossierView.of(file), headers={"ETag": version_of(file)})


@post(
    "/v1/staff/dossiers/{number:str}/complete",
    operation_id="completeDossier",
    summary="Complete a dossier with its digitised result",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(
        DossierNotFound,
        StaleDossier,
        StatusNotAllowing,
        OtherCentreDecides,
        ResultNotDigitised,
        DocumentNotFound,
        DocumentNotClean,
    ),
)
async def complete_dossier(
    number: FromPath[str],
    data: JSONBody[CompleteRequest],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """Refused without a clean, digitised result."""
    return await once(
        DossierView.of,
        operations.complete(
            number=known_number(number),
            centre_id=principal.centre,
            result_document_id=data.result_document_id,
            expected_version=expected_version,
            now=now,
        ),
        etag=version_of,
    )


@post(
    "/v1/staff/dossiers/{number:str}/return",
    operation_id="returnDossier",
    summary="Return the result at the counter",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(DossierNotFound, StaleDossier, StatusNotAllowing),
)
async def return_dossier(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[DossierView]:
    """The owner took the result here; at home the courier's delivery does the same."""
    return await once(
        DossierView.of,
        operations.return_at_counter(
            number=known_number(number),
            centre_id=principal.centre,
            expected_version=expected_version,
            now=now,
        ),
        etag=version_of,
    )


@get(
    "/v1/dossiers",
    operation_id="listDossiers",
    summary="My dossiers",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(BusinessNotFound, *TAX_CODE_REFUSALS),
)
async def list_dossiers(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    limit: Limit = 20,
    cursor: Cursor = None,
    tax_code: OfBusiness = None,
) -> Response[DossierList]:
    """Newest first; with `tax_code` those of a business I act for instead of my own."""
    before = position_of(cursor, uuid.UUID)
    if tax_code is None:
        rows = await queries.mine(principal.id, before=before, limit=limit + 1)
    else:
        code = await business_acted_for(tax_code, principal=principal, now=now)
        rows = await queries.of_business(code, before=before, limit=limit + 1)
    following = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    content = DossierList(items=[DossierView.summary(row) for row in rows[:limit]], next_cursor=following)
    return answer(request, content, next_cursor=following)


@get(
    "/v1/dossiers/{number:str}",
    operation_id="getDossier",
    summary="One of my dossiers",
    tags=["citizen"],
    opt=open_to(Caller.CITIZEN),
    responses=problems(DossierNotFound),
)
async def get_dossier(
    number: FromPath[str], principal: NamedDependency[Principal], now: NamedDependency[datetime]
) -> Response[DossierView]:
    """Status, promised date and timeline; also of a business I act for."""
    file = await queries.of_citizen(known_number(number), citizen_id=principal.id, on=local_date(now))
    return Response(DossierView.of(file), headers={"ETag": version_of(file)})


dossiers_router: Final = Router(
    path="/",
    route_handlers=[
        accept_dossier,
        get_at_centre,
        complete_dossier,
        return_dossier,
        list_dossiers,
        get_dossier,
    ],
)
