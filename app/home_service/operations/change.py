"""Cancel a visit, or move it to another window."""

import uuid
from datetime import datetime

from app.appointments import steps as appointments
from app.appointments.places import Channel
from app.core.database import fetch_row, in_transaction
from app.core.operation import operation
from app.home_service import fees, queries, rules
from app.home_service.errors import VisitUnderWay, WindowGone
from app.home_service.events import HomeVisitCancelled, HomeVisitMoved, HomeVisitRescheduled
from app.home_service.queries import COLUMNS, HomeVisitRow, VisitFile
from app.home_service.states import BEFORE_THE_DOOR, MAY_BE_MOVED, Kind, State
from app.home_service.steps import alternatives, give_to_courier, locked, set_state, tell
from app.rounds import steps as rounds


@operation
async def cancel(*, home_visit_id: uuid.UUID, citizen_id: uuid.UUID, now: datetime) -> VisitFile:
    """Give the window back and tell the courier. Twice is once; refused once somebody is on the way."""
    visit = await locked(home_visit_id, citizen_id=citizen_id)
    if visit.state == State.CANCELLED:
        return await queries.file_of(visit)
    if State(visit.state) not in BEFORE_THE_DOOR:
        raise VisitUnderWay(state=visit.state)
    visit = await set_state(visit, State.CANCELLED)
    await appointments.release_place(visit.slot_id, channel=Channel.ONLINE)
    await rounds.end_assignment(visit.id, because="cancelled")
    await fees.let_go(visit, because="cancelled", now=now)
    await tell(HomeVisitCancelled, visit, now=now)
    return await queries.file_of(visit)


@operation
async def reschedule(
    *, home_visit_id: uuid.UUID, citizen_id: uuid.UUID, window_id: uuid.UUID, now: datetime
) -> VisitFile:
    """The same visit and reference in another window of the same zone; on a refusal the old one stands.

    What came to nothing at the door is tried again in the same way.
    """
    visit = await locked(home_visit_id, citizen_id=citizen_id)
    return await queries.file_of(await _swap(visit, window_id, now=now))


@operation
async def move_on(*, home_visit_id: uuid.UUID, window_id: uuid.UUID, now: datetime) -> VisitFile:
    """The same by the centre, which has closed the window: the person is told of it.

    Raises `VisitUnderWay`, and `WindowGone` when somebody was quicker or no courier can come.
    """
    visit = await _swap(await locked(home_visit_id), window_id, now=now)
    await tell(HomeVisitMoved, visit, now=now)
    return await queries.file_of(visit)


async def _swap(visit: HomeVisitRow, window_id: uuid.UUID, *, now: datetime) -> HomeVisitRow:
    if State(visit.state) not in MAY_BE_MOVED:
        raise VisitUnderWay(state=visit.state)
    # Both slots in id order, as everybody locks them: two citizens who swap windows would deadlock.
    await in_transaction().execute(
        "SELECT id FROM slot WHERE id = ANY($1) ORDER BY id FOR UPDATE", [visit.slot_id, window_id]
    )
    window = await fetch_row(
        "SELECT id, starts_at, ends_at FROM slot WHERE id = $1 AND pool_id = $2",
        window_id,
        visit.pool_id,
    )
    if (
        window is None
        or not rules.may_still_be_promised(window["starts_at"], now=now)
        or not await appointments.take_place(window_id, channel=Channel.ONLINE)
    ):
        raise WindowGone(alternatives=await _others(visit, now))
    await appointments.release_place(visit.slot_id, channel=Channel.ONLINE)
    await rounds.end_assignment(visit.id, because="rescheduled")
    if visit.state == State.FAILED:
        await fees.due_again(visit, now=now)
    row = await in_transaction().fetchrow(
        "UPDATE home_visit SET slot_id = $2, starts_at = $3, ends_at = $4, state = $5,"
        f" courier_id = NULL, missing = '{{}}', version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        visit.id,
        window_id,
        window["starts_at"],
        window["ends_at"],
        State.CONFIRMED.value,
    )
    visit = await give_to_courier(HomeVisitRow(*row), now=now)
    if visit.state != State.ASSIGNED:
        raise WindowGone(alternatives=await _others(visit, now))
    await tell(HomeVisitRescheduled, visit, now=now)
    return visit


async def _others(visit: HomeVisitRow, now: datetime) -> list[dict[str, str]]:
    return await alternatives(
        Kind(visit.kind),
        visit.procedure_codes[0],
        lat=visit.lat,
        lon=visit.lon,
        commune=visit.commune,
        now=now,
    )
