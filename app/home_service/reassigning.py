"""Another round for a promise: who comes now, who is told so, and whom a supervisor must look after.

Joined by whatever shakes a round: a courier who declines, is late or absent, a shift or a contract that
shrinks, an area that is closed.
"""

import uuid
from datetime import datetime
from typing import NamedTuple

from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import in_transaction
from app.home_service import incidents
from app.home_service.events import HomeVisitAtRisk, HomeVisitReassigned
from app.home_service.queries import COLUMNS, HomeVisitRow
from app.home_service.states import TO_REACH, Kind, State
from app.home_service.steps import name_courier, place_of, put_into_round, tell
from app.rounds import asking, live
from app.rounds import queries as rounds
from app.rounds import steps as round_steps
from app.rounds.shifts import Shaken
from app.rounds.trouble import WITH_COURIER


class Dispatched(NamedTuple):
    """The visits somebody else comes to, and those nobody can come to in time."""

    moved: list[uuid.UUID]
    at_risk: list[uuid.UUID]


async def give_to_another(visit: HomeVisitRow, *, now: datetime) -> HomeVisitRow:
    """Another round for a visit whose courier declined it: nobody who declined is asked again. Where no
    round can keep it, it names nobody and is at risk.
    """
    date = local_date(visit.starts_at)
    declined = await round_steps.who_declined(visit.id)
    wish = (await place_of(visit, now=now)).wish(Kind(visit.kind), visit.procedure_codes)
    asked = await asking.what(wish._replace(not_by=declined))
    await live.locked([date], now=now)
    await live.take_out(visit.id, now=now)
    day = (await live.locked([date], now=now, asked=asked.skills)).get(date)
    if day is None or await put_into_round(visit, day, asked, because="declined", now=now) is not None:
        return await name_courier(visit, now=now)
    await live.add_at_risk(day, visit.id, asked, visit.starts_at, visit.ends_at, now=now)
    await journal.write("home_visit.at_risk", object_kind="home_visit", object_id=visit.id, at=now)
    return await _escalate(visit, because="declined", now=now)


async def tell_whom_it_concerns(shaken: Shaken, *, because: str, now: datetime) -> Dispatched:
    """After rounds were shaken: the visits name who comes, and whoever was told another name hears it."""
    rows = await in_transaction().fetch(
        f"SELECT {COLUMNS} FROM home_visit WHERE id = ANY($1) ORDER BY id FOR UPDATE",
        sorted({*shaken.moved, *shaken.at_risk}),
    )
    told = Dispatched([], [])
    for visit in (HomeVisitRow(*row) for row in rows):
        if visit.id in shaken.at_risk:
            since = await _at_risk_since(visit.id)
            if since == now:  # each time it falls at risk it is told once
                await _escalate(visit, because=because, now=now)
                told.at_risk.append(visit.id)
        elif State(visit.state) in TO_REACH:
            await _send_another(visit, because=because, now=now)
            told.moved.append(visit.id)
        else:
            # Its courier has the package, or is at the door: no other round brings it.
            await _escalate(visit, because=WITH_COURIER, now=now)
            told.at_risk.append(visit.id)
    return told


async def _send_another(visit: HomeVisitRow, *, because: str, now: datetime) -> None:
    """Whoever was on the way is not; the person hears who comes now, if a name was told before."""
    before = visit.courier_id
    if await round_steps.courier_told(visit.id) is None:
        await round_steps.end_assignment(visit.id, because=because)
    visit = await name_courier(await _at_home_again(visit), now=now)
    if before is not None and visit.courier_id not in (before, None):
        await tell(HomeVisitReassigned, visit, now=now)


async def _escalate(visit: HomeVisitRow, *, because: str, now: datetime) -> HomeVisitRow:
    """A supervisor is called, the partner and the person are told."""
    why = await _at_risk_because(visit.id) or because
    courier = await rounds.courier_by_id(visit.courier_id) if visit.courier_id else None
    if State(visit.state) in TO_REACH and why != WITH_COURIER:
        await round_steps.end_assignment(visit.id, because=because)
        visit = await name_courier(await _at_home_again(visit), now=now)
    visit = await _as_another_version(visit)  # what is told each time it falls at risk names it
    await incidents.open_incident(visit, incidents.Kind.PROMISE_AT_RISK, event_id=None, now=now)
    await outbox.record(
        HomeVisitAtRisk(
            occurred_at=now,
            home_visit_id=visit.id,
            centre_id=visit.centre_id,
            visit_kind=visit.kind,
            version=visit.version,
            partner_id=None if courier is None else courier.partner_id,
            courier_id=None if courier is None else courier.id,
            reason=why,
        )
    )
    return visit


async def _at_risk_since(home_visit_id: uuid.UUID) -> datetime | None:
    since: datetime | None = await in_transaction().fetchval(
        "SELECT at_risk_since FROM round_stop WHERE home_visit_id = $1", home_visit_id
    )
    return since


async def _at_risk_because(home_visit_id: uuid.UUID) -> str | None:
    why: str | None = await in_transaction().fetchval(
        "SELECT at_risk_because FROM round_stop WHERE home_visit_id = $1", home_visit_id
    )
    return why


async def _as_another_version(visit: HomeVisitRow) -> HomeVisitRow:
    row = await in_transaction().fetchrow(
        f"UPDATE home_visit SET version = version + 1 WHERE id = $1 RETURNING {COLUMNS}", visit.id
    )
    return HomeVisitRow(*row)


async def _at_home_again(visit: HomeVisitRow) -> HomeVisitRow:
    """A visit somebody had set out for waits as before; its version says that something changed."""
    if visit.state != State.EN_ROUTE:
        return visit
    row = await in_transaction().fetchrow(
        f"UPDATE home_visit SET state = $2, version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        visit.id,
        State.CONFIRMED.value,
    )
    return HomeVisitRow(*row)
