"""Planning rules over HTTP: what is kept in hand and how long work takes, read and replaced whole."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.core.errors import PreconditionFailed
from app.home_service.states import Kind
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import PreconditionRequired, problems
from app.http.versions import etag
from app.rounds import planning_rules
from app.rounds.errors import PlanningRulesNotValid
from app.rounds.margins import EVERY_OTHER, PlanningRules
from app.rounds.planning_rules import MOST_TIMES, WITHIN, ServiceTime, Standards


def within(name: str) -> msgspec.Meta:
    """The bounds of a figure, for the contract and the decoder."""
    return msgspec.Meta(ge=WITHIN[name][0], le=WITHIN[name][1])


class ServiceTimeFigure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds of work at a door for one procedure; without one, for every other of the kind."""

    kind: Kind
    seconds: Annotated[int, within("seconds")]
    procedure: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None


class PlanningRulesDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All figures. Ways are inflated by a factor, windows shortened by the guard; `access` is from the road
    to the door, `centroid` more where only the commune's own point is known. Citizens are told their
    courier `published_minutes` before a block begins.
    """

    inflation: Annotated[float, within("inflation")]
    guard_seconds: Annotated[int, within("guard_seconds")]
    access_seconds: Annotated[int, within("access_seconds")]
    centroid_seconds: Annotated[int, within("centroid_seconds")]
    published_minutes: Annotated[int, within("published_minutes")]
    service_times: Annotated[list[ServiceTimeFigure], msgspec.Meta(max_length=MOST_TIMES)]

    @classmethod
    def of(cls, standards: Standards) -> "PlanningRulesDocument":
        times = [
            ServiceTimeFigure(
                kind=Kind(each.kind), procedure=each.procedure_code or None, seconds=each.seconds
            )
            for each in standards.times
        ]
        return cls(**standards.rules._asdict(), service_times=times)

    def rules(self) -> PlanningRules:
        return PlanningRules(*(getattr(self, name) for name in PlanningRules._fields))

    def times(self) -> list[ServiceTime]:
        return [
            ServiceTime(each.kind.value, each.procedure or EVERY_OTHER, each.seconds)
            for each in self.service_times
        ]


@get(
    "/v1/staff/planning-rules",
    operation_id="getPlanningRules",
    summary="How rounds are planned",
    tags=["staff"],
    opt=open_to(Caller.DISPATCHER, Caller.MONITOR),
)
async def get_planning_rules() -> Response[PlanningRulesDocument]:
    """Margins and service times, with their version as ETag; `"0"` are the program's own figures."""
    return _answer(await planning_rules.standards())


@put(
    "/v1/staff/planning-rules",
    operation_id="putPlanningRules",
    summary="Plan rounds by other figures",
    tags=["staff"],
    opt=open_to(Caller.DISPATCHER),
    responses=problems(PlanningRulesNotValid, PreconditionFailed, PreconditionRequired),
)
async def put_planning_rules(
    data: JSONBody[PlanningRulesDocument],
    expected_version: NamedDependency[int],
    now: NamedDependency[datetime],
) -> Response[PlanningRulesDocument]:
    """For promises made from now on; those made before keep the figures they were made with, and a day with
    promises keeps its inflation. The same again changes nothing.
    """
    return _answer(
        await planning_rules.put_standards(
            rules=data.rules(), times=data.times(), expected_version=expected_version, now=now
        )
    )


def _answer(standards: Standards) -> Response[PlanningRulesDocument]:
    return Response(
        PlanningRulesDocument.of(standards), status_code=200, headers={"ETag": etag(standards.version)}
    )


planning_rules_router: Final = Router(path="/", route_handlers=[get_planning_rules, put_planning_rules])
