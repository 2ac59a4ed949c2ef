"""Papers that are there already, over HTTP: proposed before they are asked for, shown where used."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local_date
from app.core.dossier_numbers import DOSSIER_NUMBER
from app.core.errors import Unavailable
from app.dossiers import components, operations, queries, registries
from app.dossiers.components import ComponentRow
from app.dossiers.errors import CitizenNumberNotAccepted, DossierNotFound, DossierSourceMissing
from app.dossiers.registries import Held
from app.dossiers.reuse import Proposal, Reuse
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.procedures.errors import ProcedureNotFound
from app.procedures.queries import ProcedureRow

OFFICERS: Final = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)


class ReuseQuestion(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Exactly one of `ticket_id` (being served) and `seal` (received here): nobody is looked up idly."""

    procedure: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z][0-9A-Z.]{2,29}$")]
    ticket_id: uuid.UUID | None = None
    seal: Annotated[str, msgspec.Meta(min_length=3, max_length=40)] | None = None
    citizen_number: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")] | None = None


class ReusablePaper(msgspec.Struct):
    """Attach `document_id` to the component when accepting, and it need not be handed in.

    `reuse`: 1 from another dossier's component, 2 from a result. Without `document_id` it is held by
    another store: attach it with `from_national_store` and its `result_code`.
    """

    component: int
    name_vi: str
    name_en: str
    reuse: int
    document_id: uuid.UUID | None
    result_code: str | None
    dossier: str | None
    store: str | None
    store_reference: str | None
    issued_on: date | None
    valid_until: date | None


class ReusablePapers(msgspec.Struct):
    """Stores the catalogue names: those this installation is not connected to, and those silent now."""

    items: list[ReusablePaper]
    not_connected: list[str]
    unavailable: list[str]


class ComponentView(msgspec.Struct):
    """A paper of a dossier, with the flags exchanged with the national portal.

    `reuse` is DuocTaiSuDung, `from_national_store` DuocLayTuKhoDMQG, `result_code` MaKetQuaThayThe.
    `local_state`: 0 not digitised, 1 digitised, 2 reused from a component, 3 reused from a result.
    """

    component: int
    originals: int
    certified_copies: int
    copies: int
    document_id: uuid.UUID | None
    digitised: bool
    reuse: int
    from_national_store: bool
    result_code: str | None
    local_state: int

    @classmethod
    def of(cls, row: ComponentRow) -> "ComponentView":
        return cls(
            component=row.component,
            originals=row.originals,
            certified_copies=row.certified_copies,
            copies=row.copies,
            document_id=row.document_id,
            digitised=row.document_id is not None,
            reuse=row.reuse,
            from_national_store=row.from_national_store,
            result_code=row.result_code,
            local_state=row.local_state,
        )


class ComponentList(msgspec.Struct):
    items: list[ComponentView]


@post(
    "/v1/staff/reusable-papers",
    operation_id="findReusablePapers",
    summary="Papers a person need not hand in again",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    status_code=200,
    responses=problems(DossierSourceMissing, ProcedureNotFound, CitizenNumberNotAccepted),
)
async def find_reusable(
    data: JSONBody[ReuseQuestion],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[ReusablePapers]:
    """Of the person at the counter or whose package came; the newest first for each paper."""
    found = await operations.look_for_papers(
        centre_id=principal.centre,
        procedure_code=data.procedure,
        ticket_id=data.ticket_id,
        seal=data.seal,
        citizen_number=data.citizen_number,
        now=now,
    )
    items = [_own(each, found.procedure) for each in found.proposals]
    view = ReusablePapers(items, *await _of_others(found.procedure, data.citizen_number, items))
    return Response(view, headers={"Cache-Control": "no-store"})


async def _of_others(
    procedure: ProcedureRow, citizen_number: str | None, items: list[ReusablePaper]
) -> tuple[list[str], list[str]]:
    """Ask the stores of others; what they hold is added, what they are not is said."""
    wanted: dict[str, list[int]] = {}
    for place, paper in enumerate(procedure.papers, 1):
        if paper.reusable_from is not None:
            wanted.setdefault(paper.reusable_from, []).append(place)
    known, unavailable = registries.plugged(), []
    if citizen_number is not None:
        for source in sorted(wanted.keys() & known.keys()):
            papers = [(place, procedure.papers[place - 1]) for place in wanted[source]]
            try:
                found = await known[source].find(citizen_number=citizen_number, papers=papers)
            except Unavailable:
                unavailable.append(source)
            else:
                items += [_held(each, source, procedure) for each in _asked_for(found, wanted[source])]
    return sorted(wanted.keys() - known.keys()), unavailable


def _asked_for(found: Sequence[Held], places: Sequence[int]) -> list[Held]:
    return [each for each in found if each.component in places]


def _own(each: Proposal, procedure: ProcedureRow) -> ReusablePaper:
    paper = procedure.papers[each.component - 1]
    return ReusablePaper(
        component=each.component,
        name_vi=paper.name_vi,
        name_en=paper.name_en,
        reuse=each.reuse.value,
        document_id=each.document_id,
        result_code=each.result_code,
        dossier=each.dossier_number,
        store=None,
        store_reference=None,
        issued_on=local_date(each.issued_at),
        valid_until=each.valid_until,
    )


def _held(each: Held, source: str, procedure: ProcedureRow) -> ReusablePaper:
    paper = procedure.papers[each.component - 1]
    return ReusablePaper(
        component=each.component,
        name_vi=paper.name_vi,
        name_en=paper.name_en,
        reuse=Reuse.RESULT.value,
        document_id=None,
        result_code=each.result_code,
        dossier=None,
        store=source,
        store_reference=each.reference,
        issued_on=each.issued_on,
        valid_until=each.valid_until,
    )


@get(
    "/v1/staff/dossiers/{number:str}/components",
    operation_id="listComponents",
    summary="The papers of a dossier, and which of them were there already",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DossierNotFound),
)
async def list_components(
    number: FromPath[str], principal: NamedDependency[Principal]
) -> Response[ComponentList]:
    """In the order of the procedure's published list."""
    if not DOSSIER_NUMBER.fullmatch(number):
        raise DossierNotFound
    file = await queries.at_centre(number, centre_id=principal.centre)
    rows = await components.of_dossier(file.dossier.id)
    return Response(ComponentList([ComponentView.of(row) for row in rows]))


reuse_router: Final = Router(path="/", route_handlers=[find_reusable, list_components])
