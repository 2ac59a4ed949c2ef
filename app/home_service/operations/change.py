"""Cancel a visit, or move it to another window."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime

from app.appointments import steps as appointments
from app.appointments.places import Channel
from app.core.clock import local_date
from app.core.database import fetch_row, fetch_value, in_transaction
from app.core.operation import operation
from app.home_service import fees, queries, rules, windows
from app.home_service.errors import VisitUnderWay, WindowGone
from app.home_service.events import HomeVisitCancelled, HomeVisitMoved, HomeVisitRescheduled
from app.home_service.queries import COLUMNS, HomeVisitRow, VisitFile
from app.home_service.states import BEFORE_THE_DOOR, MAY_BE_MOVED, Kind, State
from app.home_service.steps import locked, name_courier, place_of, put_into_round, set_state, tell
from app.rounds import asking, live, plans
from app.rounds import steps as rounds
from app.rounds.day import Asked, Day
from app.rounds.plans import Turn


class _NotKept(Exception):
    """The window cannot be kept; what can is looked for after the transaction has ended."""


@operation
async def cancel(*, home_visit_id: uuid.UUID, citizen_id: uuid.UUID, now: datetime) -> VisitFile:
    """Give window and round back, and tell the courier. Twice is once; refused once they are on the way."""
    visit = await locked(home_visit_id, citizen_id=citizen_id)
    if visit.state == State.CANCELLED:
        return await queries.file_of(visit)
    if State(visit.state) not in BEFORE_THE_DOOR:
        raise VisitUnderWay(state=visit.state)
    await live.locked([local_date(visit.starts_at)], now=now)
    await live.take_out(visit.id, now=now)
    visit = await set_state(visit, State.CANCELLED)
    await appointments.release_place(visit.slot_id, channel=Channel.ONLINE)
    await rounds.end_assignment(visit.id, because="cancelled")
    await fees.let_go(visit, because="cancelled", now=now)
    await tell(HomeVisitCancelled, visit, now=now)
    return await queries.file_of(visit)


async def reschedule(
    *, home_visit_id: uuid.UUID, citizen_id: uuid.UUID, window_id: uuid.UUID, now: datetime
) -> VisitFile:
    """The same visit and reference in another window of the same zone; on a refusal the old one stands.

    What came to nothing at the door is tried again in the same way.
    """
    return await _in_turn(
        lambda turn: _reschedule(
            home_visit_id=home_visit_id, citizen_id=citizen_id, window_id=window_id, turn=turn, now=now
        ),
        home_visit_id,
        window_id,
        now=now,
    )


async def move_on(*, home_visit_id: uuid.UUID, window_id: uuid.UUID, now: datetime) -> VisitFile:
    """The same by the centre, which has closed the window: the person is told of it.

    Raises `VisitUnderWay`, and `WindowGone` when somebody was quicker or no courier can come.
    """
    return await _in_turn(
        lambda turn: _move_on(home_visit_id=home_visit_id, window_id=window_id, turn=turn, now=now),
        home_visit_id,
        window_id,
        now=now,
    )


async def _in_turn(
    change: Callable[[Turn], Awaitable[VisitFile]],
    home_visit_id: uuid.UUID,
    window_id: uuid.UUID,
    *,
    now: datetime,
) -> VisitFile:
    """In the turn of the days concerned; a window that is gone is answered with windows that are not."""
    try:
        async with plans.turn(await _days_of(home_visit_id, window_id)) as turn:
            return await change(turn)
    except _NotKept:
        visit = await queries.by_id(home_visit_id)
        assert visit is not None
        place = await place_of(visit, now=now)
        found = await windows.others(place, Kind(visit.kind), visit.procedure_codes, now=now)
        raise WindowGone(alternatives=found) from None


async def _days_of(home_visit_id: uuid.UUID, window_id: uuid.UUID) -> list[date]:
    moments = (
        await fetch_value("SELECT starts_at FROM home_visit WHERE id = $1", home_visit_id),
        await fetch_value("SELECT starts_at FROM slot WHERE id = $1", window_id),
    )
    return [local_date(moment) for moment in moments if moment is not None]


@operation
async def _reschedule(
    *, home_visit_id: uuid.UUID, citizen_id: uuid.UUID, window_id: uuid.UUID, turn: Turn, now: datetime
) -> VisitFile:
    visit = await locked(home_visit_id, citizen_id=citizen_id)
    return await queries.file_of(await _swap(visit, window_id, turn=turn, now=now))


@operation
async def _move_on(
    *, home_visit_id: uuid.UUID, window_id: uuid.UUID, turn: Turn, now: datetime
) -> VisitFile:
    visit = await _swap(await locked(home_visit_id), window_id, turn=turn, now=now)
    await tell(HomeVisitMoved, visit, now=now)
    return await queries.file_of(visit)


async def _swap(visit: HomeVisitRow, window_id: uuid.UUID, *, turn: Turn, now: datetime) -> HomeVisitRow:
    if State(visit.state) not in MAY_BE_MOVED:
        raise VisitUnderWay(state=visit.state)
    window = await fetch_row(
        "SELECT id, starts_at, ends_at FROM slot WHERE id = $1 AND pool_id = $2",
        window_id,
        visit.pool_id,
    )
    if window is None or not rules.may_still_be_promised(window["starts_at"], now=now):
        raise _NotKept
    wish = (await place_of(visit, now=now)).wish(Kind(visit.kind), visit.procedure_codes)
    declined = await rounds.who_declined(visit.id)
    asked = await asking.what(wish._replace(not_by=declined))
    day = await _freed(visit, local_date(window["starts_at"]), asked, now=now)
    # Asked once the days are locked: whoever closes an area holds them too.
    if await asking.is_area_closed(wish, window["starts_at"], window["ends_at"]):
        raise _NotKept
    # Both slots in id order, as everybody locks them: two citizens who swap windows would deadlock.
    await in_transaction().execute(
        "SELECT id FROM slot WHERE id = ANY($1) ORDER BY id FOR UPDATE", [visit.slot_id, window_id]
    )
    if not await appointments.take_place(window_id, channel=Channel.ONLINE):
        raise _NotKept
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
    visit = HomeVisitRow(*row)
    turn.made = await put_into_round(visit, day, asked, because="rescheduled", now=now)
    if turn.made is None:
        raise _NotKept
    visit = await name_courier(visit, now=now)
    await tell(HomeVisitRescheduled, visit, now=now)
    return visit


async def _freed(visit: HomeVisitRow, to: date, asked: Asked, *, now: datetime) -> Day:
    """The day the visit goes to, without the visit; both days are locked in their order."""
    days = await live.locked({local_date(visit.starts_at), to}, now=now, asked=asked.skills)
    if to not in days:
        raise _NotKept
    stop = await live.take_out(visit.id, now=now)
    if stop is None or stop.date != to:
        return days[to]
    return (await live.locked([to], now=now, asked=asked.skills))[to]
