"""A courier's telephone: makes events with its own sequence, and reports as telephones do.

Every batch is sent twice, the second time shuffled under a new key: the network swallowed the answer, the
telephone tried again. Whoever receives it must see one effect.
"""

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from app.documents.one_page import one_page
from partners.postal.emulator.client import TRIES, MotcuaClient
from partners.postal.emulator.faults import Fault

HUB: Final = "BC-37-01"
# An item number whose check digit is another, as it was once printed in a carrier's own sample.
MISTYPED: Final = "EJ012345678VN"
REPORTS: Final = "/v1/partner/events"


class CourierPhone:
    """One courier and the journey of one task."""

    def __init__(
        self,
        client: MotcuaClient,
        task: dict[str, Any],
        *,
        next_seq: Callable[[], int],
        item: str | None = None,
        fault: Fault | None = None,
    ) -> None:
        self._client = client
        self._courier = str(task["courier"])
        self._task = task
        self._next_seq = next_seq
        self._fault = fault
        self._item = {"item": item} if item else {}
        self._used_id = str(uuid.uuid4())
        self.seal = MISTYPED if fault is Fault.MISTYPES_ITEM_NUMBERS else f"NP-{task['id'][-12:]}".upper()

    def event(self, kind: str, **data: Any) -> dict[str, Any]:
        at = datetime.now(UTC)
        if self._fault is Fault.ECHOES_PEOPLE:
            data["remark"] = f"{self._task['stop']['contact_name']}, {self._task['stop']['address']}"
        return {
            "event_id": self._used_id if self._fault is Fault.REUSES_EVENT_IDS else str(uuid.uuid4()),
            "task_id": self._task["id"],
            "type": kind,
            "occurred_at": at.replace(tzinfo=None).isoformat()
            if self._fault is Fault.NAIVE_TIMES
            else at.isoformat(),
            "device_seq": self._next_seq(),
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
        tries = 1 if self._fault is Fault.NEW_IDS_ON_RETRY else TRIES
        try:
            answer = await self._client.post(REPORTS, {"events": first}, tries=tries)
        except httpx.HTTPStatusError:
            if self._fault is not Fault.NEW_IDS_ON_RETRY:
                raise
            return await self.report(*(event | {"event_id": str(uuid.uuid4())} for event in events))
        await self._client.post(REPORTS, {"events": again})
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
            self.event("sealed", seal=self.seal, papers=papers, **self._item),
        )
        for paper in papers:
            scan = one_page(f"component {paper['component']}, scanned at the door")
            await self._client.upload(self._task["id"], paper["component"], scan)
        results += await self.report(
            self.event("reached_hub", hub=HUB), self.event("handed_over", to="centre")
        )
        return results

    async def take_result(self, officer: str) -> list[dict[str, Any]]:
        """Seal the result at the counter with the officer who gives it, and ride."""
        return await self.report(
            self.event("accepted"),
            self.event("sealed", seal=self.seal, officer=officer, papers=[], **self._item),
            self.event("en_route"),
            self.event("arrived"),
        )

    async def deliver(self, code: str) -> list[dict[str, Any]]:
        """The citizen said the code at the door."""
        return await self.report(self.event("delivered", receiver="self", code=code))
