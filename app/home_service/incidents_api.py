"""What a supervisor must look at, over HTTP."""

import uuid
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.home_service import incidents, operations
from app.home_service.errors import IncidentNotFound
from app.home_service.incidents import Incident, Kind
from app.http.access import open_to
from app.http.lists import Limit
from app.http.principals import Caller, Principal
from app.http.problems import problems

SUPERVISORS: Final = (Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)


class IncidentView(msgspec.Struct):
    """One thing to look at; codes are for programs, names for people."""

    id: uuid.UUID
    kind: str
    name_vi: str
    name_en: str
    home_visit_id: uuid.UUID
    reference: str
    event_id: uuid.UUID | None
    opened_at: datetime

    @classmethod
    def of(cls, row: Incident) -> "IncidentView":
        name = incidents.NAMES[Kind(row.kind)]
        return cls(
            id=row.id,
            kind=row.kind,
            name_vi=name.vi,
            name_en=name.en,
            home_visit_id=row.home_visit_id,
            reference=row.reference,
            event_id=row.event_id,
            opened_at=local(row.opened_at),
        )


class IncidentList(msgspec.Struct):
    items: list[IncidentView]


class CloseIncident(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]


@get(
    "/v1/staff/home-visit-incidents",
    operation_id="listHomeVisitIncidents",
    summary="What happened at doors that somebody must decide",
    tags=["staff"],
    opt=open_to(*SUPERVISORS),
)
async def list_incidents(principal: NamedDependency[Principal], limit: Limit = 50) -> IncidentList:
    """Open ones of this centre, the oldest first."""
    rows = await incidents.open_at(principal.centre, limit=limit)
    return IncidentList([IncidentView.of(row) for row in rows])


@post(
    "/v1/staff/home-visit-incidents/{incident_id:uuid}/close",
    operation_id="closeHomeVisitIncident",
    summary="It was looked at",
    tags=["staff"],
    opt=open_to(*SUPERVISORS),
    status_code=204,
    responses=problems(IncidentNotFound),
)
async def close_incident(
    incident_id: FromPath[uuid.UUID],
    data: JSONBody[CloseIncident],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> None:
    """With what was decided. A second time is a no-op."""
    await operations.close_incident(
        incident_id=incident_id,
        centre_id=principal.centre,
        officer_id=principal.id,
        note=data.note.strip(),
        now=now,
    )


incidents_router: Final = Router(path="/", route_handlers=[list_incidents, close_incident])
