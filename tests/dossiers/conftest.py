"""A counter with dossiers in whatever status a test needs, reached as people reach it: over HTTP."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from app.centres import queries as centres
from app.core.clock import FastClock, at_local, current_time, local_date, machine_time, set_clock
from app.core.database import DB, fetch
from app.dossiers import operations as dossiers
from app.dossiers.operations.accept import Applicant
from app.http.principals import Caller
from app.queue.states import Move as TicketMove
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import LAN, moved, serving

REASON: Final = {"reason": "Thiếu bản sao giấy khai sinh."}
# How a registered dossier comes to a status; 5 twice: what was asked of work already begun goes back to it.
WAYS: Final[dict[str, list[str]]] = {
    "1": [],
    "2": ["accept"],
    "3": ["refuse"],
    "4": ["accept", "start"],
    "5 from 2": ["accept", "supplement"],
    "5 from 4": ["accept", "start", "supplement"],
    "6": ["accept", "payment-due"],
    "7": ["withdraw"],
    "8": ["accept", "stop"],
    "9": ["accept", "start", "complete"],
    "10": ["accept", "start", "complete", "return"],
}
WITH_REASON: Final = {"supplement", "refuse", "withdraw", "stop", "payment-due", "correct", "extend"}


class Counter:
    """Officers at one centre, and what they do to dossiers there."""

    def __init__(self, http: httpx.AsyncClient, hall: Hall, sign_in: Callable[..., Awaitable[Any]]) -> None:  # noqa: F811
        self.http, self.hall, self.sign_in = http, hall, sign_in
        self.people: dict[str, dict[str, str]] = {}

    async def begin(self) -> None:
        centre_id = self.hall.centre_id
        officer = await self.sign_in(Caller.OFFICER, centre_id=centre_id)
        leader = await self.sign_in(Caller.OFFICER, Caller.CENTRE_LEADER, centre_id=centre_id)
        stranger = await self.sign_in(Caller.OFFICER, Caller.CENTRE_LEADER, centre_id=uuid.uuid4())
        self.people = {"officer": officer.headers, "leader": leader.headers, "stranger": stranger.headers}

    async def registered(self, *, register_only: bool = True) -> dict[str, Any]:
        """Lan's dossier, handed in and not yet accepted."""
        now = current_time()
        ticket = await serving(self.hall, now)
        file = await dossiers.accept(
            centre_id=self.hall.centre_id,
            procedure_code=self.hall.code,
            ticket_id=ticket.id,
            seal=None,
            applicant=Applicant("Nguyễn Thị Lan", LAN, None, "vi"),
            components=[],
            return_mode="counter",
            register_only=register_only,
            now=now,
        )
        await moved(ticket, TicketMove.FINISH, now)
        return await self.seen(file.dossier.number)

    async def seen(self, number: str) -> dict[str, Any]:
        answer = await self.http.get(f"/v1/staff/dossiers/{number}", headers=self.people["officer"])
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def move(
        self,
        dossier: dict[str, Any],
        route: str,
        *,
        who: str = "leader",
        key: str | None = None,
        version: int | None = None,
        **body: Any,
    ) -> httpx.Response:
        sent: dict[str, Any] = dict(REASON) if route in WITH_REASON else {}
        if route == "complete":
            sent["result_document_id"] = str(await result_of(dossier))
        if route == "extend":
            later = await working_moment(days=40)
            sent["promised_at"] = later.isoformat()
        headers = self.people[who] | {
            "Idempotency-Key": key or str(uuid.uuid4()),
            "If-Match": f'"{dossier["version"] if version is None else version}"',
        }
        sent |= body
        return await self.http.post(
            f"/v1/staff/dossiers/{dossier['number']}/{route}",
            headers=headers,
            **({"json": sent} if sent else {}),
        )

    async def moved(self, dossier: dict[str, Any], *routes: str, **facts: Any) -> dict[str, Any]:
        """The dossier after those moves, each of which works."""
        for route in routes:
            answer = await self.move(dossier, route, **facts)
            assert answer.status_code == 200, (route, answer.text)
            dossier = answer.json()
        return dossier

    async def brought_to(self, status: str) -> dict[str, Any]:
        return await self.moved(await self.registered(), *WAYS[status])


async def result_of(dossier: dict[str, Any]) -> uuid.UUID:
    """A clean, digitised result."""
    assert DB.pool is not None
    document_id = uuid.uuid4()
    await DB.pool.execute(
        "INSERT INTO document (id, centre_id, kind, dossier_number, sha256, size_bytes, content_type,"
        " state, uploaded_by_kind, uploaded_by_id, created_at)"
        " VALUES ($1, $2, 'result', $3, $4, 900, 'application/pdf', 'clean', 'officer', $5, now())",
        document_id,
        uuid.UUID(dossier["competent_centre_id"]),
        dossier["number"],
        hashlib.sha256(document_id.bytes).digest(),
        str(uuid.uuid4()),
    )
    return document_id


async def working_moment(*, days: int) -> datetime:
    """Nine o'clock of the first working day so many days from now."""
    calendar = await centres.load_working_calendar()
    day = local_date(current_time()) + timedelta(days=days)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return at_local(day, 9)


async def everything_about(number: str) -> list[Any]:
    """Every row of a dossier, and every fact and line about it."""
    rows = await fetch("SELECT * FROM dossier WHERE number = $1", number)
    dossier_id = rows[0]["id"]
    found: list[Any] = [dict(rows[0])]
    for table in ("dossier_event", "dossier_decision", "dossier_pause", "dossier_warning"):
        found += [dict(r) for r in await fetch(f"SELECT * FROM {table} WHERE dossier_id = $1", dossier_id)]
    found += [
        dict(r) for r in await fetch("SELECT id FROM outbox WHERE subject = $1", f"dossier:{dossier_id}")
    ]
    found += [dict(r) for r in await fetch("SELECT id FROM journal WHERE object_id = $1", str(dossier_id))]
    return found


def it_is(moment: datetime) -> datetime:
    """It is that moment now, and time stands nearly still."""
    set_clock(FastClock(moment, machine_time(), 1))
    return moment


@pytest.fixture(autouse=True)
def the_machines_clock_afterwards() -> Iterator[None]:
    yield
    set_clock(None)


@pytest.fixture
async def counter(
    client: httpx.AsyncClient,
    open_hall: Hall,  # noqa: F811
    sign_in: Callable[..., Awaitable[Any]],
) -> Counter:
    found = Counter(client, open_hall, sign_in)
    await found.begin()
    return found
