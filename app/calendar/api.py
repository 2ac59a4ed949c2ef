"""The calendar over HTTP: one person proposes a day and sees its impact, another confirms it."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.appointments.capacity import Outcome
from app.appointments.changes import Orphans
from app.calendar import operations
from app.calendar.errors import (
    CalendarProposalExpired,
    CalendarProposalNotFound,
    CalendarProposalStale,
    DayNotValid,
    SecondPersonNeeded,
)
from app.calendar.operations import Effect, ProposalRow
from app.calendar.preview import CalendarImpact, Kind
from app.core.clock import local
from app.core.text import InvalidText, clean_text
from app.http.access import open_to
from app.http.body import ShortText
from app.http.once import Once
from app.http.principals import Caller, Principal
from app.http.problems import problems

LONGEST: Final = 200


class DayRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day off (`holiday`) or a day worked, by which decision, and what becomes of appointments on it.

    A day worked for another (`stands_for`) opens as that one would have.
    """

    day: date
    kind: Kind
    name_vi: ShortText
    name_en: ShortText
    reference: ShortText
    stands_for: date | None = None
    orphans: Orphans = Orphans.MOVE

    def cleaned(self, field: str) -> str:
        try:
            return clean_text(getattr(self, field), max_length=LONGEST, allow_newlines=False)
        except InvalidText as fault:
            raise DayNotValid(
                errors=[{"pointer": f"/{field}", "code": fault.code, "detail": fault.code}]
            ) from None


class EffectView(msgspec.Struct):
    """What a confirmed day did at one centre."""

    centre_id: uuid.UUID
    openings: int
    outcome: Outcome | None


class CalendarProposalView(msgspec.Struct):
    """A day, its impact before, and once it is `done` its effects.

    `home_visits_left` names visits in closed windows that no courier could make at another time.
    """

    id: uuid.UUID
    status: str
    day: date
    kind: Kind
    name_vi: str
    name_en: str
    reference: str
    stands_for: date | None
    orphans: Orphans
    impact: CalendarImpact
    effects: list[EffectView]
    home_visits_left: list[str]
    expires_at: datetime

    @classmethod
    def of(
        cls, row: ProposalRow, effects: Sequence[Effect] = (), visits_left: Sequence[str] = ()
    ) -> "CalendarProposalView":
        return cls(
            id=row.id,
            status=row.state,
            day=row.day,
            kind=Kind(row.kind),
            name_vi=row.name_vi,
            name_en=row.name_en,
            reference=row.reference,
            stands_for=row.stands_for,
            orphans=Orphans(row.orphans),
            impact=row.impact,
            effects=[EffectView(each.centre_id, each.openings, each.outcome) for each in effects],
            home_visits_left=list(visits_left),
            expires_at=local(row.expires_at),
        )


@post(
    "/v1/staff/calendar/proposals",
    operation_id="proposeCalendarDay",
    summary="See what a day off or a working day would do",
    tags=["staff"],
    opt=open_to(Caller.CALENDAR_EDITOR),
    status_code=201,
    responses=problems(DayNotValid),
)
async def propose(
    data: JSONBody[DayRequest],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[CalendarProposalView]:
    """Centre by centre; nothing is done until another person confirms it."""
    return await once(
        CalendarProposalView.of,
        operations.propose(
            day=data.day,
            kind=data.kind,
            name_vi=data.cleaned("name_vi"),
            name_en=data.cleaned("name_en"),
            stands_for=data.stands_for,
            reference=data.cleaned("reference"),
            orphans=data.orphans,
            officer_id=principal.id,
            now=now,
        ),
        status=201,
    )


@get(
    "/v1/staff/calendar/proposals/{proposal_id:uuid}",
    operation_id="getCalendarProposal",
    summary="A proposed day",
    tags=["staff"],
    opt=open_to(Caller.CALENDAR_EDITOR, Caller.MONITOR),
    responses=problems(CalendarProposalNotFound),
)
async def get_proposal(proposal_id: FromPath[uuid.UUID]) -> Response[CalendarProposalView]:
    return Response(await _seen(await operations.by_id(proposal_id)))


@post(
    "/v1/staff/calendar/proposals/{proposal_id:uuid}/confirm",
    operation_id="confirmCalendarDay",
    summary="Confirm a day somebody else proposed",
    tags=["staff"],
    opt=open_to(Caller.CALENDAR_EDITOR),
    status_code=200,
    responses=problems(
        CalendarProposalNotFound, SecondPersonNeeded, CalendarProposalStale, CalendarProposalExpired
    ),
)
async def confirm(
    proposal_id: FromPath[uuid.UUID],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[CalendarProposalView]:
    """The day is written and carried out at every centre; again, it goes on where it stopped."""

    async def confirmed() -> CalendarProposalView:
        return await _seen(
            await operations.confirm(proposal_id=proposal_id, officer_id=principal.id, now=now)
        )

    return await once.alone(_as_it_is, confirmed)


def _as_it_is(view: CalendarProposalView) -> CalendarProposalView:
    return view


async def _seen(row: ProposalRow) -> CalendarProposalView:
    return CalendarProposalView.of(
        row, await operations.effects_of(row.id), await operations.visits_left(row)
    )


calendar_router: Final = Router(path="/", route_handlers=[propose, get_proposal, confirm])
