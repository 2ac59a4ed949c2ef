"""What one report does: to the papers, to the visit, and what the world is told of it."""

from datetime import datetime
from typing import Final

import msgspec

from app.centres import queries as centres
from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.custody import queries as packages
from app.custody import steps as custody
from app.custody.errors import NotTheCustodian
from app.custody.papers import Paper
from app.custody.steps import Moment, Party
from app.dossiers import steps as dossiers
from app.home_service import incidents, papers, required, rules
from app.home_service.errors import MissingFact, UnknownOfficer
from app.home_service.events import (
    HomeVisitCollected,
    HomeVisitDelivered,
    HomeVisitEnRoute,
    HomeVisitFact,
    HomeVisitFailed,
)
from app.home_service.incidents import Kind as Incident
from app.home_service.queries import HomeVisitRow
from app.home_service.reassigning import give_to_another
from app.home_service.reports import Stored
from app.home_service.states import Kind, Report, State
from app.home_service.steps import set_state, tell
from app.rounds import steps as round_steps

TOLD: Final[dict[State, type[HomeVisitFact]]] = {
    State.EN_ROUTE: HomeVisitEnRoute,
    State.SEALED: HomeVisitCollected,
    State.DELIVERED: HomeVisitDelivered,
    State.FAILED: HomeVisitFailed,
    State.ATTEMPT_FAILED: HomeVisitFailed,
}
ENDS_THE_ROUND: Final = frozenset({State.DELIVERED, State.FAILED, State.SUBMITTED, State.HELD})
AGAINST: Final = {
    State.CANCELLED: Incident.COLLECTED_AFTER_CANCELLATION,
    State.FAILED: Incident.COLLECTED_AFTER_FAILURE,
}


async def apply(visit: HomeVisitRow, event: Stored, target: State, *, now: datetime) -> HomeVisitRow:
    """One report's effect: custody first, because it may refuse, then the state, then the world."""
    target = await required.checked(visit, event, target)
    broken = await _move_custody(visit, event)
    await journal.write(
        f"home_visit.reported_{event.type.value}",
        object_kind="home_visit",
        object_id=visit.id,
        at=now,
        detail={"event": str(event.event_id)},
    )
    if target == visit.state:
        return visit
    if broken:
        return await set_state(visit, State.QUARANTINED)
    visit = await set_state(visit, target)
    if event.type is Report.DECLINED:
        await round_steps.end_assignment(visit.id, because="declined")
        return await give_to_another(visit, now=now)
    visit = await _noted(visit, event)
    if target is State.DELIVERED and visit.dossier_number is not None:
        await dossiers.mark_returned(visit.dossier_number, how="home", now=now)
    if target in ENDS_THE_ROUND:
        await round_steps.end_assignment(visit.id, because=target.value, state="done")
    told = TOLD.get(target)
    if told is not None and not (target is State.SEALED and visit.kind == Kind.DELIVERY):
        await tell(told, visit, now=now)
    return visit


async def apply_against(visit: HomeVisitRow, event: Stored, *, now: datetime) -> HomeVisitRow:
    """A bag was sealed after the visit had been called off, or by a courier of before: the papers are in
    it, so the visit is collected, by whom it was, and a supervisor decides what becomes of them.
    """
    kind = AGAINST.get(State(visit.state), Incident.COLLECTED_BY_ANOTHER)
    if visit.courier_id != event.courier_id:
        await in_transaction().execute(
            "UPDATE home_visit SET courier_id = $2 WHERE id = $1", visit.id, event.courier_id
        )
        visit = visit._replace(courier_id=event.courier_id)
    await round_steps.pass_on(visit.id, event.courier_id, because="collected")
    if event.data.get("partial") is not True and not event.data.get("papers"):
        # What was counted is taken as it is: the bag is closed, and nobody can ask at the door any more.
        event = event._replace(data=event.data | {"partial": True})
    visit = await apply(visit, event, State.SEALED, now=now)
    await incidents.open_incident(visit, kind, event_id=event.event_id, now=now)
    return visit


