"""Closing an area, and opening it again: who is promised something there, and who is told."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.operation import operation
from app.home_service import closed_areas
from app.home_service.closed_areas import ClosureImpact, Inside, Promised, impact_of
from app.home_service.errors import ClosureStale
from app.home_service.events import HomeVisitReassigned
from app.home_service.queries import HomeVisitRow, by_ids
from app.home_service.reassigning import Dispatched, tell_whom_it_concerns
from app.home_service.steps import locked, tell
from app.rounds import closures, held_back, live
from app.rounds.closures import Area, Closure, ClosureKind
from app.rounds.errors import AreaNotValid
from app.rounds.shifts import CALM, Shaken


class Announced(NamedTuple):
    """A closure, what it did to promises made before, and whom that left at risk now."""

    closure: Closure
    impact: ClosureImpact
    told: Dispatched


class Lifted(NamedTuple):
    """A closure that is none any more, and the promises that are in a round again, or still in none."""

    closure: Closure
    kept_again: list[uuid.UUID]
    still_at_risk: list[uuid.UUID]


class Draft(NamedTuple):
    """What somebody wants to close; `starts_at` None is from now on."""

    area: Area
    starts_at: datetime | None
    ends_at: datetime
    kind: ClosureKind
    reason_vi: str
    reason_en: str


async def preview_closure(*, draft: Draft, now: datetime) -> ClosureImpact:
    """What closing the area would do, as things stand; nothing is written. Raises `AreaNotValid`."""
    return impact_of(await closed_areas.inside(await _drafted(draft, by=None, now=now), now=now))


@operation
async def announce_closure(
    *, draft: Draft, seen: str, officer_id: uuid.UUID | None, now: datetime
) -> Announced:
    """Close an area from a moment to another: no window there is promised to anybody from now on, and every
    promise inside that has not begun is at risk, its person told and a supervisor called.

    Raises `AreaNotValid`, or `ClosureStale` with fresh figures when other visits lie inside than were seen.
    """
    closure = await _drafted(draft, by=officer_id, now=now)
    await closures.write(closure)
    found = await _locked_inside(closure, now=now)
    impact = impact_of(found)
    if impact.seen != seen:
        raise ClosureStale(impact=impact)
    shaken = CALM
    for day, promised in sorted(_by_day(found.taken).items()):
        shaken = shaken.with_more(
            await held_back.hold_back(
                day,
                to_reach=[each.visit.id for each in promised if not each.is_carried],
                carried=[each.visit.id for each in promised if each.is_carried],
                now=now,
            )
        )
    told = await tell_whom_it_concerns(shaken, because=held_back.AREA_CLOSED, now=now)
    return Announced(closure, impact, told)


@operation
async def lift_closure(*, closure_id: uuid.UUID, officer_id: uuid.UUID | None, now: datetime) -> Lifted:
    """The area is served again: promises held back find rounds where there is room. Twice is once.

    What another closure still holds stays out. Raises `ClosureNotFound`.
    """
    closure = await closures.lift(closure_id, by=officer_id, now=now)
    if closure is None:
        return Lifted(await closures.by_id(closure_id), [], [])
    freed = await _freed(now=now)
    shaken = CALM
    for day, visits in sorted(freed.items()):
        await live.locked([day], now=now)
        shaken = shaken.with_more(await held_back.put_back(day, visits, now=now))
    await tell_whom_it_concerns(shaken, because=held_back.AREA_CLOSED, now=now)
    return await _told_again(
        closure, shaken, {each for visits in freed.values() for each in visits}, now=now
    )


async def _drafted(draft: Draft, *, by: uuid.UUID | None, now: datetime) -> Closure:
    closure = closures.drafted(
        draft.area,
        starts_at=draft.starts_at or now,
        ends_at=draft.ends_at,
        kind=draft.kind,
        reason_vi=draft.reason_vi,
        reason_en=draft.reason_en,
        by=by,
        now=now,
    )
    on = local_date(closure.starts_at)
    for code in closure.communes or ():
        if await centres.unit_on(code, on=on) is None:
            raise AreaNotValid
    return closure


async def _locked_inside(closure: Closure, *, now: datetime) -> Inside:
    """Its visits are locked before their days, as everybody does. Who was promised a window in between is
    locked after the day: a crossing is found by PostgreSQL, and the operation runs again.
    """
    seen = await closed_areas.inside(closure, now=now)
    await closed_areas.inside(closure, ids=_ids(seen), now=now)
    await live.hold_days(local_date(closure.starts_at), local_date(closure.ends_at))
    return await closed_areas.inside(
        closure, ids=_ids(await closed_areas.inside(closure, now=now)), now=now
    )


def _ids(found: Inside) -> list[uuid.UUID]:
    return [each.visit.id for each in (*found.taken, *found.begun)]


def _by_day(promised: Iterable[Promised]) -> dict[date, list[Promised]]:
    found: defaultdict[date, list[Promised]] = defaultdict(list)
    for each in promised:
        found[local_date(each.visit.starts_at)].append(each)
    return found


async def _freed(*, now: datetime) -> dict[date, list[uuid.UUID]]:
    """Visits held back that no closure holds any more and whose window is not over, locked by id."""
    found: defaultdict[date, list[uuid.UUID]] = defaultdict(list)
    for visit_id in sorted(await held_back.held_back(since=local_date(now))):
        visit = await locked(visit_id)
        if visit.ends_at > now and not await closed_areas.is_held(visit, now=now):
            found[local_date(visit.starts_at)].append(visit.id)
    return found


async def _told_again(closure: Closure, shaken: Shaken, freed: set[uuid.UUID], *, now: datetime) -> Lifted:
    """Whoever was told that nobody may come hears who comes after all, once a name is known."""
    visits: dict[uuid.UUID, HomeVisitRow] = await by_ids(freed & set(shaken.moved))
    for visit in visits.values():
        if visit.courier_id is not None:
            await tell(HomeVisitReassigned, visit, now=now)
    return Lifted(closure, sorted(visits), sorted(freed & set(shaken.at_risk)))
