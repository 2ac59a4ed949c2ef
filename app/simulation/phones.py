"""A courier's phone on a simulated day: it dies for hours, keeps what it has to tell, tells some twice."""

import asyncio
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.clock import current_time, local
from app.demo.people import StoryBroken
from partners.postal.emulator.client import MotcuaClient

DIES: Final = 0.06
DEAD_MINUTES: Final = (40.0, 150.0)
TOLD_TWICE: Final = 0.25
REPORTS: Final = "/v1/partner/events"
MOST_AT_ONCE: Final = 200


@dataclass
class Phone:
    """Events are made with the device's own count and kept until somebody answered for them."""

    client: MotcuaClient
    courier: str
    chance: random.Random
    seen: Counter[str]
    dead_until: datetime | None = None
    _queue: list[dict[str, Any]] = field(default_factory=list)
    _count: int = 0
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_dead(self) -> bool:
        return self.dead_until is not None and current_time() < self.dead_until

    def perhaps_die(self) -> None:
        """Out of battery or out of signal; nobody notices until the evening."""
        if not self.is_dead and self.chance.random() < DIES:
            self.dead_until = current_time() + timedelta(minutes=self.chance.uniform(*DEAD_MINUTES))
            self.seen["phones_died"] += 1

    async def tell(self, task: dict[str, Any], kind: str, /, **data: Any) -> None:
        """Make the event now; send it, or keep it until the phone is alive."""
        self._count += 1
        self._queue.append(
            {
                "event_id": str(uuid.uuid4()),
                "task_id": task["id"],
                "type": kind,
                "occurred_at": local(current_time()).isoformat(),
                "device_seq": self._count,
                "courier": self.courier,
                "location": {"lat": task["stop"]["lat"], "lon": task["stop"]["lon"]},
                "data": data,
            }
        )
        if self.is_dead:
            self.seen["reports_queued"] += 1
        else:
            await self.send()

    async def charge(self) -> None:
        """At the post office there is a socket: everything is told now."""
        self.dead_until = None
        await self.send()

    async def send(self) -> None:
        """Everything queued, shuffled as the network likes it; sometimes all of it again."""
        async with self._sending:
            batch, self._queue = self._queue[:MOST_AT_ONCE], self._queue[MOST_AT_ONCE:]
            if not batch:
                return
            await self._post(batch)
            if self.chance.random() < TOLD_TWICE:
                self.seen["reports_told_twice"] += len(batch)
                await self._post(self.chance.sample(batch, len(batch)))

    async def _post(self, batch: list[dict[str, Any]]) -> None:
        body = {
            "events": batch,
            "sent_at": local(current_time()).isoformat(),
            "device_id": f"phone-{self.courier}",
        }
        answer = await self.client.post(REPORTS, body)
        refused = [result for result in answer["results"] if result["outcome"] == "rejected"]
        if refused:
            raise StoryBroken(f"a report of {self.courier} was refused: {refused[0]}")
