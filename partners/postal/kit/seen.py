"""What the kit saw: every message it sent with the answer, every call it received (values only)."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

EVENTS: Final = "/v1/partner/events"


class Delivery(NamedTuple):
    """One message to the webhook. `status` is None when no answer came in time."""

    purpose: str
    event_id: str
    status: int | None
    took_s: float
    body: str

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Call(NamedTuple):
    """One request the system made to our side, and what it was answered."""

    at_s: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    size_bytes: int
    status: int


class Report(NamedTuple):
    """One event of a batch that was received, as it was sent."""

    call: Call
    event: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.event.get("event_id"))

    @property
    def task_id(self) -> str:
        return str(self.event.get("task_id"))

    @property
    def type(self) -> str:
        return str(self.event.get("type"))

    @property
    def data(self) -> Mapping[str, Any]:
        data = self.event.get("data")
        return data if isinstance(data, dict) else {}


class Task(NamedTuple):
    """A visit the kit invented, with people nobody has."""

    id: str
    courier: str
    contact_name: str
    contact_masked: str
    address: str


class Seen(NamedTuple):
    """Everything, in the order it happened. `tasks` are by what they were made for, `numbers` are the
    item numbers the kit told, by task.
    """

    deliveries: Sequence[Delivery]
    calls: Sequence[Call]
    tasks: Mapping[str, Task]
    answer_within_s: float
    numbers: Mapping[str, str] = MappingProxyType({})

    def sent_for(self, purpose: str) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.purpose == purpose]

    def batches(self, *, received: bool = True) -> list[Call]:
        """Calls that reported events; those the kit answered "later" are not received."""
        return [
            call
            for call in self.calls
            if call.method == "POST" and call.path == EVENTS and (call.status == 200 or not received)
        ]

    def reports(self) -> Iterator[Report]:
        for call in self.batches():
            yield from events_of(call)

    def rides(self, purpose: str) -> set[str]:
        """Ids of the `accepted` reports of a task: a visit done twice was accepted twice."""
        task_id = self.tasks[purpose].id
        return {r.id for r in self.reports() if r.task_id == task_id and r.type == "accepted"}


def events_of(call: Call) -> Iterator[Report]:
    events = call.body.get("events") if isinstance(call.body, dict) else None
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict):
            yield Report(call, event)


def new_id() -> str:
    return str(uuid.uuid4())
