"""What a home visit costs and who took it: the few places where a visit and its money meet."""

from collections.abc import Collection
from datetime import date, datetime

from app.centres import queries as centres
from app.core.clock import local_date
from app.home_service.errors import MissingFact
from app.home_service.events import HomeVisitPaid
from app.home_service.queries import HomeVisitRow, family_of
from app.home_service.reports import PartnerEvent
from app.home_service.states import Kind, Report, State
from app.home_service.steps import tell
from app.payments import queries as payments
from app.payments import receipts, steps
from app.payments.rules import Bill, Purse, Void
from app.payments.steps import Bearer, Money
from app.procedures import queries as procedures
from app.rounds.queries import CourierRow
from app.rounds.rules import distance_km


async def bill_of(visit: HomeVisitRow) -> Bill:
    """What the visit costs, with what its dossier still owes from the visit before."""
    return await payments.bill_of(*await family_of(visit))


async def charge(visit: HomeVisitRow, *, now: datetime) -> None:
    """What it will cost, as prices stand on the day of the promise: state fees when papers are fetched or
    submitted online, postage for each leg that carries papers. Online a fee may be another than the
    catalogue's: what the portal asks is what is taken.
    """
    on = local_date(now)
    online = visit.kind == Kind.ASSISTED_ONLINE
    found = await procedures.by_codes(visit.procedure_codes, on=on)
    centre = await centres.any_centre(visit.centre_id)
    await steps.charge(
        visit.id,
        kind=visit.kind,
        procedures=[found[code] for code in visit.procedure_codes if code in found],
        with_fees=visit.kind != Kind.DELIVERY,
        fee_is_known=not online,
        km=distance_km(centre.lat, centre.lon, visit.lat, visit.lon),
        on=on,
        now=now,
    )


async def taken(
    visit: HomeVisitRow, courier: CourierRow, event: PartnerEvent, *, at: datetime, now: datetime
) -> str | None:
    """Book what a courier says they took, whatever the visit's state is by now; a stable code when
    something about it is not as it should be. It counts for the day it effectively happened on.
    """
    data = event.data
    if event.type is not Report.FEE_COLLECTED:
        return None
    day = local_date(at)
    purse = Purse(data.get("kind", Purse.STATE))
    family = await family_of(visit)
    unknown = None
    if data.get("waiver"):
        unknown = await freed(visit, purse=purse, group=str(data["waiver"]), on=day, now=now)
    if not data["amount"]:
        wrong = await spoiled(courier, event, day=day, now=now)
        return unknown or wrong
    money = Money(
        visit_id=visit.id,
        family=family,
        purse=purse,
        amount_vnd=int(data["amount"]),
        receipt=str(data["receipt"]),
        day=day,
        centre_id=visit.centre_id,
        event_id=event.event_id,
    )
    booked = await steps.take_at_door(money, Bearer(courier.id, courier.partner_id), now=now)
    if booked.entry_id is not None:
        await tell(HomeVisitPaid, visit, now=now, entry_id=booked.entry_id)
    wrong = await spoiled(courier, event, day=day, now=now)
    return unknown or booked.wrong or wrong


async def spoiled(courier: CourierRow, event: PartnerEvent, *, day: date, now: datetime) -> str | None:
    """Receipts the courier spoiled while writing one; a stable code when one is not as it should be."""
    numbers = [str(number) for number in event.data.get("spoiled", [])]
    return await receipts.void(
        courier.partner_id, numbers, courier_id=courier.id, on=day, because=Void.SPOILED, now=now
    )


async def freed(visit: HomeVisitRow, *, purse: Purse, group: str, on: date, now: datetime) -> str | None:
    """The paper of a group that does not pay was shown; a stable code when it frees nothing here."""
    found = await procedures.by_codes(visit.procedure_codes, on=on)
    return await steps.free(
        visit.id,
        await family_of(visit),
        purse=purse,
        code=group,
        centre_id=visit.centre_id,
        sectors={code: row.sector for code, row in found.items()},
        on=on,
        now=now,
    )


async def require_paid(visit: HomeVisitRow, target: State) -> None:
    """A result is given against payment, or a reason why none is owed: the report waits for the one of the
    money. Raises `MissingFact`.
    """
    if target is State.DELIVERED and (await bill_of(visit)).owed_in_all:
        raise MissingFact(fact="fee_collected")


async def let_go(
    visit: HomeVisitRow, *, because: str, now: datetime, purses: Collection[Purse] = tuple(Purse)
) -> None:
    """It will not be done: nothing is due, and what was paid is owed back by whoever took it."""
    await steps.let_go(
        visit.id,
        await family_of(visit),
        purses=purses,
        centre_id=visit.centre_id,
        day=local_date(now),
        because=because,
        now=now,
    )


async def let_go_of_ended(visit: HomeVisitRow, *, now: datetime) -> None:
    """A door where nothing was done costs nothing; papers that went back cost their way, and no fee."""
    if visit.state == State.FAILED:
        await let_go(visit, because="failed", now=now)
    elif visit.state == State.RETURNED and visit.kind == Kind.COLLECTION:
        await let_go(visit, because="returned", now=now, purses=(Purse.STATE,))


async def due_again(visit: HomeVisitRow, *, now: datetime) -> None:
    """A visit that failed is tried again: what was paid for it is no longer owed back."""
    await steps.due_again(
        visit.id, await family_of(visit), centre_id=visit.centre_id, day=local_date(now), now=now
    )
