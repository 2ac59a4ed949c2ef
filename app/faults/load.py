"""People who book while things break, and remember every answer they got.

Each does as the contract asks of a client: a key for every write, the same request again with the same key
when there was no answer or 503, as late as `Retry-After` says.
"""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from app.core.clock import current_time, local
from app.faults.house import House
from app.http.principals import Audience, Caller, Principal

PROCEDURE: Final = "2.000815"
AT_HOME: Final = "1.001699"
HOUSE: Final[dict[str, Any]] = {
    "text": "Số 12, tổ dân phố Phúc Chỉnh",
    "commune": "14329",
    "lat": 20.2601,
    "lon": 105.9712,
}
NAME: Final = "Nguyễn Thị Lan"
# Longer than anything may take; who waits longer gives up and asks again.
PATIENCE_S: Final = 25.0
GIVES_UP_AFTER_S: Final = 90.0
# Holding and confirming, each to its last try.
UNDER_WAY_S: Final = 2 * (GIVES_UP_AFTER_S + PATIENCE_S)
LONGEST_PAUSE_S: Final = 3.0
PLACES_AHEAD: Final = 400
AT_ONCE: Final = 8
VISITS_SHARE: Final = 0.06
# How long somebody looks before they begin, at most; longer after each so many who have booked, so that a
# fault that lasts minutes is met by people all the while and not by thousands whom every check asks about.
THINKS_S: Final = 0.8
SLOWER_AFTER: Final = 40
DAYS: Final = timedelta(days=14)
ALLOWED: Final = frozenset({200, 201, 202, 409, 410, 422, 429, 503})
PLACES: Final = """
SELECT centre_id::text AS centre_id, starts_at FROM slot JOIN pool_procedure USING (pool_id, centre_id)
 WHERE procedure_code = $1 AND open AND starts_at > now() + interval '3 hours'
   AND taken_online < online_cap ORDER BY random() LIMIT $2
"""


