"""What was agreed with a partner, and how it was kept."""

from datetime import date, datetime
from typing import Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.core.clock import local
from app.http.access import open_to
from app.http.body import served_day
from app.http.principals import Caller, Principal
from app.http.problems import problems
from app.rounds import contracts
from app.rounds.contracts import ContractRow
from app.rounds.penalties import OF_TIME, Figure, Term
from partners.postal import scopes, service_levels
from partners.postal.service_levels import Line, Report, ServicePeriodNotValid


class ContractView(msgspec.Struct):
    """`*` in a list is everything; `decision` is the province's."""

    decision: str
    valid_from: date
    valid_to: date | None
    centres: list[str]
    tasks: list[str]
    procedures: list[str]
    communes: list[str]
    assigned_by: str
    terms: list[Term]
    version: int

    @classmethod
    def of(cls, row: ContractRow) -> "ContractView":
        return cls(
            decision=row.decision,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            centres=list(row.centres),
            tasks=list(row.tasks),
            procedures=list(row.procedures),
            communes=list(row.communes),
            assigned_by=row.assigned_by,
            terms=contracts.terms_of(row),
            version=row.version,
        )


class ContractList(msgspec.Struct):
    items: list[ContractView]
    next_cursor: str | None = None


class FigureView(msgspec.Struct):
    """Of shares: so many (`numerator`) of so many. Of times: `seconds`, the 95th percentile of so many."""

    figure: Figure
    numerator: int | None
    denominator: int
    seconds: int | None
    target: int | None
    is_met: bool
    penalty_vnd: int

    @classmethod
    def of(cls, line: Line) -> "FigureView":
        timed = line.figure in OF_TIME
        return cls(
            figure=line.figure,
            numerator=None if timed else line.share.numerator,
            denominator=line.share.denominator,
            seconds=line.share.numerator if timed and line.share.denominator else None,
            target=line.term.target if line.term else None,
            is_met=line.is_met,
            penalty_vnd=line.penalty_vnd,
        )


class ReportView(msgspec.Struct):
    """`visits` were judged; those cancelled count nowhere and are listed by their reference."""

    from_: date = msgspec.field(name="from")
    to: date
    as_of: datetime
    decision: str | None
    visits: int
    cancelled: list[str]
    figures: list[FigureView]
    penalty_vnd: int

    @classmethod
    def of(cls, report: Report, first: date, last: date, now: datetime) -> "ReportView":
        return cls(
            from_=first,
            to=last,
            as_of=local(now),
            decision=report.contract.decision if report.contract else None,
            visits=report.levels.visits,
            cancelled=list(report.levels.cancelled),
            figures=[FigureView.of(line) for line in report.lines],
            penalty_vnd=report.penalty_vnd,
        )


@get(
    "/v1/partner/contracts",
    operation_id="listContracts",
    summary="What was agreed with us",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
)
async def list_contracts(principal: NamedDependency[Principal]) -> ContractList:
    """The oldest first."""
    return ContractList(items=[ContractView.of(row) for row in await contracts.of_partner(principal.id)])


@get(
    "/v1/partner/sla/{first:date}/{last:date}",
    operation_id="getServiceLevels",
    summary="What we kept of what was agreed",
    tags=["partner"],
    opt=open_to(Caller.PARTNER, scope=scopes.VISITS_READ),
    responses=problems(ServicePeriodNotValid),
)
async def get_service_levels(
    first: FromPath[date],
    last: FromPath[date],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> ReportView:
    """Of whole local days, both included, by the day the window opened."""
    found = await service_levels.report(
        principal.id, first=served_day(first), last=served_day(last), now=now
    )
    return ReportView.of(found, first, last, now)


contract_handlers: Final[list[Any]] = [list_contracts, get_service_levels]
