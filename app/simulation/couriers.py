"""The couriers of a simulated day: two blocks, each ending at the post office.

A result is fetched at the centre and brought; a bag goes from the door to the post office and on to the
centre; cash is handed in in the evening. Who falls ill goes home, and colleagues go on.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.core.clock import at_local, current_time
from app.simulation import doorsteps
from app.simulation.asking import household, moment_of
from app.simulation.chances import Happening, happens
from app.simulation.doors import Household
from app.simulation.doorsteps import Bag, seal_of
from app.simulation.office import HUB, LOOK_EVERY_MINUTES, POST_OFFICE, Office, Task
from app.simulation.phones import Phone
from app.simulation.promises import Visit
from app.simulation.traffic import Place, Ride, ride_minutes

BLOCKS: Final = ((8, 12), (14, 18))
BEGINS_BEFORE: Final = timedelta(minutes=20)
TO_CENTRE_MINUTES: Final = 10.0
CENTRE: Final = (20.26, 105.97)
ILL_FROM: Final = 9
ILL_WITHIN_MINUTES: Final = 90.0
MOST_LATE_MINUTES: Final = 480


class Again(NamedTuple):
    """A result nobody was at home for, and when to try once more."""

    task: Task
    at: datetime


@dataclass
class Courier:
    """One courier's day."""

    office: Office
    name: str
    phone: Phone
    chance: random.Random
    colleagues: Sequence["Courier"] = ()
    at: Place = POST_OFFICE
    falls_ill_at: datetime | None = None
    bags: list[Bag] = field(default_factory=list)
    # Results: all that were ever in the bag, those on the way, to be tried again, to be kept, given back.
    fetched: set[str] = field(default_factory=set)
    carried: dict[str, str] = field(default_factory=dict)
    again: list[Again] = field(default_factory=list)
    unclaimed: list[Task] = field(default_factory=list)
    refused: list[Bag] = field(default_factory=list)
    done: set[tuple[str, str]] = field(default_factory=set)
    receipts: int = 0

    @property
    def is_ill(self) -> bool:
        return self.name in self.office.ill

    async def work(self) -> None:
        world, day = self.office.world, self.office.day
        blocks = [block for block in BLOCKS if at_local(day, block[0]) < world.closes]
        for first, last in blocks:
            starts, ends = at_local(day, first), min(at_local(day, last), world.closes)
            await world.tempo.until(starts - BEGINS_BEFORE)
            await self._block(ends)
            await self.post_office(evening=self.is_ill or (first, last) == blocks[-1])
            if self.is_ill:
                await self._hand_on()
                return

    async def _block(self, ends: datetime) -> None:
        """Whatever is next, until the block ends and nothing of it is left."""
        while not self._falls_ill():
            await self.office.look(within_minutes=LOOK_EVERY_MINUTES)
            if self._next(ends) is not None:
                await self.office.look()
            task = self._next(ends)
            if task is not None:
                await self._visit(task, ends)
            elif self.again and (self.again[0].at <= current_time() or current_time() >= ends):
                await self._try_again(self.again.pop(0))
            elif current_time() >= ends:
                return
            else:
                await self.office.world.tempo.minutes(LOOK_EVERY_MINUTES)

    def _falls_ill(self) -> bool:
        """Not the last who can ride: somebody has to take over."""
        if self.is_ill or self.falls_ill_at is None or current_time() < self.falls_ill_at:
            return self.is_ill
        if all(one.is_ill for one in self.colleagues):
            return False
        self.office.ill.add(self.name)
        self.office.book.note(Happening.FALLS_ILL)
        return True

    def _is_mine(self, task: Task, ends: datetime) -> bool:
        return (
            task["courier"] == self.name
            and task["state"] != "cancelled"
            and moment_of(task["window"]["starts_at"]) < ends
        )

    def _next(self, ends: datetime) -> Task | None:
        mine = [
            task
            for task in self.office.tasks.values()
            if self._is_mine(task, ends) and _promise(task) not in self.done
        ]
        return min(mine, key=lambda t: (t["window"]["starts_at"], t["sequence"] or 0), default=None)

    async def _fetch_results(self, ends: datetime) -> None:
        """At the centre, everything that is to be brought in this block: an officer seals each result and
        gives it, two parties.
        """
        await self.ride(CENTRE)
        await self.office.look()
        for task in self.office.tasks.values():
            if task["kind"] != "delivery" or task["id"] in self.fetched or not self._is_mine(task, ends):
                continue
            self.fetched.add(task["id"])
            seal = self.carried[task["id"]] = seal_of(task)
            await self.phone.tell(task, "accepted")
            await self.phone.tell(task, "sealed", seal=seal, officer=self.office.officer, papers=[])

    async def _visit(self, task: Task, ends: datetime) -> None:
        """Ride there, wait for the window, and do what can be done at the door."""
        book = self.office.book
        visit = book.visits.get(task["id"])
        if visit is None:  # promised this moment; its citizen has not read the answer yet
            await self.office.world.tempo.minutes(0.2)
            return
        self.done.add(_promise(task))
        if visit.ended or not await self._in_time(task, visit):
            return
        if task["kind"] == "collection":
            await self.phone.tell(task, "accepted")
        elif task["id"] not in self.fetched:
            await self._fetch_results(ends)
        await self.phone.tell(task, "en_route")
        await self.ride(visit.household.place)
        await self.office.world.tempo.until(visit.starts_at)
        if visit.ended or (current_time() > visit.ends_at and not await self._in_time(task, visit)):
            return
        visit.came_at = current_time()
        self.phone.perhaps_die()
        await self.phone.tell(task, "arrived")
        if task["kind"] == "collection":
            await doorsteps.collect(self, task, visit)
        else:
            await doorsteps.deliver(self, task, visit)

    async def _in_time(self, task: Task, visit: Visit) -> bool:
        """Who sees that the window will not be reached says so, and hears whether to go all the same."""
        reaches = current_time() + timedelta(minutes=self._way(visit.household.place).usual_minutes)
        if reaches <= visit.ends_at:
            return True
        planned = moment_of(task["eta"]) if task["eta"] else visit.starts_at
        behind = math.ceil((reaches - planned) / timedelta(minutes=1))
        self.office.book.seen["late_foreseen"] += 1
        await self.office.trouble(self.name, "late", minutes=min(max(behind, 1), MOST_LATE_MINUTES))
        await self.office.look()
        return bool(self.office.tasks[task["id"]]["courier"] == self.name)

    def try_later(self, task: Task, at: datetime) -> None:
        self.again.append(Again(task, at))

    def receipt(self, purse: str) -> str:
        """The next number of the book of a purse."""
        self.receipts += 1
        return f"{self.name}-{purse[0].upper()}{self.receipts:04d}"

    async def _try_again(self, again: Again) -> None:
        """The second attempt."""
        visit = self.office.book.visits[again.task["id"]]
        self.office.book.seen["second_attempts"] += 1
        await self.phone.tell(again.task, "en_route")
        await self.ride(visit.household.place)
        await self.phone.tell(again.task, "arrived")
        await doorsteps.deliver(self, again.task, visit, second=True)

    def _way(self, to: Place) -> Ride:
        return Ride(self.at, to, current_time())

    async def ride(self, to: Place) -> None:
        if to != self.at:
            minutes = ride_minutes(self._way(to), self.chance, self.office.book.seen)
            await self.office.world.tempo.minutes(minutes)
        self.at = to

    async def post_office(self, *, evening: bool) -> None:
        """Ride back, charge the phone, give the bags to the post office, and from there to the centre.

        What a silent phone cannot tell yet waits there with its bags for the evening.
        """
        await self.ride(POST_OFFICE)
        await self.phone.charge(evening=evening)
        if self.phone.silent:
            return
        for bag in self.bags:
            await self.phone.tell(bag.task, "reached_hub", hub=HUB)
        for task in self.unclaimed:
            await self.phone.tell(task, "reached_hub", hub=HUB)
            await doorsteps.keep_or_fetch(self, task, self.office.book.visits[task["id"]])
        await self.office.world.tempo.minutes(TO_CENTRE_MINUTES)
        for bag in self.bags:
            await self.phone.tell(bag.task, "handed_over", to="centre")
        for bag in [*self.bags, *self.refused]:
            await self.office.hand_to_centre(bag.task, bag.seal, bag.papers)
        self.bags.clear()
        self.unclaimed.clear()
        self.refused.clear()

    async def _hand_on(self) -> None:
        """Ill: the doors ahead go to others, and what is in the bag to a colleague, from hand to hand."""
        await self.office.trouble(self.name, "absent")
        colleague = next(one for one in self.colleagues if not one.is_ill)
        if self.carried:
            await self.office.pass_on(self.carried, self.name, colleague.name)
        colleague.carried |= self.carried
        colleague.fetched |= self.carried.keys()
        colleague.again += self.again
        colleague.done |= {_promise(again.task) for again in self.again}
        self.carried, self.again = {}, []


