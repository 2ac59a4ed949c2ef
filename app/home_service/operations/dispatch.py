"""A partner's own dispatcher names the courier of a visit, where its contract says that it does.

The window was proved for the round it is in; another courier of the partner may have it if their round
keeps it too, and every promise that is there already. From then on no planner gives it to anybody else.
"""

import uuid
from datetime import date, datetime

from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.operation import operation
from app.home_service.errors import (
    CourierNotQualified,
    CourierOffDuty,
    HomeVisitNotFound,
    PartnerDoesNotAssign,
    VisitUnderWay,
    WouldBreakPromise,
)
from app.home_service.queries import HomeVisitRow
from app.home_service.states import BEFORE_THE_DOOR, Kind, State
from app.home_service.steps import locked, name_courier, place_of, put_into_round
from app.rounds import asking, contracts, live
from app.rounds import queries as rounds
from app.rounds.blocks import covers, required
from app.rounds.day import Day
from app.rounds.queries import CourierRow
from app.rounds.stored import DutyRow


@operation
async def assign_by_partner(
    *, partner_id: uuid.UUID, home_visit_id: uuid.UUID, courier: str, now: datetime
) -> HomeVisitRow:
    """Give a visit of the partner to another of its couriers; twice is once.

    Refused, with everything as it was: another partner's visit (404), a contract in which we assign, a
    courier without the skills or not on duty in the window, a round that cannot keep all its promises.
    """
    visit = await locked(home_visit_id)
    day_of_visit = local_date(visit.starts_at)
    holder = await _holder(visit.id)
    if holder is None or holder.partner_id != partner_id:
        raise HomeVisitNotFound
    await _refuse_where_we_assign(partner_id, day_of_visit)
    if State(visit.state) not in BEFORE_THE_DOOR:
        raise VisitUnderWay(state=visit.state)
    chosen = await rounds.courier(partner_id, courier)
    if chosen.id == visit.courier_id:
        return visit
    day = (await live.locked([day_of_visit], now=now))[day_of_visit]
    place = await place_of(visit, now=now)
    asked = required(visit.kind, visit.procedure_codes, place.commune)
    _refuse_unfit(_duties(day, chosen, visit), asked, chosen)
    return await _move(visit, day, chosen, now=now)


async def _holder(home_visit_id: uuid.UUID) -> CourierRow | None:
    """In whose round the visit is, told or not; of one in no round, who had it last."""
    courier_id = await in_transaction().fetchval(
        "SELECT coalesce((SELECT duty.courier_id FROM round_stop JOIN duty ON duty.id = round_stop.duty_id"
        "                  WHERE round_stop.home_visit_id = $1),"
        "                (SELECT courier_id FROM assignment WHERE home_visit_id = $1"
        "                  ORDER BY generation DESC LIMIT 1))",
        home_visit_id,
    )
    return None if courier_id is None else await rounds.courier_by_id(courier_id)


async def _refuse_where_we_assign(partner_id: uuid.UUID, day: date) -> None:
    contract = contracts.on(await contracts.of_partner(partner_id), day)
    if contract is None or contract.assigned_by != "partner":
        raise PartnerDoesNotAssign


def _duties(day: Day, courier: CourierRow, visit: HomeVisitRow) -> list[DutyRow]:
    """The courier's blocks that meet the window."""
    return [
        duty
        for duty in day.duties
        if duty.courier_id == courier.id
        and duty.starts_at < visit.ends_at
        and duty.ends_at > visit.starts_at
    ]


def _refuse_unfit(duties: list[DutyRow], asked: frozenset[str], courier: CourierRow) -> None:
    if not duties:
        raise CourierOffDuty
    if not any(all(covers(duty.skills, each, courier_id=courier.id) for each in asked) for duty in duties):
        raise CourierNotQualified


async def _move(visit: HomeVisitRow, day: Day, courier: CourierRow, *, now: datetime) -> HomeVisitRow:
    others = {duty.courier_id for duty in day.duties} - {courier.id}
    wish = (await place_of(visit, now=now)).wish(Kind(visit.kind), visit.procedure_codes)
    asked = await asking.what(wish._replace(not_by=others))
    if await asking.is_area_closed(wish, visit.starts_at, visit.ends_at):
        raise WouldBreakPromise
    await live.take_out(visit.id, now=now)
    without = await live.locked([day.head.date], now=now, asked=asked.skills)
    made = await put_into_round(visit, without[day.head.date], asked, because="partner", now=now)
    if made is None:
        raise WouldBreakPromise
    await journal.write(
        "home_visit.given_by_partner",
        object_kind="home_visit",
        object_id=visit.id,
        at=now,
        detail={"courier": str(courier.id)},
    )
    return await name_courier(visit, now=now)
