"""The facts a step needs beside what its report must say; what is missing is raised, and told."""

from typing import Any

import msgspec

from app.core.clock import local_date
from app.custody.papers import Paper
from app.home_service import papers, reports, rules
from app.home_service.errors import AttemptsUsedUp, MissingFact, StillHeld
from app.home_service.queries import HomeVisitRow
from app.home_service.reports import Stored
from app.home_service.states import Kind, Report, State


async def checked(visit: HomeVisitRow, event: Stored, target: State) -> State:
    """Where the report leads really: to `incomplete` where papers were counted and some are not there.

    Raises `MissingFact`, `AttemptsUsedUp`, `StillHeld`.
    """
    if "authorisation" in event.data and not await papers.is_proven(visit, event.data):
        raise MissingFact(fact="authorisation")
    match event.type:
        case Report.COUNTED if await missing_of(visit, event.data):
            return State.INCOMPLETE
        case Report.SEALED if visit.kind == Kind.COLLECTION and target is State.SEALED:
            await _said_to_be_partial(visit, event)
        case Report.EN_ROUTE if visit.state == State.ATTEMPT_FAILED:
            if await reports.attempts(visit.id) >= rules.ATTEMPTS:
                raise AttemptsUsedUp
        case Report.RETURNED if visit.state == State.HELD and visit.held_until is not None:
            if local_date(event.effective_at) <= visit.held_until:
                raise StillHeld(until=visit.held_until.isoformat())
    return target


async def _said_to_be_partial(visit: HomeVisitRow, event: Stored) -> None:
    """Nothing is sealed as complete that is not: the citizen says that they hand in what there is."""
    if event.data.get("partial") is not True and await missing_of(visit, await counted(visit, event)):
        raise MissingFact(fact="partial")


async def counted(visit: HomeVisitRow, sealed: Stored) -> dict[str, Any]:
    """What is in the bag: said with the seal, or counted before."""
    if sealed.data.get("papers"):
        return {"papers": sealed.data["papers"]}
    return await reports.counted_by(visit.id, sealed)


async def missing_of(visit: HomeVisitRow, count: dict[str, Any]) -> list[int]:
    """Places of the published list that a count does not fill."""
    return rules.missing_papers(
        await papers.published(visit),
        msgspec.convert(count.get("papers", []), list[Paper]),
        count.get("missing", []),
    )