def _promise(task: Task) -> tuple[str, str]:
    """A visit that was put off is another promise."""
    return task["id"], task["window"]["starts_at"]


def hired(office: Office, *, seed: int) -> list[Courier]:
    """Everybody who rides today: with what phone, and whether they will fall ill."""
    couriers = []
    for n, name in enumerate(office.couriers, 1):
        chance = random.Random(seed - n)  # noqa: S311 - a simulation
        phone = Phone(office.client, name, random.Random(seed + n), office.book.seen)  # noqa: S311
        courier = Courier(office, name, phone, chance)
        if happens(Happening.FALLS_ILL, chance):
            minutes = timedelta(minutes=chance.uniform(0, ILL_WITHIN_MINUTES))
            courier.falls_ill_at = at_local(office.day, ILL_FROM) + minutes
        else:
            phone.draw(chance)
        couriers.append(courier)
    for courier in couriers:
        courier.colleagues = [one for one in couriers if one is not courier]
    return couriers


async def day_of_couriers(
    office: Office, asking: Sequence[Household], *, first_phone: int, seed: int
) -> None:
    """Everybody who asks, everybody who rides, and the evening."""
    await office.world.tempo.live(office.open())
    async with office.people:
        for n, one in enumerate(asking):
            office.begin(household(office.world, office.book, one, f"+84{first_phone + n}"))
        for courier in hired(office, seed=seed):
            office.begin(courier.work())
    await office.world.tempo.live(office.evening())
