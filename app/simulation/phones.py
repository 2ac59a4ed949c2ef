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
from app.simulation.chances import Happening, happens
from partners.postal.emulator.client import MotcuaClient

DEAD_MINUTES: Final = (40.0, 150.0)
OFF: Final = timedelta(hours=1)
REPORTS: Final = "/v1/partner/events"
MOST_AT_ONCE: Final = 200
# What a courier may hear and put right: at the door, or with the report of the money later in the batch.
CORRECTED: Final = frozenset({"wrong_code", "missing_fact: fee_collected"})


@dataclass
class Phone:
    """Events are made with the device's own count and kept until somebody answered for them."""

    client: MotcuaClient
    courier: str
    chance: random.Random
    seen: Counter[str]
    # Nothing is told until the evening.
    silent: bool = False
    # How far the device's clock is ahead of everybody else's.
    clock_off: timedelta = timedelta(0)
    dead_until: datetime | None = None
    _queue: list[dict[str, Any]] = field(default_factory=list)
    _count: int = 0
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_dead(self) -> bool:
        return self.silent or (self.dead_until is not None and current_time() < self.dead_until)

    def draw(self, chance: random.Random) -> None:
        """What sort of a phone it is today."""
        if happens(Happening.PHONE_SILENT, chance):
            self.silent = True
            self.seen[Happening.PHONE_SILENT] += 1
        if happens(Happening.CLOCK_OFF, chance):
            self.clock_off = chance.choice((-OFF, OFF))
            self.seen[Happening.CLOCK_OFF] += 1

    def perhaps_die(self) -> None:
        """Out of battery or out of signal; nobody notices until the evening."""
        if not self.is_dead and happens(Happening.PHONE_DIES, self.chance):
            self.dead_until = current_time() + timedelta(minutes=self.chance.uniform(*DEAD_MINUTES))
            self.seen[Happening.PHONE_DIES] += 1

    async def tell(self, task: dict[str, Any], kind: str, /, **data: Any) -> None:
        """Make the event now; send it, or keep it until the phone is alive."""
        self._count += 1
        self._queue.append(
            {
                "event_id": str(uuid.uuid4()),
                "task_id": task["id"],
                "type": kind,
                "occurred_at": self._shows().isoformat(),
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

    def _shows(self) -> datetime:
        return local(current_time() + self.clock_off)

    async def charge(self, *, evening: bool = False) -> None:
        """At the post office there is a socket: what can be told is told now, and in the evening all."""
        self.dead_until = None
        self.silent = self.silent and not evening
        if not self.silent:
            await self.send()

    async def send(self) -> None:
        """Everything queued, in any order, as the network likes it; sometimes all of it again."""
        async with self._sending:
            batch, self._queue = self._queue[:MOST_AT_ONCE], self._queue[MOST_AT_ONCE:]
            if not batch:
                return
            await self._post(self.chance.sample(batch, len(batch)))
            if happens(Happening.TOLD_TWICE, self.chance):
                self.seen[Happening.TOLD_TWICE] += 1
                self.seen["reports_told_twice"] += len(batch)
                await self._post(self.chance.sample(batch, len(batch)))

    async def _post(self, batch: list[dict[str, Any]]) -> None:
        body = {
            "events": batch,
            "sent_at": self._shows().isoformat(),
            "device_id": f"phone-{self.courier}",
        }
        results = (await self.client.post(REPORTS, body))["results"]
        self.seen["reports_of_suspect_clocks"] += sum(
            result.get("reason") == "clock_suspect" for result in results
        )
        for result in results:
            if result["outcome"] == "rejected" and result.get("reason") not in CORRECTED:
                raise StoryBroken(f"a report of {self.courier} was refused: {result}")
