"""The couriers of a simulated day: asked for by citizens, sent by the post office, met at the doors.

They know what a postal system knows: what the partner API tells them. A bag goes from the door to the post
office and on to the centre; cash is handed in in the evening.
"""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.core.clock import at_local, current_time, local
from app.demo.people import Caller, as_dialled
from app.simulation.doors import DoorBook, Household, Visit, ride_minutes
from app.simulation.people import Member, Refused, World, sign_in, signed_in_again
from app.simulation.phones import Phone
from partners.postal.emulator.client import MotcuaClient

POST_OFFICE: Final = (20.2545, 105.9738)
HUB: Final = "BC-37-01"
BLOCKS: Final = ((8, 12), (14, 18))
LOOK_EVERY_MINUTES: Final = 4.0
TO_CENTRE_MINUTES: Final = 10.0
COUNTER_TRIES: Final = 60
ANYBODY: Final = "Nguyễn Thị Hòa"


async def household(world: World, book: DoorBook, asking: Household, phone: str) -> None:
    """Ask for a courier in the wished window, or another of the day; some think better of it."""
    caller = Caller(world.api)
    member = Member(caller, lambda: signed_in_again(world, caller, phone))
    async with book.asking:
        if not await sign_in(world, caller, phone):
            book.refused["no_code"] += 1
            return
        visit = await _promised(world, book, member, asking, phone)
    if visit is None:
        return
    book.visits[visit.id] = visit
    if asking.changes_mind:
        await world.tempo.until(visit.starts_at - timedelta(minutes=60))
        with contextlib.suppress(Refused):
            await member.post(f"/v1/home-visits/{visit.id}/cancel")
            visit.ended = "cancelled"


async def _promised(
    world: World, book: DoorBook, member: Member, asking: Household, phone: str
) -> Visit | None:
    """The nearest window to the wish; what was gone meanwhile is tried at another time."""
    why = "no_window"
    day = local(asking.wishes).date().isoformat()
    where = {"procedure": asking.procedure, "lat": asking.lat, "lon": asking.lon, "from": day, "to": day}
    answer = await member.ask("GET", "/v1/visit-windows", params=where)
    answer.raise_for_status()
    windows = [w for w in answer.json()["windows"] if _time(w["ends_at"]) <= world.closes]
    windows.sort(key=lambda w: abs(_time(w["starts_at"]) - asking.wishes))
    for window in windows:
        try:
            made = await member.post(
                "/v1/home-visits",
                {
                    "kind": "collection",
                    "procedures": [asking.procedure],
                    "window_id": window["id"],
                    "address": {
                        "text": "Tổ dân phố Phúc Chỉnh",
                        "commune": "14329",
                        "lat": asking.lat,
                        "lon": asking.lon,
                    },
                    "contact": {"name": ANYBODY, "phone": as_dialled(phone)},
                },
            )
        except Refused as reason:
            why = reason.code
            continue
        promised = made["window"]
        return Visit(asking, made["id"], _time(promised["starts_at"]), _time(promised["ends_at"]))
    book.refused[why] += 1
    return None


