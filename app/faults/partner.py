"""The postal enterprise of a run: its endpoint, which can be spoiled, and its office, which can ride.

Every webhook that reaches the endpoint is logged as it came, whatever is answered. Couriers ride some of
the visits, so that packages change hands while things break.
"""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import httpx

from app.faults.fronts import Asked, Front, Told
from partners.postal import signing
from partners.postal.emulator.client import MotcuaClient
from partners.postal.emulator.office import WEBHOOK_PATH, Office
from partners.postal.errors import SignatureNotAccepted

TAKEN: Final = Told(204)


class Heard(NamedTuple):
    """One delivery that reached the endpoint with a good signature."""

    id: str
    subject: str
    sequence: int
    body: bytes
    status: int


class Riders(Office):
    """Its couriers give up a ride when nobody answers them for long; that is theirs, not ours."""

    async def _ride(self, task_id: str, item: str | None) -> None:
        with contextlib.suppress(httpx.HTTPError):
            await super()._ride(task_id, item)

    async def _read_feed(self, *, act: bool) -> None:
        with contextlib.suppress(httpx.HTTPError):
            await super()._read_feed(act=act)


class Partner:
    """One partner with one endpoint. Without `wanted` nobody listens and nobody rides."""

    def __init__(self, motcua: str, client_id: str, secret: str, *, wanted: bool) -> None:
        self.client = MotcuaClient(motcua, client_id, secret)
        self.office = Riders(self.client)
        self.front = Front(behaviour=self.take)
        self.wanted = wanted
        self.rides = 0
        self.heard: list[Heard] = []
        self.forged = 0
        # What a gone endpoint never took; it is in the feed.
        self.excused: set[str] = set()

    async def open(self) -> None:
        """Couriers, shifts, item numbers, and the endpoint."""
        if not self.wanted:
            return
        await self.front.open()
        await self.office.open(self.front.url + WEBHOOK_PATH)

    async def close(self) -> None:
        if not self.wanted:
            return
        await self.office.close()
        await self.client.close()
        await self.front.close()

    async def register_again(self) -> None:
        """A new endpoint after one that is gone; what happened before is in the feed."""
        made = await self.client.post("/v1/partner/webhooks", {"url": self.front.url + WEBHOOK_PATH})
        self.office.secret = made["secret"]

    async def move(self, front: Front) -> None:
        """It wants to be told there from now on."""
        [endpoint] = (await self.client.get("/v1/partner/webhooks"))["items"]
        await self.client.patch(f"/v1/partner/webhooks/{endpoint['id']}", {"url": front.url + WEBHOOK_PATH})

    def behave(self) -> None:
        """As it should from now on."""
        self.front.behaviour = self.take

    async def take(self, _front: Front, asked: Asked) -> Told:
        """What it does with what it is told, as it should."""
        event = self.note(asked, TAKEN.status)
        if event is not None and (self.rides > 0 or not event["type"].endswith(".assigned")):
            self.rides -= event["type"].endswith(".assigned")
            self.office.hear(event)
        return TAKEN if event is not None else Told(401)

    def note(self, asked: Asked, status: int) -> dict[str, Any] | None:
        """Write it down, and what is answered; None where the signature is not ours."""
        try:
            message_id = signing.verify(
                known_secrets=[self.office.secret],
                body=asked.body,
                received=asked.headers,
                now=datetime.now(UTC),
            )
        except SignatureNotAccepted:
            self.forged += 1
            return None
        event: dict[str, Any] = json.loads(asked.body)
        self.heard.append(Heard(message_id, event["subject"], int(event["sequence"]), asked.body, status))
        return event
