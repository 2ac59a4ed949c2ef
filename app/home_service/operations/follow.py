"""Couriers followed through the day by what their telephones say: who is late is known before anybody
calls.

Every minute the rounds under way are held against the last reports. Most are as expected, which is seen
without a lock; a round that is not is an operation of its own, and twice is once.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from app.core import journal, outbox
from app.core.clock import local_date
from app.core.database import fetch, fetch_row, in_transaction
from app.core.operation import operation
from app.home_service import incidents, queries, rules
from app.home_service.ahead import ahead_of, visits_of
from app.home_service.events import HomeVisitLate
from app.home_service.incidents import Kind as Incident
from app.home_service.queries import HomeVisitRow
from app.home_service.reassigning import Dispatched, tell_whom_it_concerns
from app.home_service.sightings import seen_on
from app.home_service.states import TO_REACH, State
from app.rounds import lateness, live, plans, trouble
from app.rounds import queries as rounds
from app.rounds.blocks import TOLD
from app.rounds.day import Day
from app.rounds.lateness import Expected

# Rounds looked after in one tick; the rest has its turn a minute later.
AT_ONCE: Final = 50


class Followed(NamedTuple):
    """What became of one round: visits somebody else comes to, those nobody can come to in time, those told
    a later time, and those a supervisor is asked to call about.
    """

    moved: list[uuid.UUID]
    at_risk: list[uuid.UUID]
    told: list[uuid.UUID]
    called: list[uuid.UUID]


class Heard(NamedTuple):
    """What was said before: visits told that their courier is late, and those called about in vain."""

    late: Collection[uuid.UUID]
    silent: Collection[uuid.UUID]


async def runs_to_follow(*, now: datetime) -> list[uuid.UUID]:
    """The duties of today that are not as everybody was told, at most so many."""
    date = local_date(now)
    day = (await plans.at([date], now=now)).get(date)
    if day is None:
        return []
    seen = await seen_on(date, now=now)
    silent = {number: set(lateness.silent(day, number, now=now)) for number in range(len(day.duties))}
    heard = await _heard(day, set().union(*silent.values()))
    late = {
        number for number, row in enumerate(day.duties) if row.clear_at is not None and row.state in TOLD
    }
    expected = {number: list(lateness.waiting(day, number, now=now)) for number in late}
    visits = await queries.by_ids({each.home_visit_id for every in expected.values() for each in every})
    found = [
        row.id
        for number, row in enumerate(day.duties)
        if lateness.concluded(day, number, seen.get(row.id, {}), now=now) is not None
        or silent[number] - set(heard.silent)
        or any(_is_news(each, visits, heard, now=now) for each in expected.get(number, ()))
    ]
    return found[:AT_ONCE]


@operation
async def follow_run(*, duty_id: uuid.UUID, now: datetime) -> Followed:
    """Hold one duty against the last reports: times follow, promises that break go elsewhere, and whoever
    waits is told once. Out of silence nothing is moved and nobody is told: a supervisor is asked to call.
    """
    nothing = Followed([], [], [], [])
    row = await fetch_row("SELECT courier_id, date FROM duty WHERE id = $1", duty_id)
    if row is None:
        return nothing
    visits = {visit.id: visit for visit in await visits_of(row["courier_id"], row["date"])}
    day = (await live.locked([row["date"]], now=now))[row["date"]]
    number = _number_of(day, duty_id)
    if number is None or day.duties[number].state not in TOLD:
        return nothing
    gone = Dispatched([], [])
    seen = (await seen_on(row["date"], now=now, duty_id=duty_id)).get(duty_id, {})
    said = lateness.concluded(day, number, seen, now=now)
    if said is not None:
        shaken = await trouble.follow(day, number, said, ahead_of([*visits.values()]), now=now)
        await journal.write(
            "courier.behind" if said.clear_at else "courier.on_time",
            object_kind="courier",
            object_id=row["courier_id"],
            at=now,
            detail={"duty": str(duty_id), "until": said.clear_at and said.clear_at.isoformat()},
        )
        gone = await tell_whom_it_concerns(shaken, because="courier_late", now=now)
        day = (await live.locked([row["date"]], now=now))[row["date"]]
        number = _number_of(day, duty_id)
        assert number is not None, "a duty that is late is still worked"
        # What came into the round has just been locked as well.
        visits = await queries.by_ids(day.visits_of(number))
    heard = await _heard(day, lateness.silent(day, number, now=now))
    told = await _tell(day, number, visits, heard, now=now)
    return Followed(*gone, told, await _call(day, number, visits, heard, now=now))


def _number_of(day: Day, duty_id: uuid.UUID) -> int | None:
    return next((number for number, row in enumerate(day.duties) if row.id == duty_id), None)


async def _heard(day: Day, silent_now: Collection[uuid.UUID]) -> Heard:
    late = await fetch(
        "SELECT home_visit_id FROM round_stop WHERE date = $1 AND late_told_at IS NOT NULL", day.head.date
    )
    silent = (
        await fetch(
            "SELECT home_visit_id FROM visit_incident WHERE kind = $1 AND home_visit_id = ANY($2)",
            Incident.COURIER_SILENT.value,
            list(silent_now),
        )
        if silent_now
        else []
    )
    return Heard({row["home_visit_id"] for row in late}, {row["home_visit_id"] for row in silent})


def _is_news(
    each: Expected, visits: Mapping[uuid.UUID, HomeVisitRow], heard: Heard, *, now: datetime
) -> bool:
    """Not told yet and late, or told and late no more."""
    visit = visits.get(each.home_visit_id)
    if visit is None or visit.courier_id is None or State(visit.state) not in TO_REACH:
        return False
    late = rules.is_late(each.eta, planned=each.planned, ends_at=visit.ends_at)
    if each.home_visit_id in heard.late:
        return not late
    return late and each.eta > now  # a time that has passed is no news


async def _tell(
    day: Day, duty: int, visits: Mapping[uuid.UUID, HomeVisitRow], heard: Heard, *, now: datetime
) -> list[uuid.UUID]:
    """Whoever waits for the courier now hears the new time, once for each lateness."""
    told: list[uuid.UUID] = []
    for each in lateness.waiting(day, duty, now=now):
        if not _is_news(each, visits, heard, now=now):
            continue
        visit = visits[each.home_visit_id]
        late = visit.id not in heard.late
        await in_transaction().execute(
            "UPDATE round_stop SET late_told_at = $2 WHERE home_visit_id = $1",
            visit.id,
            now if late else None,
        )
        if not late:
            continue
        if each.eta > visit.ends_at:
            # On the way, and later than was promised: nobody is nearer, but somebody should know.
            await incidents.open_incident(visit, Incident.PROMISE_AT_RISK, event_id=None, now=now)
        courier = await rounds.courier_by_id(day.duties[duty].courier_id)
        await outbox.record(
            HomeVisitLate(
                occurred_at=now,
                home_visit_id=visit.id,
                centre_id=visit.centre_id,
                visit_kind=visit.kind,
                version=visit.version,
                partner_id=courier.partner_id if courier else None,
                courier_id=visit.courier_id,
                expected_at=each.eta,
            )
        )
        await journal.write(HomeVisitLate.kind, object_kind="home_visit", object_id=visit.id, at=now)
        told.append(visit.id)
    return told


async def _call(
    day: Day, duty: int, visits: Mapping[uuid.UUID, HomeVisitRow], heard: Heard, *, now: datetime
) -> list[uuid.UUID]:
    """A supervisor is asked, once for each visit, to find out about a courier of whom nothing is heard."""
    called: list[uuid.UUID] = []
    for visit_id in lateness.silent(day, duty, now=now):
        visit = visits.get(visit_id)
        if visit is None or visit_id in heard.silent or State(visit.state) not in TO_REACH:
            continue
        await incidents.open_incident(visit, Incident.COURIER_SILENT, event_id=None, now=now)
        called.append(visit_id)
    return called
