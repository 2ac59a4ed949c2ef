"""Where a courier stands in a round: which doors are behind them, when they are free again (pure)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.core.clock import at_local
from app.rounds.blocks import DutyState, Lock
from app.rounds.margins import NOTICE
from app.rounds.planning.problem import Duty, Problem
from app.rounds.stored import DutyRow, StopRow

MOVABLE: Final = frozenset({Lock.FREE, Lock.COURIER})


def started(
    problem: Problem,
    stops: Sequence[StopRow],
    duties: Sequence[DutyRow],
    rounds: Sequence[Sequence[int]],
    at: int,
    now: datetime,
) -> tuple[Duty, int]:
    """The duty as its courier can still change it, and how many of its stops are behind them.

    Behind is what was reported, what may not change its position, and what the plan says has begun: a
    telephone without signal is no reason to think that nothing happened.
    """
    duty, row = problem.duties[at], duties[at]
    if row.state == DutyState.CLOSED:
        return duty._replace(capacity=0), len(rounds[at])
    midnight = at_local(row.date, 0)
    soonest = int((now + NOTICE - midnight).total_seconds())
    on_time = row.clear_at is None
    if on_time and soonest <= duty.starts and all(stops[number].lock in MOVABLE for number in rounds[at]):
        return duty, 0
    behind, free, where = clear(problem, stops, row, rounds[at], duty, soonest)
    carried = sum(problem.stops[number].size for number in rounds[at][:behind])
    return (
        duty._replace(
            starts=max(free, soonest),
            capacity=duty.capacity - carried,
            under_way_at=where if behind else None,
        ),
        behind,
    )


class Clear(NamedTuple):
    """How many stops are behind a courier, from when on they are free, and at which point."""

    behind: int
    free: int
    where: int


def clear(
    problem: Problem,
    stops: Sequence[StopRow],
    row: DutyRow,
    numbers: Sequence[int],
    duty: Duty,
    soonest: int,
) -> Clear:
    """The round walked as planned; where a late courier said when they are free, from there on."""
    said = None if row.clear_at is None else int((row.clear_at - at_local(row.date, 0)).total_seconds())
    time, place = duty.starts, duty.depot
    if said is not None and row.clear_of is None:
        time = max(time, said)
    found = Clear(0, time, place)
    for count, number in enumerate(numbers, start=1):
        stop = problem.stops[number]
        time = max(time + int(problem.travel[place, stop.point]), stop.opens)
        begun = time <= soonest or stops[number].lock not in MOVABLE
        time, place = time + stop.service, stop.point
        if said is not None and row.clear_of == stops[number].home_visit_id:
            time, begun = said, True
        if begun:
            found = Clear(count, time, place)
    return found
