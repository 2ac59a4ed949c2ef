"""A day without signal: however often and in whatever order its reports arrive, it comes to the same."""

import itertools
import os
import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from app.core.database import DB
from app.custody import proof
from app.custody import queries as custody
from app.home_service import clocks, folding, operations, queries, reports, rules, states
from app.home_service.operations.report import Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.reports import Device, PartnerEvent
from app.home_service.states import Kind, Report, State, is_at_the_door
from tests.home_service.conftest import (
    PARTNER,
    Promise,
    another,
    collection,
    new_seal,
    state_of,
)

DAYS = 5000 if os.environ.get("MOTCUA_LONG") else 200
STORED_DAYS = 2000 if os.environ.get("MOTCUA_LONG") else 200
ORDERS = 24
LONGEST = 12
COMES_TO = {
    Report.ARRIVED: "arrived",
    Report.COUNTED: "counted",
    Report.SEALED: "sealed",
    Report.REACHED_HUB: "at_hub",
    Report.HANDED_OVER: "handed_over",
}
HANDS = {
    Report.ARRIVED: (),
    Report.COUNTED: (),
    Report.SEALED: ("sealed",),
    Report.REACHED_HUB: ("sealed", "handed_over"),
    Report.HANDED_OVER: ("sealed", "handed_over"),
}


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


class Kept(NamedTuple):
    """What is stored of a day, whatever way it came in."""

    state: str
    applied: frozenset[uuid.UUID]
    suspect: frozenset[uuid.UUID]
    hands: tuple[str, ...]


async def kept_of(visit: HomeVisitRow) -> Kept:
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT event_id, applied_as, clock_suspect FROM visit_event WHERE home_visit_id = $1", visit.id
    )
    package = await custody.of_visit(visit.id)
    links = [] if package is None else await custody.chain(package.id)
    assert package is None or proof.fault(package, links) is None
    return Kept(
        await state_of(visit),
        frozenset(row["event_id"] for row in rows if row["applied_as"] is not None),
        frozenset(row["event_id"] for row in rows if row["clock_suspect"]),
        tuple(link.type for link in links),
    )


def batches(day: Sequence[PartnerEvent], chance: random.Random) -> list[list[PartnerEvent]]:
    """The day in any order, some of it twice, cut anywhere."""
    sent = [*day, *chance.choices(day, k=chance.randint(0, len(day)))]
    chance.shuffle(sent)
    cut = chance.randint(1, len(sent))
    return [part for part in (sent[:cut], sent[cut:]) if part]


def by_a_clock(day: Sequence[PartnerEvent], off: timedelta, sent_at: datetime | None) -> list[PartnerEvent]:
    """The same day as a device tells it whose clock is off."""
    device = Device(sent_at=sent_at, device_id="phone-1")
    return [event._replace(occurred_at=event.occurred_at + off, device=device) for event in day]


async def send(*parts: list[PartnerEvent], received: datetime) -> None:
    for part in parts:
        for one in reports.timed(part, now=received):
            answer = await operations.apply_partner_event(partner_id=PARTNER, event=one, now=received)
            assert answer.outcome in {Outcome.APPLIED, Outcome.DUPLICATE}, answer


async def test_a_stored_day_in_any_order_twice_and_by_any_clock_comes_to_the_same(
    promise: Promise,
) -> None:
    """On PostgreSQL: the state, what was applied and the chain of custody; all of a day's reports are
    flagged when the clock was hours off, ahead or behind, and none when it was right.
    """
    chance, first = random.Random(4), await promise()
    for _ in range(STORED_DAYS):
        visit = await another(first)
        off = timedelta(hours=chance.choice((-9, -5, 0, 0, 5, 9)))
        received = visit.ends_at + timedelta(hours=chance.randint(0, 9))
        story = collection(visit, new_seal())[: chance.randint(3, 8)]
        day = by_a_clock(story, off, received + off)

        await send(*batches(day, chance), received=received)

        kept = await kept_of(visit)
        everything = frozenset(event.event_id for event in day)
        last = [one.type for one in day if one.type is not Report.FEE_COLLECTED][-1]
        assert kept.state == COMES_TO[last]
        assert kept.applied == everything
        assert kept.suspect == (everything if off else frozenset())
        assert kept.hands == HANDS[last]
        effective = [step.occurred_at for step in (await queries.file_of(visit)).steps]
        happened = [event.occurred_at for event in story]
        assert sorted(effective) == happened, "by the time of sending a clock is put right"


@pytest.mark.parametrize("hours", [-5, -3, 3, 5])
async def test_without_the_time_of_sending_a_clock_hours_off_is_flagged_all_the_same(
    promise: Promise, hours: int
) -> None:
    """Ahead it says what has not happened yet, behind that somebody was at the door before the courier
    can have been; what it saw is kept, and dated as well as can be told.
    """
    visit = await promise()
    off = timedelta(hours=hours)
    received = visit.starts_at + timedelta(minutes=10)
    day = by_a_clock(collection(visit, new_seal()), off, None)

    await send(day, received=received)

    kept = await kept_of(visit)
    assert kept.state == "handed_over"
    assert kept.applied == {event.event_id for event in day}
    at_the_door = {e.event_id for e in day if is_at_the_door(Kind.COLLECTION, e.type)}
    assert at_the_door <= kept.suspect
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT event_id, occurred_at, received_at, effective_at FROM visit_event ORDER BY device_seq"
    )
    assert [row["occurred_at"] for row in rows] == [event.occurred_at for event in day]
    assert {row["received_at"] for row in rows} == {received}
    for row in rows:
        if row["event_id"] in at_the_door:
            assert visit.starts_at - clocks.EARLY_AT_THE_DOOR <= row["effective_at"] <= received
