"""The dispatch office: couriers and shifts, tasks it was told of, and who is on the way."""

import asyncio
from datetime import datetime, time, timedelta
from typing import Any, Final

import structlog

from app.core.clock import current_time, local
from partners.postal.emulator.client import MotcuaClient
from partners.postal.emulator.courier import CourierPhone

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


class Office:
    """What the partner knows. Everything here came from our API or our webhooks."""

    def __init__(self, client: MotcuaClient) -> None:
        self._client = client
        self.secret = ""
        self.ready = False
        self.heard: list[dict[str, Any]] = []
        self.results: dict[str, list[dict[str, Any]]] = {}
        self.phones: dict[str, CourierPhone] = {}
        self._seen: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._seq = 0

    async def open(self, webhook_url: str) -> None:
        """Keep couriers and shifts with us, and ask to be told."""
        for courier in COURIERS:
            await self._client.put(
                f"/v1/partner/couriers/{courier['external_id']}",
                {name: value for name, value in courier.items() if name != "external_id"}
                | {"skills": ["*"]},
            )
            await self._open_shifts(str(courier["external_id"]))
        await self._forget_former_addresses(webhook_url)
        made = await self._client.post("/v1/partner/webhooks", {"url": webhook_url})
        self.secret = made["secret"]
        self.ready = True

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

    def hear(self, event: dict[str, Any]) -> None:
        """A webhook with a good signature: the same id twice is one."""
        if event["id"] in self._seen:
            return
        self._seen.add(event["id"])
        self.heard.append(event)
        if event["type"] == "vn.motcua.home_visit.assigned":
            self._start(event["data"]["task_id"])

    def _start(self, task_id: str) -> None:
        task = asyncio.create_task(self._ride(task_id), name=f"ride-{task_id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _ride(self, task_id: str) -> None:
        """Collections are ridden at once; deliveries wait for the counter to give the result."""
        task = await self._task(task_id)
        if task is None:
            log.warning("task_not_found", reason=task_id)
            return
        self._seq += 1_000
        phone = CourierPhone(self._client, task["courier"], task, self._seq)
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
