"""Dossiers due soon and late, over HTTP."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.centres import queries as centres
from app.core.clock import local
from app.core.errors import Words
from app.core.working_calendar import CalendarHorizon
from app.dossiers import due
from app.dossiers.api import OFFICERS
from app.dossiers.due import DuePosition, DueRow
from app.dossiers.errors import CalendarNotDeclared
from app.dossiers.states import NAMES, Status
from app.http.access import open_to
from app.http.lists import Cursor, CursorNotValid, Limit, answer, cursor_of, position_of
from app.http.principals import Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest

Which = Annotated[
    Literal["all", "overdue"],
    QueryParameter(description="`all`: due within two working days, or late; `overdue`: late only."),
]


class ApologyDraftView(msgspec.Struct):
    """Form 04 as it waits: its reason is empty until an officer extends the dossier."""

    reason: str
    proposed_promised_at: datetime


class DueDossierView(msgspec.Struct):
    """A running dossier whose promise is near or broken; nobody's name is in it."""

    number: str
    procedure: str
    status: int
    status_name_vi: str
    status_name_en: str
    promised_at: datetime
    state: str
    supplement_count: int
    extension_count: int
    counts_as_late: bool
    extended_again: bool
    officer_warned_at: datetime | None
    leader_warned_at: datetime | None
    apology_draft: ApologyDraftView | None

    @classmethod
    def of(cls, row: DueRow, now: datetime) -> "DueDossierView":
        name: Words = NAMES[Status(row.status)]
        draft = row.proposed_due_at
        return cls(
            number=row.number,
            procedure=row.procedure_code,
            status=row.status,
            status_name_vi=name.vi,
            status_name_en=name.en,
            promised_at=local(row.due_at),
            state=row.state(now).value,
            supplement_count=row.supplement_count,
            extension_count=row.extension_count,
            counts_as_late=row.supplement_count > 1,
            extended_again=row.extension_count > 1,
            officer_warned_at=local(row.warned_officer_at) if row.warned_officer_at else None,
            leader_warned_at=local(row.warned_leader_at) if row.warned_leader_at else None,
            apology_draft=ApologyDraftView(row.draft_reason or "", local(draft)) if draft else None,
        )


class DueDossiers(msgspec.Struct):
    items: list[DueDossierView]
    next_cursor: str | None


@get(
    "/v1/staff/due-dossiers",
    operation_id="listDueDossiers",
    summary="Dossiers due soon and late, the longest due first",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(CursorNotValid, CalendarNotDeclared),
)
async def list_due(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    *,
    which: Which = "all",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[DueDossiers]:
    """Of those this centre processes. Whatever waits for its applicant is not among them."""
    try:
        bounds = due.bounds(now, await centres.load_working_calendar())
    except CalendarHorizon as reason:
        raise CalendarNotDeclared(year=reason.year) from reason
    rows = await due.of_centre(
        principal.centre,
        before=now if which == "overdue" else bounds.officer,
        after=position_of(cursor, DuePosition),
        limit=limit + 1,
    )
    last = rows[limit - 1] if len(rows) > limit else None
    following = cursor_of(DuePosition.of(last)) if last else None
    content = DueDossiers([DueDossierView.of(row, now) for row in rows[:limit]], following)
    return answer(request, content, next_cursor=following)


due_dossiers_router: Final = Router(path="/", route_handlers=[list_due])
