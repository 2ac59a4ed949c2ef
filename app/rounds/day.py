"""The live plan of one day in memory: asked in a fraction of a millisecond, never written to (pure).

A day is a value. Placing a stop gives another day, which becomes everybody's only when its transaction has
committed. There are two views of the same rounds: as planned, from the beginning of every block, which is
what the checker judges and the table stores; and live, in which a courier starts where the stops behind
them end, so that nothing is inserted into the past.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from app.core.clock import at_local
from app.rounds.blocks import NOT, TOLD, Lock, covers
from app.rounds.margins import planning_window
from app.rounds.planning.checker import Fault, Violation, violations
from app.rounds.planning.insertion import LivePlan, Window
from app.rounds.planning.problem import Duty, Plan, Problem, Stop, plan_of, travel_of
from app.rounds.stored import DayRow, DutyRow, StopRow
from app.rounds.travel_model import Model, Roads
from app.rounds.underway import MOVABLE, Run, clear, started, walked

# Others tried out of the way of a stop that fits nowhere: for a promise, and in all for one quote.
MOVES_FOR_A_PROMISE: Final = 24
MOVES_FOR_A_QUOTE: Final = 24


class Asked(NamedTuple):
    """What a visit asks of a round, whatever its window."""

    lat: float
    lon: float
    service_seconds: int
    skills: frozenset[str]
    size: int = 1


class Closed(StrEnum):
    """Why a window cannot be kept."""

    CUTOFF = "cutoff"
    NO_SKILLED_COURIER = "no_skilled_courier"
    FULL = "full"
    AREA_CLOSED = "area_closed"
    CAPACITY = "capacity"


@dataclass(frozen=True)
class Day:
    """One version of one day. Stops are numbered as in `problem`; `rounds` are theirs by duty."""

    head: DayRow
    model: Model
    duties: tuple[DutyRow, ...]
    stops: tuple[StopRow, ...]
    vocabulary: frozenset[str]
    as_of: datetime
    roads: Roads
    problem: Problem
    rounds: tuple[tuple[int, ...], ...]
    behind: tuple[int, ...]
    live_problem: Problem
    live: LivePlan

    @property
    def adrift(self) -> list[int]:
        """Promises in no round of a duty that is worked."""
        held = {number for stops in self.rounds for number in stops}
        return [
            number for number, stop in enumerate(self.stops) if number not in held and stop.lock in MOVABLE
        ]

    @property
    def at_risk(self) -> list[int]:
        """Every promise that is in no round: those adrift, and those no other round may take."""
        adrift = set(self.adrift)
        return [
            number
            for number, stop in enumerate(self.stops)
            if number in adrift or (stop.duty_id is None and stop.lock != Lock.DONE)
        ]

    @property
    def plan(self) -> Plan:
        """The rounds as planned, for the checker and the solver."""
        return plan_of(self.problem, self.rounds)

    def seconds(self, moment: datetime) -> int:
        """Whole seconds since the local midnight the day began with."""
        return int((moment - at_local(self.head.date, 0)).total_seconds())

    def visits_of(self, duty: int) -> list[uuid.UUID]:
        """The visits of one duty in their order."""
        return [self.stops[number].home_visit_id for number in self.rounds[duty]]

    def quote(self, asked: Asked, windows: Sequence[tuple[datetime, datetime]]) -> list[bool]:
        """For each window whether it can be kept; nothing is held by it."""
        planned = [self._window(*window) for window in windows]
        stop = self._stop(-1, asked.service_seconds, planned[0], asked.skills, asked.size)
        there = self.roads.towards(asked.lat, asked.lon)
        back = self.roads.away(asked.lat, asked.lon)
        return [place is not None for place in self.live.quote(stop, planned, there, back)]

    def why_not(self, asked: Asked, window: tuple[datetime, datetime]) -> Closed:
        """Why no duty of the day can keep the window."""
        opens, closes = self._window(*window)
        skilled = [
            number
            for number, duty in enumerate(self.live_problem.duties)
            if duty.starts <= closes and duty.ends >= opens and asked.skills <= duty.skills
        ]
        if not skilled:
            return Closed.NO_SKILLED_COURIER
        if all(self.live.room_of(number) < asked.size for number in skilled):
            return Closed.CAPACITY
        return Closed.FULL

    def run(self, duty: int) -> Run:
        """One duty with its stops, as planned and with what was heard of its courier."""
        return Run(
            self.problem, self.stops, self.duties[duty], self.rounds[duty], self.problem.duties[duty]
        )

    def etas(self, duty: int) -> list[datetime]:
        """When work starts at each stop of a duty, late ones included: of those behind its courier as
        planned and heard, and of the others from where and when the courier is free.
        """
        stops, behind = self.rounds[duty], self.behind[duty]
        midnight = at_local(self.head.date, 0)
        starts = [step.start for step in walked(self.run(duty), self.as_of)][:behind]
        block = self.live_problem.duties[duty]
        time, place = block.starts, block.leaves_from
        for number in stops[behind:]:
            stop = self.problem.stops[number]
            start = max(time + int(self.problem.travel[place, stop.point]), stop.opens)
            starts.append(start)
            time, place = start + stop.service, stop.point
        return [midnight + timedelta(seconds=start) for start in starts]

    def clear(self, duty: int) -> tuple[uuid.UUID | None, datetime]:
        """The last visit behind a courier, and when they are free after it."""
        found = clear(self.run(duty), self.as_of)
        last = self.stops[self.rounds[duty][found.behind - 1]].home_visit_id if found.behind else None
        return last, at_local(self.head.date, 0) + timedelta(seconds=found.free)

    def faults_ahead(self) -> list[Violation]:
        """What the checker finds wrong with what couriers still have ahead of them, as they stand now."""
        ahead = {number for duty in range(len(self.duties)) for number in self.live.stops_of(duty)}
        found = violations(self.live_problem, self.live.plan)
        return [each for each in found if each.fault is not Fault.UNSERVED or each.stop in ahead]

    def stop_row(
        self, home_visit_id: uuid.UUID, asked: Asked, starts_at: datetime, ends_at: datetime
    ) -> StopRow:
        """The stop a visit with this window would be."""
        opens, closes = planning_window(starts_at, ends_at, guard_seconds=self.head.guard_seconds)
        return StopRow(
            home_visit_id,
            self.head.date,
            None,
            None,
            Lock.FREE.value,
            asked.lat,
            asked.lon,
            opens,
            closes,
            asked.service_seconds,
            asked.size,
            sorted(asked.skills),
            0,
            None,
            "",
        )

    def placed(self, row: StopRow, *, moves_tried: int = MOVES_FOR_A_PROMISE) -> "Placed | None":
        """The day with one more stop at its cheapest place, moving at most one other; or None.

        Only a stop whose citizen knows no courier yet is moved, and to nobody who has been told a round.
        """
        number = len(self.stops)
        point = len(self.roads)
        roads = self.roads.with_point(row.lat, row.lon)
        window = Window(self.seconds(row.opens_at), self.seconds(row.closes_at))
        stop = self._stop(point, row.service_seconds, window, frozenset(row.skills), row.size)
        live_problem = _with_stop(self.live_problem, stop, roads)
        live = self.live.forked(live_problem)
        if not live.add(number) and not (
            moves_tried and live.add_by_moving_one(number, moves_tried, movable=self.movable())
        ):
            return None
        changed = self._differing(live)
        told = [duty for duty in changed if self.duties[duty].state in TOLD]
        if any({*live.stops_of(duty)} - {*self.live.stops_of(duty), number} for duty in told):
            return None  # the one moved would go into a round that is told
        rounds, stops = list(self.rounds), [*self.stops, row]
        for duty in changed:
            rounds[duty] = self.rounds[duty][: self.behind[duty]] + live.stops_of(duty)
            for seq, each in enumerate(rounds[duty], start=1):
                stops[each] = _at(stops[each], self.duties[duty], seq)
        at = next(duty for duty in changed if number in rounds[duty])
        day = replace(
            self,
            stops=tuple(stops),
            vocabulary=self.vocabulary | set(row.skills),
            roads=roads,
            problem=_with_stop(self.problem, stop, roads),
            rounds=tuple(rounds),
            live_problem=live_problem,
            live=live,
        )
        extra = sum(
            _road(live_problem, duty, live.stops_of(duty))
            - _road(self.live_problem, duty, self.live.stops_of(duty))
            for duty in changed
        )
        return Placed(day, at, changed, extra)

    def refitted(self, loose: Sequence[int]) -> "Refitted":
        """The day with these stops at other places, moving at most one other for each of them."""
        live = self.live.forked(self.live_problem)
        held = set().union(*(self.live.stops_of(duty) for duty in range(len(self.duties))))
        for number in held & set(loose):
            live.remove(number)
        movable = set(self.movable()) - set(loose)
        left = [
            number
            for number in loose
            if not live.add_by_moving_one(number, MOVES_FOR_A_PROMISE, movable=movable)
        ]
        changed = self._differing(live)
        rounds, stops = list(self.rounds), list(self.stops)
        for duty in changed:
            rounds[duty] = self.rounds[duty][: self.behind[duty]] + live.stops_of(duty)
            for seq, each in enumerate(rounds[duty], start=1):
                stops[each] = _at(stops[each], self.duties[duty], seq)
        day = replace(self, stops=tuple(stops), rounds=tuple(rounds), live=live)
        return Refitted(day, changed, left)

    def movable(self) -> list[int]:
        """Stops whose citizens know no courier yet."""
        return [
            number
            for duty, row in enumerate(self.duties)
            if row.state not in TOLD
            for number in self.live.stops_of(duty)
            if self.stops[number].lock == Lock.FREE
        ]

    def _differing(self, live: LivePlan) -> list[int]:
        return [duty for duty in range(len(self.duties)) if live.stops_of(duty) != self.live.stops_of(duty)]

    def _window(self, starts_at: datetime, ends_at: datetime) -> Window:
        opens, closes = planning_window(starts_at, ends_at, guard_seconds=self.head.guard_seconds)
        return Window(self.seconds(opens), self.seconds(closes))

    def _stop(
        self, point: int, service_seconds: int, window: Window, skills: frozenset[str], size: int
    ) -> Stop:
        service = round(service_seconds * self.head.inflation)
        return Stop(point, window.opens, window.closes, service, skills, size)


def build(
    head: DayRow,
    model: Model,
    duties: Sequence[DutyRow],
    stops: Sequence[StopRow],
    *,
    asked: Collection[str] = (),
    now: datetime,
) -> Day:
    """A day from its rows as they stood together; `asked` are skills the day may be asked for."""
    duties = tuple(sorted(duties, key=lambda duty: duty.id))
    places: dict[uuid.UUID | None, int] = {duty.id: number for number, duty in enumerate(duties)}
    placed = tuple(sorted(stops, key=lambda stop: (places.get(stop.duty_id, len(places)), stop.seq or 0)))
    vocabulary = frozenset(asked).union(*(stop.skills for stop in placed))
    offices = {(duty.lat, duty.lon): None for duty in duties}
    depot_of = {office: number for number, office in enumerate(offices)}
    points = [*offices, *((stop.lat, stop.lon) for stop in placed)]
    where = np.array(points, dtype=np.float64).reshape(-1, 2)
    roads = Roads(model, where[:, 0], where[:, 1], head.inflation)

    midnight = at_local(head.date, 0)
    blocks = tuple(
        Duty(
            str(duty.courier_id),
            int((duty.starts_at - midnight).total_seconds()),
            int((duty.ends_at - midnight).total_seconds()),
            depot_of[duty.lat, duty.lon],
            skills,
            duty.capacity,
        )
        for duty, skills in zip(duties, _skills(duties, vocabulary), strict=True)
    )
    doors = tuple(
        Stop(
            len(offices) + number,
            int((stop.opens_at - midnight).total_seconds()),
            int((stop.closes_at - midnight).total_seconds()),
            round(stop.service_seconds * head.inflation),
            frozenset(stop.skills),
            stop.size,
            promised=stop.lock != Lock.DONE,
        )
        for number, stop in enumerate(placed)
    )
    problem = Problem(doors, blocks, roads.as_matrix())
    by_duty: defaultdict[uuid.UUID | None, list[int]] = defaultdict(list)
    for number, stop in enumerate(placed):
        by_duty[stop.duty_id].append(number)
    rounds = tuple(tuple(by_duty[duty.id]) for duty in duties)
    under_way = [
        started(Run(problem, placed, row, numbers, block), now)
        for row, numbers, block in zip(duties, rounds, blocks, strict=True)
    ]
    live_problem = replace(problem, duties=tuple(duty for duty, _ in under_way))
    behind = tuple(count for _, count in under_way)
    ahead = [stops[count:] for stops, count in zip(rounds, behind, strict=True)]
    return Day(
        head=head,
        model=model,
        duties=duties,
        stops=placed,
        vocabulary=vocabulary,
        as_of=now,
        roads=roads,
        problem=problem,
        rounds=rounds,
        behind=behind,
        live_problem=live_problem,
        live=LivePlan(live_problem, plan_of(live_problem, ahead)),
    )


def _skills(duties: Sequence[DutyRow], vocabulary: frozenset[str]) -> list[frozenset[str]]:
    """What each duty covers of all that is asked that day. Most have the same skills: looked at once."""
    personal = {asked for asked in vocabulary if asked.startswith(NOT)}
    general = vocabulary - personal
    seen: dict[tuple[str, ...], frozenset[str]] = {}
    found = []
    for duty in duties:
        key = tuple(duty.skills)
        if key not in seen:
            own = frozenset(key)
            seen[key] = frozenset(a for a in general if covers(own, a, courier_id=duty.courier_id))
        found.append(seen[key] | {a for a in personal if covers((), a, courier_id=duty.courier_id)})
    return found


def _at(stop: StopRow, duty: DutyRow, seq: int) -> StopRow:
    """The stop at its place; in a round its citizens were told of, it stays with the courier."""
    told = stop.lock == Lock.FREE and duty.state in TOLD
    lock = Lock.COURIER.value if told else stop.lock
    return stop._replace(duty_id=duty.id, seq=seq, lock=lock, at_risk_since=None, at_risk_because="")


def _with_stop(problem: Problem, stop: Stop, roads: Roads) -> Problem:
    return replace(problem, stops=(*problem.stops, stop), travel=roads.as_matrix())


def _road(problem: Problem, duty: int, stops: Sequence[int]) -> int:
    rounds: list[Sequence[int]] = [()] * len(problem.duties)
    rounds[duty] = stops
    return travel_of(problem, plan_of(problem, rounds))


class Refitted(NamedTuple):
    """A day with stops at other places: which duties changed, and which stops found no place."""

    day: Day
    changed: list[int]
    left: list[int]


class Placed(NamedTuple):
    """A day with one more stop: in which duty, which duties changed, and how much longer the road got."""

    day: Day
    duty: int
    changed: list[int]
    extra_seconds: int
