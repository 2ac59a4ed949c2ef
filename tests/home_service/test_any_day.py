"""Days in which anything happens in any order: after every step the rounds keep what was promised, the
visits name who comes, and nothing is lost.
"""

import os
import random
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.core.errors import Refusal
from app.home_service import operations, queries
from app.home_service.operations.report import PartnerEvent
from app.home_service.operations.trouble import Trouble
from app.home_service.states import TO_REACH, Report, State
from app.rounds import plans
from app.rounds.day import Day
from app.rounds.excerpt import improved
from app.rounds.optimising import adopt, claim
from app.rounds.planning.checker import Fault, violations
from tests.home_service.conftest import LAT, LON, PARTNER, Hire, Publish, Zone, ask, door
from tests.rounds.placing import order

STEPS = 60
COURIERS = ("tu", "ha", "mai")
GUARD = timedelta(minutes=15)


class AnyDay:
    """Citizens, couriers and dispatchers of one day, with dice."""

    def __init__(self, zone: Zone, day: date, now: datetime, dice: int) -> None:
        self.zone, self.day, self.now = zone, day, now
        self.chance = random.Random(dice)
        self.live: dict[uuid.UUID, uuid.UUID] = {}
        self.seq = 0
        self.followed = 0
        self.passes = False

    def window(self) -> uuid.UUID:
        return self.chance.choice(self.zone.windows).id

    async def promise(self) -> None:
        where = door(lat=LAT + self.chance.uniform(-0.06, 0.06), lon=LON + self.chance.uniform(-0.06, 0.06))
        visit = await ask(self.zone, self.now, window_id=self.window(), door=where)
        self.live[visit.id] = visit.citizen_id

    async def cancel(self) -> None:
        visit = self.somebody()
        await operations.cancel(home_visit_id=visit, citizen_id=self.live[visit], now=self.now)
        del self.live[visit]

    async def reschedule(self) -> None:
        visit = self.somebody()
        await operations.reschedule(
            home_visit_id=visit, citizen_id=self.live[visit], window_id=self.window(), now=self.now
        )

    async def decline(self) -> None:
        visit = await queries.by_id(self.somebody())
        assert visit is not None
        if visit.courier_id is None:
            return
        assert DB.pool is not None
        name = await DB.pool.fetchval("SELECT external_id FROM courier WHERE id = $1", visit.courier_id)
        self.seq += 1
        event = PartnerEvent(
            uuid.uuid4(),
            visit.id,
            Report.DECLINED,
            self.now,
            self.seq,
            name,
            LAT,
            LON,
            {"reason": "vehicle"},
        )
        await operations.apply_partner_event(partner_id=PARTNER, event=event, now=self.now)

    async def shift(self) -> None:
        await operations.put_shift(
            partner_id=PARTNER,
            external_id=self.chance.choice(COURIERS),
            day=self.day,
            starts_at=at_local(self.day, self.chance.choice([7, 7, 9, 13])),
            ends_at=at_local(self.day, self.chance.choice([15, 18, 19])),
            capacity=self.chance.choice([2, 6, 30, 30]),
            now=self.now,
        )

    async def tell(self) -> None:
        duties = await DB.pool.fetch("SELECT id FROM duty WHERE state = 'planned'")  # type: ignore[union-attr]
        if duties:
            await operations.publish_duty(duty_id=self.chance.choice(duties)["id"], now=self.now)

    async def trouble(self) -> None:
        kind = self.chance.choice(list(Trouble))
        await operations.report_trouble(
            partner_id=PARTNER,
            courier=self.chance.choice(COURIERS),
            day=self.day,
            kind=kind,
            minutes=self.chance.choice([10, 40, 120]) if kind is Trouble.LATE else None,
            occurred_at=self.now,
            now=self.now,
        )

    async def minutes_pass(self) -> None:
        self.now += timedelta(minutes=self.chance.choice([1, 10, 40, 90]))

    async def says(self) -> None:
        """A courier sets out for the next of their doors, sooner or later than planned, and is followed."""
        assert DB.pool is not None
        found = await DB.pool.fetch(
            "SELECT DISTINCT ON (d.id) s.home_visit_id, c.external_id FROM round_stop s"
            " JOIN duty d ON d.id = s.duty_id JOIN courier c ON c.id = d.courier_id"
            " WHERE d.state = ANY($1) AND s.lock <> 'position' AND d.ends_at > $2 ORDER BY d.id, s.seq",
            ["published", "started"],
            self.now,
        )
        if not found:
            return
        visit, name = self.chance.choice(found)
        heard = self.now - timedelta(minutes=self.chance.choice([0, 1, 10, 30, 100]))
        for kind in (Report.ACCEPTED, Report.EN_ROUTE):
            self.seq += 1
            event = PartnerEvent(uuid.uuid4(), visit, kind, heard, self.seq, name, None, None, {})
            await operations.apply_partner_event(partner_id=PARTNER, event=event, now=self.now)
        await self.follow()

    async def follow(self) -> None:
        """The clock looks at every round, as it does each minute; the second time there is nothing."""
        self.now += timedelta(minutes=1)
        for duty_id in await operations.runs_to_follow(now=self.now):
            await operations.follow_run(duty_id=duty_id, now=self.now)
            self.followed += 1
        assert await operations.runs_to_follow(now=self.now) == []

    async def replan(self) -> None:
        """A search of the day, with a step of somebody else between its asking and its answer."""
        task = await claim(now=self.now + timedelta(minutes=2))
        if task is None:
            return
        found = improved(task.excerpt, cpu_seconds=0.05, seed=self.chance.randrange(1000))
        await self.promise()
        await adopt(task=task, found=found, now=self.now)

    def somebody(self) -> uuid.UUID:
        return self.chance.choice(sorted(self.live))

    async def step(self) -> str:
        steps: list[tuple[Callable[[], Awaitable[Any]], int]] = [
            (self.promise, 10),
            (self.cancel, 2),
            (self.reschedule, 3),
            (self.decline, 2),
            (self.shift, 2),
            (self.tell, 1),
            (self.trouble, 2),
            (self.replan, 2),
        ]
        if self.passes:
            # What is behind a courier stays where it is, however short the shift becomes afterwards.
            steps = [(each, weight) for each, weight in steps if each != self.shift]
            steps += [(self.minutes_pass, 4), (self.says, 8), (self.follow, 4)]
        if not self.live:
            steps = steps[:1]
        does = self.chance.choices([each for each, _ in steps], [weight for _, weight in steps])[0]
        try:
            await does()
        except Refusal as refusal:
            return f"{does.__name__}: {refusal.code}"
        return does.__name__


