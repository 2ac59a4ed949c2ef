"""What a courier's reports say of the rest of the block, and what saying nothing does (pure).

A report says when the courier is free after its door: done with it, at it, or on the way to it. Held
against the plan it makes the courier late, less late, or on time again. The newest word counts, whoever
gave it; earlier than planned is as planned, for that is what the rounds were proved with.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from app.core.clock import at_local
from app.rounds.blocks import TOLD, Lock
from app.rounds.day import Day
from app.rounds.underway import MOVABLE, walked

# Less than this changes no expectation: what people are told is a stretch of forty-five minutes, and a stop
# that is late at all is so by ten minutes on average (COURIER.md 3.4).
STEP: Final = timedelta(minutes=5)
# Older than this when it is heard, a report says where a courier was, not where they are: from one report
# to the next there is a way or the work at a door, which take half an hour (COURIER.md 2.2).
FRESH: Final = timedelta(hours=1)
# Whoever should have set out by now and says nothing is asked for after as long as a guard lasts: by then
# the promise itself is in danger, and most gaps in coverage on a country road are over.
PATIENCE: Final = timedelta(minutes=15)


class Doing(StrEnum):
    """What a courier was last seen doing about a door."""

    ON_THE_WAY = "on_the_way"
    AT_THE_DOOR = "at_the_door"
    DONE = "done"


class Sighting(NamedTuple):
    """The last report of one door that can be trusted. `since` is when they came to the door, if known;
    the position is the device's, where it named one.
    """

    home_visit_id: UUID
    doing: Doing
    at: datetime
    since: datetime | None = None
    lat: float | None = None
    lon: float | None = None


class Concluded(NamedTuple):
    """From when on a courier is free, after which visit; neither, and the courier is on time."""

    clear_of: UUID | None
    clear_at: datetime | None
    as_of: datetime


class Expected(NamedTuple):
    """A door whose person waits for this courier now: when they come, and when they came as planned."""

    home_visit_id: UUID
    eta: datetime
    planned: datetime


def concluded(day: Day, duty: int, seen: Mapping[UUID, Sighting], *, now: datetime) -> Concluded | None:
    """What the newest report of a running duty changes; None where it changes nothing worth telling.

    Nothing is concluded from an old report, nor from one beyond which the courier has gone as far as
    reports say that cannot be trusted.
    """
    run = day.run(duty)
    visits = day.visits_of(duty)
    known = [seen[visit] for visit in visits if visit in seen]
    newest = max(known, key=lambda each: each.at, default=None)
    if run.row.state not in TOLD or newest is None or newest.at < now - FRESH:
        return None
    if run.row.clear_as_of is not None and newest.at < run.row.clear_as_of:
        return None
    done = [at for at, number in enumerate(run.numbers) if run.stops[number].lock not in MOVABLE]
    last = max([*done, visits.index(newest.home_visit_id)])
    if visits[last] not in seen:
        return None
    midnight = at_local(day.head.date, 0)
    planned, current = (
        midnight + timedelta(seconds=[step.free for step in walked(each, now, silence=False)][last])
        for each in (run.on_time(), run)
    )
    free = max(planned, _free_after(day, duty, newest, seen))
    if abs(free - current) < STEP:
        return None
    if free - planned < STEP:
        return Concluded(None, None, newest.at)
    return Concluded(visits[last], free, newest.at)


def _free_after(day: Day, duty: int, newest: Sighting, seen: Mapping[UUID, Sighting]) -> datetime:
    """When the courier is free by a report of theirs; work takes as long as planned."""
    if newest.doing is Doing.DONE:
        return newest.at
    visits = day.visits_of(duty)
    number = day.rounds[duty][visits.index(newest.home_visit_id)]
    stop = day.problem.stops[number]
    service = timedelta(seconds=stop.service)
    opens = at_local(day.head.date, 0) + timedelta(seconds=stop.opens)
    if newest.doing is Doing.AT_THE_DOOR:
        return max(newest.at, max(newest.since or newest.at, opens) + service)
    if newest.lat is not None and newest.lon is not None:
        leg = int(day.roads.away(newest.lat, newest.lon)[stop.point])
    else:
        before = [seen[visit] for visit in visits if visit in seen and visit != newest.home_visit_id]
        last = max(before, key=lambda each: each.at, default=None)
        place = day.problem.duties[duty].depot
        if last is not None:
            place = day.problem.stops[day.rounds[duty][visits.index(last.home_visit_id)]].point
        leg = int(day.problem.travel[place, stop.point])
    return max(newest.at + timedelta(seconds=leg), opens) + service


def waiting(day: Day, duty: int, *, now: datetime) -> Iterator[Expected]:
    """Whoever their courier is on the way to, and who is next; what silence makes of it is left out."""
    run = day.run(duty)
    midnight = at_local(day.head.date, 0)
    steps = list(walked(run, now, silence=False))
    planned = list(walked(run.on_time(), now, silence=False))
    for at, number in enumerate(run.numbers):
        if run.stops[number].lock == Lock.POSITION or at == run.reported:
            yield Expected(
                run.stops[number].home_visit_id,
                midnight + timedelta(seconds=steps[at].start),
                midnight + timedelta(seconds=planned[at].start),
            )


def silent(day: Day, duty: int, *, now: datetime) -> list[UUID]:
    """Doors of a told round of which nothing was heard although their courier should have set out for them
    long ago.
    """
    run = day.run(duty)
    if run.row.state not in TOLD:
        return []
    moment = run.seconds(now - PATIENCE)
    place, found = run.duty.depot, []
    for number in run.numbers:
        stop = run.problem.stops[number]
        leaves = stop.closes - int(run.problem.travel[place, stop.point])
        if run.stops[number].lock in MOVABLE and moment > leaves:
            found.append(run.stops[number].home_visit_id)
        place = stop.point
    return found
