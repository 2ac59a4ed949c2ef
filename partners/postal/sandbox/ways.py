"""Which reports bring a visit from where it stands to where it shall stand (pure)."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from app.home_service.states import MOVES, Kind, Report, State

# Where a visit of each kind is when all went well.
NATURAL_END: Final = {
    Kind.COLLECTION: State.AT_CENTRE,
    Kind.DELIVERY: State.DELIVERED,
    Kind.ASSISTED_ONLINE: State.SUBMITTED,
}


class Step(NamedTuple):
    """One report and where it leads; no report where the counter receives the package."""

    report: Report | None
    leads_to: State


def way(kind: Kind, start: State, end: State) -> Sequence[Step] | None:
    """The fewest steps from one state to another, or None where no courier brings it there."""
    found: dict[State, tuple[Step, ...]] = {start: ()}
    to_look_from = deque([start])
    while to_look_from and end not in found:
        here = to_look_from.popleft()
        for step in _steps_from(kind, here):
            if step.leads_to not in found:
                found[step.leads_to] = (*found[here], step)
                to_look_from.append(step.leads_to)
    return found.get(end)


def _steps_from(kind: Kind, here: State) -> Iterator[Step]:
    for (before, report), after in MOVES[kind].items():
        if before is here:
            yield Step(report, after)
    if kind is not Kind.COLLECTION:
        return
    if here is State.ARRIVED:
        # The same report, with a paper missing.
        yield Step(Report.COUNTED, State.INCOMPLETE)
    if here is State.HANDED_OVER:
        yield Step(None, State.AT_CENTRE)
