"""The dispatch office: couriers and shifts, tasks it was told of, and who is on the way.

What we tell it is applied in the order of each thing: the next number is applied, a smaller one is not, and
before a larger one the feed is read, because something was missed.
"""

import asyncio
import itertools
import time as machine
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from datetime import datetime, time, timedelta
from typing import Any, Final

import structlog

from app.core.clock import current_time, local
from partners.postal.emulator.client import MotcuaClient
from partners.postal.emulator.courier import CourierPhone
from partners.postal.emulator.faults import Fault
from partners.postal.emulator.stock import Labels

log: Final = structlog.get_logger(__name__)

# People and points of the sample; the province's main post office is where they start.
COURIERS: Final = (
    {"external_id": "BT-001", "given_name": "Tú", "phone": "0987 000 101", "lat": 20.254, "lon": 105.973},
    {"external_id": "BT-002", "given_name": "Sơn", "phone": "0987 000 102", "lat": 20.157, "lon": 105.905},
    {"external_id": "BT-003", "given_name": "Mai", "phone": "0987 000 103", "lat": 20.091, "lon": 106.087},
)
DAYS_AHEAD: Final = 14
FIRST_HOUR: Final = 6
CAPACITY: Final = 30
WEBHOOK_PATH: Final = "/webhooks/motcua"
ASSIGNED: Final = "vn.motcua.home_visit.assigned"
FEED: Final = "/v1/partner/changes"
ITEM_NUMBERS: Final = "/v1/partner/item-numbers"
SHORTAGES: Final = frozenset({"vn.motcua.item_numbers.low", "vn.motcua.item_numbers.exhausted"})
LABELS_ARE_GOOD_FOR: Final = timedelta(days=365)


def _numbers() -> Iterator[int]:
    """A telephone counts on from its clock, so that one that was reset never counts from one again."""
    return itertools.count(int(machine.time() * 1000))


