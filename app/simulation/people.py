"""The people of a simulated day: each speaks HTTP as the real one would, and lives by the fast clock."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from app.core.clock import current_time, local
from app.demo.people import Caller, SmsInbox, StoryBroken, sign_in_by_code
from app.simulation.hall import Book, Guest
from app.simulation.members import Member, Refused, read
from app.simulation.plan import LAST_ARRIVAL, Session, Visitor, comes_at
from app.simulation.tempo import Tempo

LOOK_EVERY_MINUTES: Final = 0.5
WALK_MINUTES: Final = (0.3, 1.2)  # with the look at the screen, about the plan's turnover
TURNS_UP: Final = 0.98
RECALL_AFTER_MINUTES: Final = 1.0
STARTS_TRIED: Final = 3
BOOKING_AT_ONCE: Final = 8
CODES_ASKED: Final = 3
CODE_PATIENCE_S: Final = 10.0
# Nine of ten would rather come back than sit; they are a little late.
ACCEPTS: Final = 0.9
BACK_LATE_MINUTES: Final = (0.0, 5.0)
PATIENCE: Final = timedelta(hours=1)
ELDERLY: Final = "NCT"


AtCounter = Callable[[Member, dict[str, Any], Guest], Awaitable[None]]


@dataclass
class World:
    """Where everybody is."""

    api: httpx.AsyncClient
    inbox: SmsInbox
    centre_id: str
    tempo: Tempo
    book: Book
    chance: random.Random
    kiosk: Member
    closes: datetime  # The doors of the day that is played; the centre's own book may reach further.
    # What else is done at a counter for whoever is served there, before they leave.
    at_counter: AtCounter | None = None
    # Nobody's phone is quicker than their fingers: so many book at the same moment.
    booking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BOOKING_AT_ONCE))


async def citizen(world: World, visitor: Visitor, phone: str) -> None:
    """Book (or not), come (or not), and take a number. Who finds no place comes all the same."""
    try:
        if not (visitor.booked and await _booked_and_came(world, visitor, phone)):
            await world.tempo.until(visitor.arrives)
            await _walk_in(world, visitor)
    except Refused as reason:
        world.book.refused[reason.code] += 1


async def _booked_and_came(world: World, visitor: Visitor, phone: str) -> bool:
    """Whether there was a place; then they came for it, or stayed away."""
    caller = Caller(world.api)
    member = Member(caller, lambda: signed_in_again(world, caller, phone))
    async with world.booking:
        held = await _hold(member, world, visitor) if await sign_in(world, caller, phone) else None
        if held is None:
            return False
        await member.post(f"/v1/appointments/{held['id']}/confirm", {})
    world.book.booked += 1
    if not visitor.shows:
        world.book.stayed_away += 1
        return True
    starts_at = datetime.fromisoformat(held["starts_at"])
    await world.tempo.until(comes_at(starts_at, world.chance))
    ticket = await member.post(f"/v1/appointments/{held['id']}/check-in")
    guest = Guest(visitor, ticket["number"], max(current_time(), starts_at), member=member, phone=phone)
    world.book.guests[ticket["id"]] = guest
    return True


async def sign_in(world: World, caller: Caller, phone: str) -> bool:
    """With a code, or with the next one: on a fast clock a code is old before a slow machine brings it."""
    for _ in range(CODES_ASKED):
        with contextlib.suppress(StoryBroken):
            await sign_in_by_code(caller, world.inbox, phone, patience_s=CODE_PATIENCE_S)
            return True
    return False


async def signed_in_again(world: World, caller: Caller, phone: str) -> dict[str, Any]:
    if not await sign_in(world, caller, phone):
        raise StoryBroken("no code came for somebody who was signed in before")
    return {"access_token": caller.headers["Authorization"].removeprefix("Bearer ")}


async def _hold(member: Member, world: World, visitor: Visitor) -> dict[str, Any] | None:
    """A place near the wished time: the nearest that is free, or the next when somebody was faster."""
    day = local(visitor.arrives).date().isoformat()
    asked = {"centre": world.centre_id, "procedure": visitor.procedure, "from": day, "to": day}
    found = read(await member.ask("GET", "/v1/availability", params=asked))
    slots = [datetime.fromisoformat(slot["starts_at"]) for day in found["days"] for slot in day["slots"]]
    slots = [starts_at for starts_at in slots if starts_at <= world.closes - LAST_ARRIVAL]
    near = sorted(slots, key=lambda starts_at: abs(starts_at - visitor.arrives))
    for starts_at in near[:STARTS_TRIED]:
        body = {
            "centre_id": world.centre_id,
            "starts_at": local(starts_at).isoformat(),
            "items": [{"procedure": visitor.procedure, "quantity": 1}],
        }
        try:
            held: dict[str, Any] = await member.post("/v1/appointments", body)
        except Refused:
            continue
        return held
    return None


async def _walk_in(world: World, visitor: Visitor) -> None:
    body: dict[str, Any] = {"procedures": [visitor.procedure]}
    if visitor.priority:
        body["priority_group"] = ELDERLY
    ticket = await world.kiosk.post("/v1/device/tickets", body)
    guest = Guest(visitor, ticket["number"], current_time())
    world.book.guests[ticket["id"]] = guest
    if ticket["return_offer"] is not None:
        await _answer(world, guest, f"/v1/device/tickets/{ticket['id']}")


async def _answer(world: World, guest: Guest, ticket: str) -> None:
    """Go away until the offered time, or not; whose time is gone meanwhile stays and waits."""
    world.book.offered += 1
    accept = world.chance.random() < ACCEPTS
    with contextlib.suppress(Refused):
        answered = await world.kiosk.post(f"{ticket}/return", {"accept": accept})
        if not accept:
            return
        world.book.accepted += 1
        guest.waits_from = guest.away_until = datetime.fromisoformat(answered["return_at"])
        await world.tempo.until(guest.away_until)
        await world.tempo.minutes(world.chance.uniform(*BACK_LATE_MINUTES))
        guest.waits_from = max(guest.waits_from, current_time())
        await world.kiosk.post(f"{ticket}/back")
    guest.away_until = None


@dataclass
class Desk:
    """An officer at a counter: opens it, calls whoever is due, serves, and closes after the last."""

    world: World
    member: Member
    counter_id: str
    sessions: Sequence[Session]

    async def work(self) -> None:
        nexts: list[Session | None] = [*self.sessions[1:], None]
        for session, following in zip(self.sessions, nexts, strict=True):
            opens_again = following.opens if following else None
            await self.world.tempo.until(session.opens)
            await self._do("open")
            while current_time() < session.closes or self.world.book.awaited_before(opens_again):
                if not await self._next():
                    await self.world.tempo.minutes(LOOK_EVERY_MINUTES)
                if current_time() > self._gives_up_at(session, opens_again):
                    break
            await self._do("close")

    def _gives_up_at(self, session: Session, opens_again: datetime | None) -> datetime:
        """An hour after the doors close, or after the last began to wait before they open again."""
        last = self.world.book.last_to_wait
        if last is not None and (opens_again is None or last < opens_again):
            return max(session.closes, last) + PATIENCE
        return session.closes + PATIENCE

    async def _do(self, verb: str) -> None:
        await self.member.post(f"/v1/staff/counters/{self.counter_id}/{verb}")

    async def _next(self) -> bool:
        """Call and serve one person; whether there was one. Nobody calls into an empty hall."""
        if not self.world.book.waiting:
            return False
        ticket = await self.member.post(f"/v1/staff/counters/{self.counter_id}/next")
        if ticket is None:
            return False
        guest = self.world.book.guests.get(ticket["id"])
        if guest is None:
            guest = await self._met(ticket["id"])
        guest.called_at = guest.called_at or current_time()
        await self.world.tempo.minutes(self.world.chance.uniform(*WALK_MINUTES))
        if self.world.chance.random() > TURNS_UP:
            await self.world.tempo.minutes(RECALL_AFTER_MINUTES)
            await self._move(ticket, "no-show")
            guest.ended = "missed"
            return True
        started = await self._move(ticket, "start")
        await self.world.tempo.minutes(guest.visitor.minutes)
        if self.world.at_counter is not None:
            await self.world.at_counter(self.member, started, guest)
        await self._move(started, "finish")
        guest.ended = "done"
        return True

    async def _met(self, ticket_id: str) -> Guest:
        """Who holds a number printed this moment, while its answer is still on the way to them."""
        while ticket_id not in self.world.book.guests:
            await self.world.tempo.minutes(0.1)
        return self.world.book.guests[ticket_id]

    async def _move(self, ticket: dict[str, Any], move: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.member.post(
            f"/v1/staff/tickets/{ticket['id']}/{move}", version=ticket["version"]
        )
        return found
