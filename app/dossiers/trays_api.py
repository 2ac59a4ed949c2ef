"""A centre's dossiers over HTTP: what it received, what it sent on, what others received for it.

Both centres of a dossier read its files.
"""

import uuid
from datetime import datetime
from typing import Annotated, Final

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from app.documents.errors import DocumentNotClean, DocumentNotFound
from app.documents.transfer import given_out
from app.dossiers import operations, trays
from app.dossiers.api import OFFICERS, DossierList, DossierView, known_number
from app.dossiers.errors import DossierNotFound
from app.dossiers.trays import Tray, TrayPosition
from app.http.access import open_to
from app.http.lists import Cursor, CursorNotValid, Limit, answer, cursor_of, position_of
from app.http.principals import Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest

OfStatus = Annotated[int | None, QueryParameter(ge=1, le=10, description="1 to 10; any when left out.")]
OfTray = Annotated[
    Tray, QueryParameter(description="`from_elsewhere`: others received it for this centre.")
]


@get(
    "/v1/staff/dossiers",
    operation_id="listDossiersOfCentre",
    summary="Dossiers this centre received, sent on, or has from elsewhere",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(CursorNotValid),
)
async def list_of_centre(
    request: MotcuaRequest,
    principal: NamedDependency[Principal],
    *,
    tray: OfTray = Tray.RECEIVED,
    status: OfStatus = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[DossierList]:
    """The last accepted first; nobody's name is in it."""
    rows = await trays.in_tray(
        tray,
        centre_id=principal.centre,
        status=status,
        before=position_of(cursor, TrayPosition),
        limit=limit + 1,
    )
    following = cursor_of(TrayPosition.of(rows[limit - 1])) if len(rows) > limit else None
    content = DossierList(items=[DossierView.summary(row) for row in rows[:limit]], next_cursor=following)
    return answer(request, content, next_cursor=following)


@get(
    "/v1/staff/dossiers/{number:str}/documents/{document_id:uuid}/content",
    operation_id="readDocumentOfDossier",
    summary="A paper or the result of a dossier, for either of its centres",
    tags=["staff"],
    opt=open_to(*OFFICERS),
    responses=problems(DossierNotFound, DocumentNotFound, DocumentNotClean),
)
async def read_document(
    number: FromPath[str],
    document_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Response[bytes]:
    """Whichever centre scanned it. The reading is noted before anything is given out."""
    row = await operations.read_document(
        number=known_number(number), document_id=document_id, centre_id=principal.centre, now=now
    )
    return await given_out(row)


dossier_trays_router: Final = Router(path="/", route_handlers=[list_of_centre, read_document])
