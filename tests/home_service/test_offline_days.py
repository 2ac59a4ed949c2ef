"""A day without signal: however often and in whatever order its reports arrive, it comes to the same."""

import itertools
import os
import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

import pytest

from app.core.database import DB
from app.custody import proof
from app.custody import queries as custody
from app.home_service import folding, operations, rules, states
from app.home_service.operations.report import Outcome
from app.home_service.states import Kind, Report, State
from tests.home_service.conftest import PARTNER, Promise, collection, new_seal, package_of, state_of

DAYS = 5000 if os.environ.get("MOTCUA_LONG") else 200
ORDERS = 24
LONGEST = 12


class Reported(NamedTuple):
    event_id: uuid.UUID
    type: Report
    device_seq: int


class Day(NamedTuple):
    """What a day came to."""

    state: State
    physical: frozenset[uuid.UUID]


def lived(kind: Kind, chance: random.Random) -> list[Reported]:
    """A day as it happened: any way through the table of moves, with money taken somewhere."""
    state, day, seq = State.ASSIGNED, [], 0
    for _ in range(chance.randint(1, LONGEST)):
        moves = [report for before, report in states.MOVES[kind] if before is state]
        if chance.random() < 0.1:
            moves = [Report.FEE_COLLECTED]
        if not moves:
            break
        seq += chance.randint(1, 3)
        day.append(Reported(uuid.UUID(int=chance.getrandbits(128)), chance.choice(moves), seq))
        after = states.after(kind, state, day[-1].type)
        assert after is not None
        state = after
    return day


def folded(kind: Kind, arrivals: Iterable[Reported]) -> Day:
    """As the operation does it: keep what is new, apply what can be applied, until nothing more can."""
    state, reached = State.ASSIGNED, -1
    stored: dict[uuid.UUID, Reported] = {}
    applied: dict[uuid.UUID, Reported] = {}
    for arrival in arrivals:
        stored.setdefault(arrival.event_id, arrival)
        while True:
            waiting = [
                event
                for event in stored.values()
                if event.event_id not in applied and folding.still_counts(event, reached=reached)
            ]
            found = folding.next_of(kind, state, waiting)
            if found is None:
                break
            event, state = found
            applied[event.event_id] = event
            if event.type is not Report.FEE_COLLECTED:
                reached = event.device_seq
    physical = {event.event_id for event in applied.values() if event.type in rules.PHYSICAL}
    return Day(state, frozenset(physical))


def orders(day: Sequence[Reported], chance: random.Random) -> Iterable[list[Reported]]:
    """Every order of a short day, some of a long one; and with any of it twice."""
    if len(day) <= 4:
        yield from (list(order) for order in itertools.permutations(day))
    for _ in range(ORDERS):
        again = [*day, *chance.choices(day, k=chance.randint(0, len(day)))]
        chance.shuffle(again)
        yield again


@pytest.mark.parametrize("kind", list(Kind))
def test_a_day_in_any_order_and_twice_comes_to_what_happened(kind: Kind) -> None:
    chance = random.Random(kind.value)
    for _ in range(DAYS):
        day = lived(kind, chance)
        happened = folded(kind, day)
        assert happened.physical == {e.event_id for e in day if e.type in rules.PHYSICAL}

        for order in orders(day, chance):
            assert folded(kind, order) == happened, (day, order)


@pytest.mark.parametrize("dice", range(3))
async def test_a_clock_hours_off_is_flagged_and_what_it_saw_is_kept(promise: Promise, dice: int) -> None:
    """Ahead or behind, the device's count orders the reports; both its time and ours stay on record."""
    chance = random.Random(dice)
    visit, seal = await promise(), new_seal()
    off = timedelta(hours=5)
    story = [
        e._replace(occurred_at=e.occurred_at + off * (n % 3 - 1))
        for n, e in enumerate(collection(visit, seal), start=dice)
    ]
    received = visit.ends_at
    arrivals = [*story, *chance.choices(story, k=4)]
    chance.shuffle(arrivals)

    answers = [
        await operations.apply_partner_event(partner_id=PARTNER, event=e, now=received) for e in arrivals
    ]

    assert {answer.outcome for answer in answers} <= {Outcome.APPLIED, Outcome.DUPLICATE}
    assert await state_of(visit) == "handed_over"
    assert DB.pool is not None
    kept = {
        row["event_id"]: row
        for row in await DB.pool.fetch(
            "SELECT event_id, occurred_at, received_at, clock_suspect, applied_as FROM visit_event"
        )
    }
    for one in story:
        row = kept[one.event_id]
        assert (row["occurred_at"], row["received_at"]) == (one.occurred_at, received)
        assert row["clock_suspect"] == (one.occurred_at > received + rules.CLOCK_TOLERANCE)
        assert row["applied_as"] is not None
    assert {row["clock_suspect"] for row in kept.values()} == {True, False}
    package = await package_of(visit)
    assert proof.fault(package, await custody.chain(package.id)) is None