async def read(day: date, now: datetime) -> Day:
    return (await plans.at([day], now=now))[day]


@pytest.mark.parametrize("dice", range(40 if os.environ.get("MOTCUA_LONG") else 6))
async def test_whatever_happens_the_rounds_keep_what_was_promised(
    publish: Publish, hire: Hire, tomorrow: date, dice: int
) -> None:
    now = at_local(tomorrow, 0)
    for n, name in enumerate(COURIERS):
        await hire(name, lat=LAT + 0.03 * n, told=n == 0, at=now)
    day = AnyDay(await publish(places=200), tomorrow, now, dice)

    await lived(day, STEPS)


@pytest.mark.parametrize("dice", range(40 if os.environ.get("MOTCUA_LONG") else 6))
async def test_whatever_couriers_say_in_the_course_of_it(
    publish: Publish, hire: Hire, tomorrow: date, dice: int
) -> None:
    before = at_local(tomorrow, 0)
    for n, name in enumerate(COURIERS):
        await hire(name, lat=LAT + 0.03 * n, told=n != 2, at=before)
    day = AnyDay(await publish(places=200), tomorrow, before, dice)
    for _ in range(12):
        await day.promise()
    day.now, day.passes = at_local(tomorrow, 8, 30), True
    while not day.followed:
        await day.minutes_pass()
        await day.says()

    await lived(day, STEPS)


async def lived(day: AnyDay, steps: int) -> None:
    tomorrow = day.day
    for _ in range(steps):
        happened = await day.step()
        now = day.now

        known = await read(tomorrow, now)
        plans.forget()
        found = await read(tomorrow, now)
        assert order(found) == order(known), happened
        wrong = [each for each in violations(found.problem, found.plan) if each.fault is not Fault.UNSERVED]
        assert wrong == [], happened
        assert {stop.home_visit_id for stop in found.stops} == set(day.live), happened
        await names_agree(found, happened)


async def names_agree(day: Day, happened: str) -> None:
    """Who is told a round has its visits, and nobody else; a stop lies in its own visit's window."""
    told = {
        visit: row.courier_id
        for duty, row in enumerate(day.duties)
        if row.state in ("published", "started")
        for visit in day.visits_of(duty)
    }
    late = {row.id for row in day.duties if row.clear_as_of is not None}
    for stop in day.stops:
        visit = await queries.by_id(stop.home_visit_id)
        assert visit is not None
        assert State(visit.state) in TO_REACH, happened
        assert visit.courier_id == told.get(visit.id), happened
        # The guard is there for a late courier; when there is one, it is used, and the window is not.
        assert visit.starts_at == stop.opens_at <= stop.closes_at <= visit.ends_at, happened
        assert stop.closes_at <= visit.ends_at - GUARD or stop.duty_id in late, happened