@dataclass(frozen=True)
class Acknowledged:
    """A write that was answered 2xx: what was asked, with which key, and the answer to the byte."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any] | None
    status: int
    answer: bytes
    at: float


@dataclass
class Person:
    """Somebody with a token and a telephone."""

    id: uuid.UUID
    headers: dict[str, str]
    phone: str


@dataclass
class Load:
    """The crowd of one cell, and what it saw."""

    house: House
    acknowledged: list[Acknowledged] = field(default_factory=list)
    # (appointment, phone, moment) of every confirmation that was answered 200.
    confirmed: list[tuple[str, str, float]] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unasked_waits: int = 0  # 503 or 429 without Retry-After
    cut: int = 0
    longest_s: float = 0.0
    unanswered: int = 0
    canaries: set[str] = field(default_factory=set)
    strange: list[str] = field(default_factory=list)
    # How far the host's clock is off that gives out tokens, where a cell moves it.
    hosts_clock: timedelta | None = None
    signed_in_again: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wanted: int | None = None
    visits_share: float = VISITS_SHARE
    thinks_s: float = THINKS_S
    at_once: int = AT_ONCE
    _begun: int = 0
    _people: list[Person] = field(default_factory=list)
    _known: dict[str, Principal] = field(default_factory=dict)
    _places: list[tuple[str, datetime]] = field(default_factory=list)
    _windows: list[str] = field(default_factory=list)
    _clients: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(
            base_url=self.house.api,
            timeout=PATIENCE_S,
            trust_env=False,
            limits=httpx.Limits(max_connections=self.at_once * 2),
        )

    async def begin(self, *, people: int = 1500, places: int = PLACES_AHEAD) -> None:
        """Let them come."""
        self._people = await self.come(people)
        rows = await self.house.rows(PLACES, PROCEDURE, places)
        self._places = [(row["centre_id"], row["starts_at"]) for row in rows]
        if self.visits_share:
            self._windows = await self._open_windows()
        self._clients = [
            asyncio.create_task(self._client(), name=f"client-{n}") for n in range(self.at_once)
        ]

    async def enough(self, more: int) -> None:
        """Until so many more confirmations were answered."""
        until = len(self.confirmed) + more

        async def seen() -> bool:
            return len(self.confirmed) >= until or all(client.done() for client in self._clients)

        await self.house.until(f"{more} confirmations", seen, within_s=GIVES_UP_AFTER_S, every_s=0.02)

    async def end(self) -> None:
        """Nobody begins anything; who is under way finishes, or is sent home and counted. Twice is once."""
        self.stop.set()
        clients, self._clients = self._clients, []
        if not clients:
            return
        done, left = await asyncio.wait(clients, timeout=UNDER_WAY_S * self.house.pace)
        for client in left:
            client.cancel()
        self.unanswered += len(left)
        await asyncio.gather(*left, return_exceptions=True)
        self.strange += [f"{c.get_name()}: {c.exception()!r}" for c in done if c.exception() is not None]

    async def all(self) -> None:
        """Until everybody has what they came for."""
        await asyncio.gather(*self._clients)

    async def close(self) -> None:
        await self._http.aclose()

    async def come(self, count: int, *, now: datetime | None = None) -> list[Person]:
        """People who have signed in."""
        now = now or datetime.now(UTC)
        people = [
            Principal(Audience.CITIZEN, uuid.uuid4(), uuid.uuid4(), frozenset({Caller.CITIZEN}))
            for _ in range(count)
        ]
        await self.house.rows(
            "INSERT INTO sign_in (id, audience, subject_id, roles, scopes, created_at, expires_at)"
            " SELECT id, 'citizen', subject, '{citizen}', '{}', $3, $4"
            " FROM unnest($1::uuid[], $2::uuid[]) AS person (id, subject)",
            [each.sign_in_id for each in people],
            [each.id for each in people],
            now,
            now + timedelta(hours=3),
        )
        found = [
            Person(
                each.id,
                self._signed_in(each, now),
                f"09{self.house.chance.randrange(10_000_000, 99_999_999)}",
            )
            for each in people
        ]
        for each in found:
            self.canaries.add(each.phone[1:])
        return found

    def _signed_in(self, person: Principal, now: datetime) -> dict[str, str]:
        token = f"Bearer {self.house.tokens.issue(person, now=now)}"
        self._known[token] = person
        self.canaries.add(token.rpartition(".")[2])
        return {"Authorization": token}

    async def _client(self) -> None:
        chance = self.house.chance
        while not self.stop.is_set() and self._people:
            if self.wanted is not None and self._begun >= self.wanted:
                return
            person = self._people.pop()
            slower = 1 + len(self.confirmed) / SLOWER_AFTER
            await asyncio.sleep(chance.uniform(0, self.thinks_s * slower))
            if self._windows and chance.random() < self.visits_share:
                await self._visit(person)
                continue
            self._begun += 1
            if not await self.book(person):
                self._begun -= 1

    async def book(self, person: Person) -> bool:
        """Hold and confirm; whether both were answered as hoped."""
        held = None
        for _ in range(20):
            centre, starts_at = self.house.chance.choice(self._places)
            held = await self.write(
                person,
                "/v1/appointments",
                {
                    "centre_id": centre,
                    "starts_at": local(starts_at).isoformat(),
                    "items": [{"procedure": PROCEDURE, "quantity": 1}],
                },
            )
            if held is None or held.status_code == 201 or self.stop.is_set():
                break
        if held is None or held.status_code != 201:
            return False
        confirmed = await self.write(
            person,
            f"/v1/appointments/{held.json()['id']}/confirm",
            {"contact": {"name": NAME, "phone": person.phone}},
        )
        if confirmed is None or confirmed.status_code != 200:
            return False
        self.confirmed.append((held.json()["id"], person.phone, time.monotonic()))
        return True

    async def _visit(self, person: Person) -> None:
        """Ask a courier to come, and every other time think better of it."""
        chance = self.house.chance
        answer = await self.write(
            person,
            "/v1/home-visits",
            {
                "kind": "collection",
                "procedures": [AT_HOME],
                "window_id": chance.choice(self._windows),
                "address": HOUSE,
                "contact": {"name": NAME, "phone": person.phone},
            },
        )
        if answer is None or answer.status_code != 201:
            return
        visit = answer.json()["id"]
        self.visits.append(visit)
        if chance.random() < 0.5:
            await self.write(person, f"/v1/home-visits/{visit}/cancel", None)

    async def _open_windows(self) -> list[str]:
        today = local(current_time()).date()
        [person] = await self.come(1)
        answer = await self._http.get(
            "/v1/visit-windows",
            headers=person.headers,
            params={
                "procedure": AT_HOME,
                "lat": HOUSE["lat"],
                "lon": HOUSE["lon"],
                "from": today.isoformat(),
                "to": (today + DAYS).isoformat(),
                "kind": "collection",
            },
        )
        return [window["id"] for window in answer.json().get("windows", [])]

    async def write(self, person: Person, path: str, body: dict[str, Any] | None) -> httpx.Response | None:
        """One write, asked until it is answered; None where nobody ever answered."""
        headers = person.headers | {"Idempotency-Key": str(uuid.uuid4())}
        until = time.monotonic() + GIVES_UP_AFTER_S
        while time.monotonic() < until:
            answer = await self.once(path, headers, body)
            if answer is not None and not _is_later(answer):
                if answer.status_code in (200, 201):
                    self.acknowledged.append(
                        Acknowledged(
                            path, headers, body, answer.status_code, answer.content, time.monotonic()
                        )
                    )
                return answer
            pause = float(answer.headers.get("retry-after", 1)) if answer is not None else 0.2
            await asyncio.sleep(min(pause, LONGEST_PAUSE_S))
        self.unanswered += 1
        return None

    async def read(self, path: str, headers: Mapping[str, str]) -> int:
        """The status somebody who looks is answered with."""
        return (await self._http.get(path, headers=dict(headers))).status_code

    async def once(
        self, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response | None:
        answer = await self._ask(path, headers, body)
        if self.hosts_clock is None:
            return answer
        # The host that gives out the next token is wrong still, or right already.
        for off in (self.hosts_clock, timedelta()):
            if answer is None or answer.status_code != httpx.codes.UNAUTHORIZED:
                break
            known = self._known[headers["Authorization"]]
            headers |= self._signed_in(known, datetime.now(UTC) + off)
            self.signed_in_again += 1
            answer = await self._ask(path, headers, body)
        if answer is not None and answer.status_code == httpx.codes.UNAUTHORIZED:
            self.strange.append(f"{path} 401 with a token of either clock")
        return answer

    async def _ask(
        self, path: str, headers: dict[str, str], body: dict[str, Any] | None
    ) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = await self._http.post(path, headers=headers, json=body)
        except httpx.TransportError:
            self.cut += 1
            return None
        finally:
            self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        if answer.status_code in (429, 503) and "retry-after" not in answer.headers:
            self.unasked_waits += 1
        signs_in_again = self.hosts_clock is not None and answer.status_code == httpx.codes.UNAUTHORIZED
        if answer.status_code not in ALLOWED and not signs_in_again:
            self.strange.append(f"{path} {answer.status_code} {answer.text[:300]}")
        return answer


def _is_later(answer: httpx.Response) -> bool:
    if answer.status_code in (429, 503):
        return True
    return answer.status_code == 409 and b"request_in_progress" in answer.content
