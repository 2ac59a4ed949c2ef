"""A courier's telephone: makes events with its own sequence, and reports as telephones do.

Every batch is sent twice, the second time shuffled under a new key: the network swallowed the answer, the
telephone tried again. Whoever receives it must see one effect.
"""

import random
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from partners.postal.emulator.client import MotcuaClient

HUB: Final = "BC-37-01"
SCAN: Final = b"%PDF-1.4\n% scan of a paper, made at the door\n%%EOF\n"


class CourierPhone:
    """One courier and the journey of one task."""

    def __init__(self, client: MotcuaClient, courier: str, task: dict[str, Any], seq: int) -> None:
        self._client = client
        self._courier = courier
        self._task = task
        self._seq = seq
        self.seal = f"NP-{task['id'][-12:]}".upper()

    @property
    def seq(self) -> int:
        return self._seq

    def event(self, kind: str, **data: Any) -> dict[str, Any]:
        self._seq += 1
        return {
            "event_id": str(uuid.uuid4()),
            "task_id": self._task["id"],
            "type": kind,
            "occurred_at": datetime.now(UTC).isoformat(),
            "device_seq": self._seq,
            "courier": self._courier,
            "location": {"lat": self._task["stop"]["lat"], "lon": self._task["stop"]["lon"]},
            "data": data,
        }

    async def report(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a batch out of order, then all of it again; the first answers."""
        chance = random.Random(self._task["id"])  # noqa: S311 - a restless network, repeatable
        first, again = list(events), list(events)
        chance.shuffle(first)
        chance.shuffle(again)
        answer = await self._client.post("/v1/partner/events", {"events": first})
        await self._client.post("/v1/partner/events", {"events": again})
        results: list[dict[str, Any]] = answer["results"]
        return results

    async def collect(self) -> list[dict[str, Any]]:
        """To the door, count, seal, scan, to the post office, and on to the centre."""
        papers = [
            {
                "component": paper["component"],
                "originals": paper["originals"],
                "copies": paper["copies"],
            }
            for paper in self._task["papers"]
        ]
        results = await self.report(self.event("accepted"), self.event("en_route"), self.event("arrived"))
        results += await self.report(
            self.event("counted", papers=papers),
            self.event("sealed", seal=self.seal, papers=papers),
        )
        for paper in papers:
            scan = SCAN + f"% component {paper['component']}\n".encode()
            await self._client.upload(self._task["id"], paper["component"], scan)
        results += await self.report(
            self.event("reached_hub", hub=HUB), self.event("handed_over", to="centre")
        )
        return results

    async def take_result(self, officer: str) -> list[dict[str, Any]]:
        """Seal the result at the counter with the officer who gives it, and ride."""
        return await self.report(
            self.event("accepted"),
            self.event("sealed", seal=self.seal, officer=officer, papers=[]),
            self.event("en_route"),
            self.event("arrived"),
        )

    async def deliver(self, code: str) -> list[dict[str, Any]]:
        """The citizen said the code at the door."""
        return await self.report(self.event("delivered", receiver="self", code=code))
