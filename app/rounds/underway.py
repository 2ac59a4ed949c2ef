"""Where a courier stands in a round: which doors are behind them, when they are free again (pure)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.core.clock import at_local
from app.rounds.blocks import TOLD, DutyState, Lock
from app.rounds.margins import NOTICE
from app.rounds.planning.problem import Duty, Problem
from app.rounds.stored import DutyRow, StopRow

MOVABLE: Final = frozenset({Lock.FREE, Lock.COURIER})


class Run(NamedTuple):
    """One duty of a day with its stops (numbers of the problem) in their order."""

    problem: Problem
    stops: Sequence[StopRow]
    row: DutyRow
    numbers: Sequence[int]
    duty: Duty

    def seconds(self, moment: datetime) -> int:
        return int((moment - at_local(self.row.date, 0)).total_seconds())

    @property
    def reported(self) -> int:
        """How many of the stops lie before the courier's next one, as far as anybody said."""
        said = [
            count
            for count, number in enumerate(self.numbers, start=1)
            if self.stops[number].lock not in MOVABLE
            or (self.row.clear_at is not None and self.row.clear_of == self.stops[number].home_visit_id)
        ]
        return max(said, default=0)

    def on_time(self) -> "Run":
        """As planned, whatever was heard of lateness."""
        return self._replace(row=self.row._replace(clear_of=None, clear_at=None))


class Step(NamedTuple):
    """Work at one door: when it starts, from when on the courier is free, and whether it has begun."""

    start: int
    free: int
    begun: bool


class Clear(NamedTuple):
    """How many stops are behind a courier, from when on they are free, and at which point."""

    behind: int
    free: int
    where: int


def started(run: Run, now: datetime) -> tuple[Duty, int]:
    """The duty as its courier can still change it, and how many of its stops are behind them.

    Behind is what was reported, what may not change its position, and what the plan says has begun: a
    telephone without signal is no reason to think that nothing happened.
    """
    duty, row = run.duty, run.row
    if row.state == DutyState.CLOSED:
        return duty._replace(capacity=0), len(run.numbers)
    soonest = run.seconds(now + NOTICE)
    on_time = row.clear_at is None
    if (
        on_time
        and soonest <= duty.starts
        and all(run.stops[number].lock in MOVABLE for number in run.numbers)
    ):
        return duty, 0
    behind, free, where = clear(run, now)
    carried = sum(run.problem.stops[number].size for number in run.numbers[:behind])
    return (
        duty._replace(
            starts=max(free, soonest),
            capacity=duty.capacity - carried,
            under_way_at=where if behind else None,
        ),
        behind,
    )


def clear(run: Run, now: datetime) -> Clear:
    """Where the courier is free, walking the round until the last door behind them."""
    found = Clear(0, free_at_office(run), run.duty.depot)
    for count, (number, step) in enumerate(zip(run.numbers, walked(run, now), strict=True), start=1):
        if step.begun:
            found = Clear(count, step.free, run.problem.stops[number].point)
    return found


def free_at_office(run: Run) -> int:
    """When the courier sets out: as planned, or as a late one said before the first door."""
    row = run.row
    if row.clear_at is None or row.clear_of is not None:
        return run.duty.starts
    return max(run.duty.starts, run.seconds(row.clear_at))


def walked(run: Run, now: datetime, *, silence: bool = True) -> Iterator[Step]:
    """The round walked as planned; where a late courier is known to be free later, from there on.

    With `silence`, a door of a told round of which nothing was heard although its courier should have set
    out by now is reached by a courier who sets out now: until more is heard, nobody comes sooner. It stays
    where it is, as begun as the plan says.
    """
    problem, stops, row, numbers, duty = run
    soonest = run.seconds(now + NOTICE)
    # After the block nobody sets out.
    leaves = min(run.seconds(now), duty.ends)
    silent_at = run.reported + 1 if silence and row.state in TOLD else None
    time, place = free_at_office(run), duty.depot
    for count, number in enumerate(numbers, start=1):
        stop, lock = problem.stops[number], stops[number].lock
        leg = int(problem.travel[place, stop.point])
        start = max(time + leg, stop.opens)
        # Nobody is at a door they can only reach when its window has closed.
        begun = start <= min(soonest, stop.closes) or lock not in MOVABLE
        if count == silent_at and leaves > stop.closes - leg:
            start = max(start, leaves + leg)
        free = start + stop.service
        if row.clear_at is not None and row.clear_of == stops[number].home_visit_id:
            free, begun = run.seconds(row.clear_at), True
            if lock != Lock.DONE:
                start = max(start, free - stop.service)
        yield Step(start, free, begun)
        time, place = free, stop.point
