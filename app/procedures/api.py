"""The catalogue for anybody: what may be asked for, with which papers, and where."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.centres import queries as centres
from app.centres import rules as places
from app.centres.api import CentreList, CentreSummary, On
from app.centres.errors import CommuneUnknown, PointNotValid
from app.core.clock import local_date
from app.http.access import open_to
from app.http.lists import (
    Cursor,
    CursorNotValid,
    Limit,
    answer,
    cursor_of,
    position_of,
    search_text,
)
from app.http.principals import Caller
from app.http.problems import problems
from app.http.requests import MotcuaRequest
from app.procedures import queries, rules
from app.procedures.errors import ProcedureNotFound
from app.procedures.queries import CodeRow, PaperRow, Position, ProcedureRow

Query = Annotated[
    str | None,
    QueryParameter(max_length=200, description="Words of the name; Vietnamese marks are optional."),
]
Sector = Annotated[str | None, QueryParameter(pattern="^[a-z_]{1,40}$", description="Code of a sector.")]
ProcedureCode = Annotated[
    str | None, QueryParameter(max_length=60, description="Only centres that offer it.")
]
Commune = Annotated[
    str | None,
    QueryParameter(
        pattern="^[0-9]{1,5}$",
        max_length=5,
        description="Of whoever asks: what is not received elsewhere is handed in at its own centre only.",
    ),
]
Near = Annotated[
    str | None,
    QueryParameter(max_length=60, description="`lat,lon`; the nearest centre comes first."),
]


class PaperView(msgspec.Struct):
    """One paper, how many of it, and what to bring."""

    name_vi: str
    name_en: str
    kind: str
    originals: int
    copies: int
    what_to_bring_vi: str
    what_to_bring_en: str
    optional: bool
    reusable_from: str | None
    code: str | None
    replaced_by: str | None

    @classmethod
    def of(cls, row: PaperRow) -> "PaperView":
        return cls(
            name_vi=row.name_vi,
            name_en=row.name_en,
            kind=row.kind,
            originals=row.originals,
            copies=row.copies,
            what_to_bring_vi=row.bring_vi,
            what_to_bring_en=row.bring_en,
            optional=row.optional,
            reusable_from=row.reusable_from,
            code=row.code,
            replaced_by=row.replaced_by,
        )


class FeeView(msgspec.Struct):
    """The fee and who is exempt from it; `amount_vnd` is null where the province sets it."""

    amount_vnd: int | None
    text_vi: str
    text_en: str
    exemptions_vi: str
    exemptions_en: str
    verified: bool


class ProcessingView(msgspec.Struct):
    value: int
    unit: str
    verified: bool


class MinutesView(msgspec.Struct):
    """How long it takes at a counter: half are done by p50, four fifths by p80."""

    p50: int
    p80: int


class CodeView(msgspec.Struct):
    """A code the procedure has, had or will have, and when; `valid_to` is null while nothing ends it."""

    code: str
    valid_from: date
    valid_to: date | None


class ProcedureView(msgspec.Struct):
    """A procedure as it stands on the date."""

    id: uuid.UUID
    code: str
    codes: list[CodeView]
    code_is_local: bool
    name_vi: str
    name_en: str
    sector: str
    sector_name_vi: str
    sector_name_en: str
    level: str
    agency_vi: str
    agency_en: str
    receive_anywhere: bool
    site_inspection: bool
    papers: list[PaperView]
    fee: FeeView
    processing: ProcessingView
    presence_required: bool
    presence: str
    paperless: bool
    intake_modes: list[str]
    home_collection: bool
    home_delivery: bool
    handling_minutes: MinutesView
    result_vi: str
    result_en: str
    decision: str
    valid_from: date
    valid_to: date | None
    form_schema: dict[str, Any] | None

    @classmethod
    def of(cls, row: ProcedureRow, codes: Sequence[CodeRow]) -> "ProcedureView":
        sector = rules.sector_name(row.sector)
        return cls(
            id=row.key,
            code=row.code,
            codes=[CodeView(*each) for each in codes],
            code_is_local=row.code_is_local,
            name_vi=row.name_vi,
            name_en=row.name_en,
            sector=row.sector,
            sector_name_vi=sector.vi,
            sector_name_en=sector.en,
            level=row.level,
            agency_vi=row.agency_vi,
            agency_en=row.agency_en,
            receive_anywhere=row.receive_anywhere,
            site_inspection=row.site_inspection,
            papers=[PaperView.of(paper) for paper in row.papers],
            fee=FeeView(
                amount_vnd=row.fee_vnd,
                text_vi=row.fee_vi,
                text_en=row.fee_en,
                exemptions_vi=row.exemptions_vi,
                exemptions_en=row.exemptions_en,
                verified=row.fee_verified,
            ),
            processing=ProcessingView(row.processing_value, row.processing_unit, row.processing_verified),
            presence_required=row.presence_required,
            presence=row.presence,
            paperless=row.paperless,
            intake_modes=list(row.intake_modes),
            home_collection=row.home_collection,
            home_delivery=row.home_delivery,
            handling_minutes=MinutesView(row.p50_minutes, row.p80_minutes),
            result_vi=row.result_vi,
            result_en=row.result_en,
            decision=row.decision,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            form_schema=row.form_schema,
        )


class ProcedureList(msgspec.Struct):
    items: list[ProcedureView]
    next_cursor: str | None


@get(
    "/v1/procedures",
    operation_id="searchProcedures",
    summary="Find a procedure",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(CursorNotValid),
)
async def search_procedures(
    request: MotcuaRequest,
    now: NamedDependency[datetime],
    *,
    q: Query = None,
    sector: Sector = None,
    on: On = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[ProcedureList]:
    """Procedures whose name holds every word of `q`, exact spellings first; by a code of before too."""
    day, text = on or local_date(now), search_text(q or "")
    if rules.CODE.fullmatch(text):
        [text] = await queries.current_codes([text], on=day)
    found = await queries.search(
        text, sector=sector, on=day, after=position_of(cursor, Position), limit=limit
    )
    next_cursor = None if found.next is None else cursor_of(found.next)
    codes = await queries.codes_of(row.key for row in found.rows)
    view = ProcedureList([ProcedureView.of(row, codes[row.key]) for row in found.rows], next_cursor)
    return answer(request, view, next_cursor=next_cursor)


@get(
    "/v1/procedures/{code:str}",
    operation_id="getProcedure",
    summary="One procedure: papers, fee, time, and how it may be handed in",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(ProcedureNotFound),
)
async def get_procedure(
    request: MotcuaRequest,
    code: FromPath[str],
    now: NamedDependency[datetime],
    on: On = None,
) -> Response[ProcedureView]:
    """The version of the procedure that stands on the date, by any code it has had."""
    row = await queries.by_code(code, on=on or local_date(now)) if rules.CODE.fullmatch(code) else None
    if row is None:
        raise ProcedureNotFound
    codes = await queries.codes_of([row.key])
    return answer(request, ProcedureView.of(row, codes[row.key]))


@get(
    "/v1/centres",
    operation_id="listCentres",
    summary="Centres that exist on a date, nearest first",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(PointNotValid, CursorNotValid, CommuneUnknown),
)
async def list_centres(
    request: MotcuaRequest,
    now: NamedDependency[datetime],
    *,
    procedure: ProcedureCode = None,
    commune: Commune = None,
    near: Near = None,
    on: On = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[CentreList]:
    """Centres of the date, those offering a procedure when it is named; distances in kilometres."""
    day = on or local_date(now)
    here = None if near is None else places.parse_point(near)
    rows = await centres.centres_on(day)
    if procedure is not None:
        offering = await _offering(procedure, day)
        if commune is not None and offering:
            offering &= await queries.receiving(procedure, commune=commune, on=day, among=offering)
        rows = [row for row in rows if row.id in offering]
    page, next_place = places.page(rows, near=here, after=position_of(cursor, places.Place), limit=limit)
    hours = await centres.hours_of([row.id for row, _ in page], on=day)
    next_cursor = None if next_place is None else cursor_of(next_place)
    view = CentreList(
        [CentreSummary.of(row, hours[row.id], distance) for row, distance in page], next_cursor
    )
    return answer(request, view, next_cursor=next_cursor)


async def _offering(code: str, day: date) -> frozenset[uuid.UUID]:
    """A code that cannot be one of ours is offered nowhere, and never reaches the database."""
    if not rules.CODE.fullmatch(code):
        return frozenset()
    return await queries.centres_offering(code, on=day)


procedures_router = Router(path="/", route_handlers=[search_procedures, get_procedure, list_centres])