class Office:
    """What the partner knows. Everything here came from our API or our webhooks."""

    def __init__(self, client: MotcuaClient, *, fault: Fault | None = None) -> None:
        self._client = client
        self.fault = fault
        self.secret = ""
        self.ready = False
        self.heard: list[dict[str, Any]] = []
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.phones: dict[str, CourierPhone] = {}
        self._labels = Labels(fault=fault)
        self._seen: set[str] = set()
        self._last: dict[str, int] = defaultdict(int)
        self._cursor = 0
        self._reading = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()
        self._numbers: dict[str, Iterator[int]] = defaultdict(_numbers)

    async def open(self, webhook_url: str) -> None:
        """Keep couriers and shifts with us, and ask to be told."""
        await self._read_feed(act=False)
        for courier in COURIERS:
            await self._client.put(
                f"/v1/partner/couriers/{courier['external_id']}",
                {name: value for name, value in courier.items() if name != "external_id"}
                | {"skills": ["*"]},
            )
            await self._open_shifts(str(courier["external_id"]))
        await self._give_numbers()
        await self._tell_rounds()
        await self._forget_former_addresses(webhook_url)
        made = await self._client.post("/v1/partner/webhooks", {"url": webhook_url})
        self.secret = made["secret"]
        self.ready = True

    async def close(self) -> None:
        """Nobody rides on."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _forget_former_addresses(self, webhook_url: str) -> None:
        """An office that moved: nobody listens any more where one of an earlier run did."""
        for endpoint in (await self._client.get("/v1/partner/webhooks"))["items"]:
            if endpoint["url"].endswith(WEBHOOK_PATH) and endpoint["url"] != webhook_url:
                await self._client.delete(f"/v1/partner/webhooks/{endpoint['id']}")

    async def _open_shifts(self, courier: str) -> None:
        """Today from now for as long as a shift may be, and the coming days."""
        today = local(current_time()).replace(minute=0, second=0, microsecond=0)
        for ahead in range(DAYS_AHEAD + 1):
            day = today.date() + timedelta(days=ahead)
            start = today if ahead == 0 else datetime.combine(day, time(FIRST_HOUR), today.tzinfo)
            await self._client.put(
                f"/v1/partner/couriers/{courier}/shifts/{day.isoformat()}",
                {
                    "starts_at": start.isoformat(),
                    "ends_at": (start + timedelta(hours=16)).isoformat(),
                    "capacity": CAPACITY,
                },
            )

    async def _give_numbers(self) -> None:
        """A roll of item numbers, each good for one bag."""
        valid_to = (local(current_time()) + LABELS_ARE_GOOD_FOR).date().isoformat()
        await self._client.post(ITEM_NUMBERS, {"numbers": self._labels.print_more(), "valid_to": valid_to})

    async def _tell_rounds(self) -> None:
        """Its couriers have their rounds as they come: whoever is promised one is told of them at once."""
        today = local(current_time()).date()
        for ahead in range(DAYS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            await self._client.post(f"/v1/partner/runs/{day.isoformat()}/publish", {})

    def hear(self, event: dict[str, Any]) -> None:
        """A webhook with a good signature. The answer does not wait for what follows from it."""
        number, last = int(event["sequence"]), self._last[event["subject"]]
        if event["id"] in self._seen:
            if self.fault is Fault.ACTS_ON_DUPLICATES:
                self._apply(event)
        elif number == last + 1 or (number <= last and self.fault is Fault.ACTS_ON_LATE):
            self._apply(event)
        elif number > last and self.fault is not Fault.IGNORES_GAPS:
            self._soon(self._read_feed(act=True), name=f"gap-{event['subject']}")

    async def _read_feed(self, *, act: bool) -> None:
        """Everything after where the feed was left; without `act` it is history and only remembered."""
        async with self._reading:
            while items := (page := await self._client.get(FEED, after=self._cursor))["items"]:
                for item in items:
                    event = item["event"]
                    if int(event["sequence"]) != self._last[event["subject"]] + 1:
                        continue
                    self._apply(event, act=act, pushed=False)
                self._cursor = page["next"]

    def _apply(self, event: dict[str, Any], *, act: bool = True, pushed: bool = True) -> None:
        self._last[event["subject"]] = int(event["sequence"])
        if pushed or self.fault is not Fault.ACTS_ON_LATE:
            self._seen.add(event["id"])
        if not act:
            return
        self.heard.append(event)
        if event["type"] == ASSIGNED:
            task_id, item = event["data"]["task_id"], event["data"].get("item_number")
            self._soon(self._ride(task_id, item), name=f"ride-{task_id}")
        if event["type"] in SHORTAGES:
            self._soon(self._give_numbers(), name="labels")

    def _soon(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _ride(self, task_id: str, item: str | None) -> None:
        """Collections are ridden at once; deliveries wait for the counter to give the result."""
        task = await self._task(task_id)
        if task is None or task["courier"] is None or task["state"] == "cancelled":
            log.warning("task_not_found", reason=task_id)
            return
        phone = CourierPhone(
            self._client,
            task,
            next_seq=self._numbers[task["courier"]].__next__,
            item=self._labels.for_bag(task_id, item),
            fault=self.fault,
        )
        self.phones[task_id] = phone
        if task["kind"] == "collection":
            self.results[task_id] = await phone.collect()

    async def _task(self, task_id: str) -> dict[str, Any] | None:
        today = local(current_time()).date()
        for ahead in range(DAYS_AHEAD + 1):
            day = today + timedelta(days=ahead)
            listed = await self._client.get("/v1/partner/tasks", date=day.isoformat())
            for task in listed["items"]:
                if task["id"] == task_id:
                    found: dict[str, Any] = task
                    return found
        return None

    async def give_result(self, task_id: str, officer: str) -> None:
        """An officer hands the sealed result to the courier at the counter."""
        self.results.setdefault(task_id, []).extend(await self.phones[task_id].take_result(officer))

    async def say_code(self, task_id: str, code: str) -> None:
        """The citizen says the code at the door."""
        self.results.setdefault(task_id, []).extend(await self.phones[task_id].deliver(code))