def papers_of(task: dict[str, Any]) -> list[dict[str, int]]:
    """What goes into the bag: a paper that is only shown stays where it is."""
    return [
        {"component": paper["component"], "originals": paper["originals"], "copies": paper["copies"]}
        for paper in task["papers"]
        if paper["originals"] + paper["copies"]
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Office:
    """The post office: couriers and their shifts, what there is to do, bags and cash in the evening."""

    world: World
    book: DoorBook
    client: MotcuaClient
    day: date
    counter: Member
    couriers: Sequence[str]
    pocket: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    looked_at: datetime | None = None

    async def open(self) -> None:
        """Tell who works today."""
        for n, name in enumerate(self.couriers):
            await self.client.put(
                f"/v1/partner/couriers/{name}",
                {
                    "given_name": "Tú",
                    "phone": f"0987 000 {101 + n}",
                    "skills": ["*"],
                    "lat": POST_OFFICE[0],
                    "lon": POST_OFFICE[1],
                },
            )
            await self.client.put(
                f"/v1/partner/couriers/{name}/shifts/{self.day}",
                {
                    "starts_at": local(at_local(self.day, 7)).isoformat(),
                    "ends_at": local(at_local(self.day, 18, 30)).isoformat(),
                    "capacity": 30,
                },
            )

    async def look(self, *, within_minutes: float = 0.0) -> None:
        """What there is to do, as it stands now, or as the office saw it so many minutes ago."""
        now = current_time()
        if self.looked_at is not None and now - self.looked_at < timedelta(minutes=within_minutes):
            return
        self.looked_at = now
        listed = await self.client.get("/v1/partner/tasks", date=self.day.isoformat())
        self.tasks = {task["id"]: task for task in listed["items"]}

    async def evening(self) -> None:
        """Cash is counted and handed in, what is owed back is given back, and the day's sheet is read."""
        for name in self.couriers:
            amounts = {f"{kind}_vnd": self.pocket[name, kind] for kind in ("state", "postage")}
            if any(amounts.values()):
                await self.client.post(
                    "/v1/partner/remittances",
                    {"date": self.day.isoformat(), "courier": name, "slip": f"PT-{name}", **amounts},
                )
        path = f"/v1/partner/settlements/{self.day}"
        for why in (await self.client.get(path))["reasons"]:
            if why["code"] == "refund_owed":
                await self.client.post(
                    "/v1/partner/refunds",
                    {"task_id": why["task_id"], "kind": why["kind"], "reference": f"PC-{self.day}"},
                )
                self.book.seen["refunds"] += 1
        sheet = await self.client.get(path)
        self.book.settlement = {
            "balanced": sheet["balanced"],
            "collected_state_vnd": sheet["collected_state_vnd"],
            "collected_postage_vnd": sheet["collected_postage_vnd"],
            "reasons": len(sheet["reasons"]),
        }

    async def hand_to_centre(self, task: dict[str, Any], seal: str) -> None:
        """An officer counts what is in the bag and takes it over; a bag not told of yet waits."""
        counted = papers_of(task)
        for _ in range(COUNTER_TRIES):
            try:
                package = await self.counter.post(
                    f"/v1/staff/packages/{seal}/receive", {"seal_intact": True, "contents": counted}
                )
            except Refused:
                await self.world.tempo.minutes(LOOK_EVERY_MINUTES)
                continue
            self.book.visits[task["id"]].ended = package["state"]
            return


@dataclass
class Courier:
    """One courier's day: two blocks, each ending at the post office."""

    office: Office
    name: str
    phone: Phone
    chance: random.Random
    at: tuple[float, float] = POST_OFFICE
    bags: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    async def work(self) -> None:
        for first, last in BLOCKS:
            starts, ends = at_local(self.office.day, first), at_local(self.office.day, last)
            if starts >= self.office.world.closes:
                break
            await self.office.world.tempo.until(starts - timedelta(minutes=20))
            await self._block(min(ends, self.office.world.closes))
            await self._post_office()

    async def _block(self, ends: datetime) -> None:
        """Whatever is next, until the block ends and nothing of it is left."""
        while True:
            await self.office.look(within_minutes=LOOK_EVERY_MINUTES)
            if self._next(ends) is not None:
                await self.office.look()
            task = self._next(ends)
            if task is not None:
                await self._visit(task)
            elif current_time() >= ends:
                return
            else:
                await self.office.world.tempo.minutes(LOOK_EVERY_MINUTES)

    def _next(self, ends: datetime) -> dict[str, Any] | None:
        mine = [
            task
            for task in self.office.tasks.values()
            if task["courier"] == self.name
            and task["id"] not in self.done
            and task["state"] != "cancelled"
            and _time(task["window"]["starts_at"]) < ends
        ]
        return min(mine, key=lambda t: (t["window"]["starts_at"], t["sequence"] or 0), default=None)

    async def _visit(self, task: dict[str, Any]) -> None:
        """Ride there, wait for the window, and do what can be done at the door."""
        visit = self.office.book.visits.get(task["id"])
        if visit is None:  # promised this moment; its citizen has not read the answer yet
            await self.office.world.tempo.minutes(0.2)
            return
        self.done.add(task["id"])
        await self.phone.tell(task, "accepted")
        await self.phone.tell(task, "en_route")
        there = (visit.household.lat, visit.household.lon)
        await self.office.world.tempo.minutes(ride_minutes(self.at, there, self.chance))
        self.at = there
        await self.office.world.tempo.until(visit.starts_at)
        visit.came_at = current_time()
        self.phone.perhaps_die()
        await self.phone.tell(task, "arrived")
        await self._at_the_door(task, visit)

    async def _at_the_door(self, task: dict[str, Any], visit: Visit) -> None:
        if visit.household.absent:
            await self.phone.tell(task, "failed", reason="absent")
            visit.ended = "absent"
            return
        await self.office.world.tempo.minutes(visit.household.minutes)
        papers = papers_of(task)
        if visit.household.incomplete:
            await self.phone.tell(task, "counted", papers=papers[1:])
            await self.phone.tell(task, "failed", reason="incomplete_papers")
            visit.ended = "incomplete"
            return
        seal = f"NP-{task['id'][-12:]}".upper()
        await self.phone.tell(task, "counted", papers=papers)
        await self.phone.tell(task, "sealed", seal=seal, papers=papers)
        await self._take_money(task, visit)
        self.bags.append((task, seal))

    async def _take_money(self, task: dict[str, Any], visit: Visit) -> None:
        """What the task says is owed, with a receipt for each purse; or the paper of a poor household."""
        for kind in ("state", "postage"):
            owed = task["bill"][f"owed_{kind}_vnd"]
            if not owed:
                continue
            if visit.household.shows_paper:
                await self.phone.tell(task, "fee_collected", amount=0, kind=kind, waiver="HN")
                continue
            receipt = f"{self.name}-{kind[0].upper()}{len(self.done):04d}"
            self.office.pocket[self.name, kind] += owed
            await self.phone.tell(task, "fee_collected", amount=owed, kind=kind, receipt=receipt)

    async def _post_office(self) -> None:
        """Ride back, charge the phone, give the bags to the post office, and from there to the centre."""
        tempo = self.office.world.tempo
        await tempo.minutes(ride_minutes(self.at, POST_OFFICE, self.chance))
        self.at = POST_OFFICE
        await self.phone.charge()
        for task, _ in self.bags:
            await self.phone.tell(task, "reached_hub", hub=HUB)
        await tempo.minutes(TO_CENTRE_MINUTES)
        for task, seal in self.bags:
            await self.phone.tell(task, "handed_over", to="centre")
            await self.office.hand_to_centre(task, seal)
        self.bags.clear()


async def day_of_couriers(
    office: Office, asking: Sequence[Household], *, first_phone: int, seed: int
) -> None:
    """Everybody who asks, everybody who rides, and the evening."""
    live = office.world.tempo.live
    await live(office.open())
    couriers = [
        Courier(
            office,
            name,
            Phone(office.client, name, random.Random(seed + n), office.book.seen),  # noqa: S311
            random.Random(seed - n),  # noqa: S311 - a simulation
        )
        for n, name in enumerate(office.couriers, 1)
    ]
    async with asyncio.TaskGroup() as day:
        for n, one in enumerate(asking):
            day.create_task(live(household(office.world, office.book, one, f"+84{first_phone + n}")))
        for courier in couriers:
            day.create_task(live(courier.work()))
    await live(office.evening())
