"""The post office of a simulated day: who works, what there is to do, who is in trouble, and the evening.

It knows what a postal system knows: what the partner API tells it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import httpx

from app.core.clock import at_local, current_time, local
from app.simulation.asking import asks_again, wishes_again
from app.simulation.chances import Happening
from app.simulation.members import Member, Refused
from app.simulation.people import World
from app.simulation.promises import DoorBook
from partners.postal.emulator.client import MotcuaClient

GIVEN_NAMES: Final = ("Tú", "Bình", "Chi", "Dương", "Giang", "Hải")
POST_OFFICE: Final = (20.2545, 105.9738)
HUB: Final = "BC-37-01"
LOOK_EVERY_MINUTES: Final = 4.0
COUNT_MINUTES: Final = 5.0
COUNTER_TRIES: Final = 60
CHANGE_TRIES: Final = 5
# Whose openings are the post office's, and how many doors of each window a courier can reach.
WINDOW_MINUTES: Final = 120
VISITS_A_WINDOW: Final = 5
MOST_INCIDENTS: Final = 100

# How a visit stands in the house once it has ended so for the courier.
STANDS_AS: Final[Mapping[str, Collection[str]]] = {
    "received": ("handed_to_centre", "accepted"),
    "absent": ("failed",),
    "incomplete": ("failed",),
    "cancelled": ("cancelled",),
    "delivered": ("delivered",),
    "held": ("held_at_post_office",),
    "returned": ("returned",),
}

Task = dict[str, Any]


@dataclass
class Office:
    """The post office: couriers and their shifts, what there is to do, bags and cash in the evening."""

    world: World
    book: DoorBook
    client: MotcuaClient
    day: date
    # Who takes over bags and gives results, by the name they sign in with; who counts a bag beside them.
    counter: Member
    officer: str
    lead: Member
    couriers: Sequence[str]
    pocket: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    tasks: dict[str, Task] = field(default_factory=dict)
    looked_at: datetime | None = None
    ill: set[str] = field(default_factory=set)
    people: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)
    _reusable: dict[str, set[int]] = field(default_factory=dict)

    def begin(self, doing: Coroutine[Any, Any, None]) -> None:
        """Somebody does something of their own from now on."""
        self.people.create_task(self.world.tempo.live(doing))

    async def open(self) -> None:
        """Tell who works today; the centre promises as many visits as they can do."""
        await self._make_room()
        for n, name in enumerate(self.couriers):
            await self.client.put(
                f"/v1/partner/couriers/{name}",
                {
                    "given_name": GIVEN_NAMES[n % len(GIVEN_NAMES)],
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

    async def _make_room(self) -> None:
        """The lead gives the day's windows a place for each visit; the rounds say what can be kept."""
        asked = {"from": self.day.isoformat(), "to": self.day.isoformat()}
        answer = await self.lead.ask("GET", "/v1/staff/openings", params=asked)
        answer.raise_for_status()
        for opening in answer.json()["items"]:
            places = VISITS_A_WINDOW * len(self.couriers)
            if opening["grain_minutes"] == WINDOW_MINUTES and opening["counters"] < places:
                await self._change({"kind": "counters", "opening_id": opening["id"], "counters": places})

    async def _change(self, change: Mapping[str, Any]) -> None:
        """Judged and applied; judged again when somebody has booked in between."""
        for tries_left in reversed(range(CHANGE_TRIES)):
            proposed = await self.lead.post("/v1/staff/availability-changes", {"change": change})
            try:
                path = f"/v1/staff/availability-changes/{proposed['id']}/apply"
                await self.lead.post(path, {"orphans": "keep"})
            except Refused:
                if not tries_left:
                    raise
                continue
            return

    async def look(self, *, within_minutes: float = 0.0) -> None:
        """What there is to do, as it stands now, or as the office saw it so many minutes ago."""
        now = current_time()
        if self.looked_at is not None and now - self.looked_at < timedelta(minutes=within_minutes):
            return
        self.looked_at = now
        listed = await self.client.get("/v1/partner/tasks", date=self.day.isoformat())
        self.tasks = {task["id"]: task for task in listed["items"]}

    async def trouble(self, courier: str, kind: str, *, minutes: int | None = None) -> None:
        """The house finds others for the doors ahead; whose promise nobody can keep may ask again."""
        said = {"kind": kind, "occurred_at": local(current_time()).isoformat()}
        path = f"/v1/partner/runs/{self.day}/{courier}/trouble"
        try:
            answer = await self.client.post(path, said | ({"minutes": minutes} if minutes else {}))
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code != httpx.codes.NOT_FOUND:
                raise
            return  # nothing is planned for them any more
        self.book.seen["doors_moved"] += len(answer["moved"])
        self.looked_at = None
        for task_id in answer["at_risk"]:
            self.begin(self._at_risk(task_id))

    async def _at_risk(self, task_id: str) -> None:
        """They are told that nobody may come. Where nobody is sent any more they take another window."""
        await self.look()
        visit, task = self.book.visits.get(task_id), self.tasks.get(task_id)
        if visit is None or visit.ended or (task is not None and task["courier"] is not None):
            return
        await asks_again(self.world, self.book, visit, ended="not_kept", after=wishes_again())

    async def pass_on(self, seals: Mapping[str, str], giver: str, receiver: str) -> None:
        """Sealed bags from one courier to another: a record of two parties for each (story 15)."""
        answer = await self.client.post(
            "/v1/partner/handovers",
            {
                "seals": sorted(seals.values()),
                "giver": {"kind": "courier", "id": giver},
                "receiver": {"kind": "courier", "id": receiver},
                "occurred_at": local(current_time()).isoformat(),
            },
        )
        self.book.seen["bags_passed_on"] += sum(
            result["outcome"] == "handed_over" for result in answer["results"]
        )

    async def reusable(self, procedure: str) -> set[int]:
        """Places of the published list that the electronic store may fill."""
        if procedure not in self._reusable:
            found = (await self.counter.ask("GET", f"/v1/procedures/{procedure}")).json()
            self._reusable[procedure] = {
                n for n, paper in enumerate(found["papers"], 1) if paper["reusable_from"] is not None
            }
        return self._reusable[procedure]

    async def hand_to_centre(self, task: Task, seal: str, papers: Sequence[Mapping[str, int]]) -> str:
        """An officer counts what is in the bag and takes it over; a bag not told of yet waits.

        A torn seal: nothing is accepted from it until two have counted, one after the other.
        """
        visit = self.book.visits[task["id"]]
        torn = visit.is_to(Happening.SEAL_TORN)
        counted = {"contents": list(papers)}
        for _ in range(COUNTER_TRIES):
            try:
                package = await self.counter.post(
                    f"/v1/staff/packages/{seal}/receive", {"seal_intact": not torn, **counted}
                )
            except Refused:
                await self.world.tempo.minutes(LOOK_EVERY_MINUTES)
                continue
            if package["state"] == "quarantined":
                self.book.note(Happening.SEAL_TORN)
                for counting in (self.lead, self.counter):
                    await self.world.tempo.minutes(COUNT_MINUTES)
                    package = await counting.post(f"/v1/staff/packages/{seal}/inventory", counted)
                self.book.seen["joint_inventories"] += package["state"] != "quarantined"
            visit.ended = str(package["state"])
            return visit.ended
        return ""

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
        await self._compared()
        await self._incidents()

    async def _compared(self) -> None:
        """What couriers did against what the house knows of it: after the evening the two are the same."""
        await self.look()
        for task in self.tasks.values():
            visit = self.book.visits.get(task["id"])
            expected = STANDS_AS.get(visit.ended or "") if visit is not None else None
            if expected is not None and task["state"] not in expected:
                self.book.differences.append(f"{task['kind']} {visit and visit.ended}: {task['state']}")

    async def _incidents(self) -> None:
        """What the shift lead reads in the evening; whoever was left without a courier is named there."""
        asked = {"limit": MOST_INCIDENTS}
        answer = await self.lead.ask("GET", "/v1/staff/home-visit-incidents", params=asked)
        answer.raise_for_status()
        found = answer.json()["items"]
        self.book.incidents.update(incident["kind"] for incident in found)
        self.book.named = {incident["home_visit_id"] for incident in found}
        for visit in self.book.visits.values():
            if not visit.ended and visit.came_at is None and visit.id in self.book.named:
                visit.ended = "not_kept"