async def _noted(visit: HomeVisitRow, event: Stored) -> HomeVisitRow:
    """What the visit itself remembers of a report: its seal, what is missing, how long a result is held."""
    if event.type is Report.SEALED:
        return await _named_by_its_seal(visit, event)
    if event.type is Report.COUNTED:
        missing = await required.missing_of(visit, event.data)
        await in_transaction().execute(
            "UPDATE home_visit SET missing = $2 WHERE id = $1", visit.id, missing
        )
        return visit._replace(missing=missing)
    return await _hold(visit, event) if visit.state == State.HELD else visit


async def _named_by_its_seal(visit: HomeVisitRow, event: Stored) -> HomeVisitRow:
    await in_transaction().execute(
        "UPDATE home_visit SET seal_number = $2 WHERE id = $1", visit.id, event.data["seal"]
    )
    return visit._replace(seal_number=event.data["seal"])


async def _hold(visit: HomeVisitRow, event: Stored) -> HomeVisitRow:
    """Kept for the citizen at the post office, so many working days."""
    calendar = await centres.load_working_calendar()
    until = local_date(event.effective_at)
    for _ in range(rules.HELD_WORKING_DAYS):
        until = calendar.next_working_day(until)
    await in_transaction().execute("UPDATE home_visit SET held_until = $2 WHERE id = $1", visit.id, until)
    return visit._replace(held_until=until)


async def _move_custody(visit: HomeVisitRow, event: Stored) -> bool:
    """The reports that change whose hands the papers are in; whether a seal was found broken."""
    moment = Moment(event.effective_at, event.received_at)
    bearer = Party("courier", str(event.courier_id))
    if event.type is Report.SEALED:
        await _seal(visit, bearer, event, moment)
        return False
    if event.type is Report.FEE_COLLECTED or visit.seal_number is None:
        return False
    package = await packages.by_seal(visit.seal_number)
    if package.custodian_kind == "courier" and package.custodian_id != bearer.id:
        raise NotTheCustodian
    if event.type is Report.REACHED_HUB:
        package = await custody.hand_over(
            visit.seal_number,
            giver=bearer,
            receiver=Party("post_office", str(event.data["hub"])),
            seal_state=str(event.data.get("seal_state", "intact")),
            moment=moment,
        )
        return package.state == "quarantined"
    given_back = event.type is Report.RETURNED and visit.kind == Kind.COLLECTION
    if event.type is Report.DELIVERED or given_back:
        # What the post office keeps is fetched there; everything else comes out of the courier's hands.
        held = visit.state == State.HELD
        await custody.deliver(
            visit.seal_number,
            giver=Party(package.custodian_kind, package.custodian_id) if held else bearer,
            receiver=Party("citizen", str(visit.citizen_id)),
            moment=moment,
            told="returned" if given_back else "delivered",
        )
    return False


async def _seal(visit: HomeVisitRow, bearer: Party, event: Stored, moment: Moment) -> None:
    """At the door the citizen gives; at the counter an officer gives, a result or papers that go back: two
    parties always.
    """
    outwards = visit.kind == Kind.DELIVERY or visit.state == State.REFUSED_BACK
    counted = await required.counted(visit, event)
    await custody.seal_package(
        seal_number=str(event.data["seal"]),
        home_visit_id=visit.id,
        centre_id=visit.centre_id,
        citizen_id=visit.citizen_id,
        direction=Kind.DELIVERY.value if outwards else visit.kind,
        contents=msgspec.convert(counted.get("papers", []), list[Paper]),
        giver=await _officer(visit, event) if outwards else Party("citizen", str(visit.citizen_id)),
        receiver=bearer,
        moment=moment,
        item_number=event.data.get("item"),
    )


async def _officer(visit: HomeVisitRow, event: Stored) -> Party:
    if "officer" not in event.data:
        raise MissingFact(fact="officer")
    officer_id = await papers.officer_of(visit, event.data["officer"])
    if officer_id is None:
        raise UnknownOfficer
    return Party("officer", str(officer_id))
