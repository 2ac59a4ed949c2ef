"""Anything in any order: after every step the ledger agrees with itself.

A machine does what people do (publish, book, confirm, move, give up, come, miss, wait, close) in an order
nobody thought of, on real PostgreSQL with real commits; what it finds it makes as short as it can.
`MOTCUA_LONG=1` lets it go on for some minutes, each time in other orders.
"""

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.appointments import making_room, needs, operations, queries, steps
from app.appointments.changes import Close, Counters, Orphans
from app.appointments.errors import SlotFull
from app.appointments.kept_back import NOBODY
from app.appointments.needs import Item
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.appointments.rules import BookingRules
from app.core.clock import at_local, local_date
from app.core.database import DB, transaction
from app.core.errors import Refusal, Unavailable
from tests.appointments.conftest import BIRTH, COPIES, GRAIN, Place, make_centre, make_procedures
from tests.conftest import Stores

T = TypeVar("T")
LONG = bool(os.environ.get("MOTCUA_LONG"))
EXAMPLES, STEPS = (400, 60) if LONG else (20, 40)

GRAINS = 6
MOST_VISITS = 3
ITEMS = {
    "copies": [Item(COPIES, 1)],
    "two copies": [Item(COPIES, 2)],
    "birth": [Item(BIRTH, 1)],
    "both": [Item(COPIES, 1), Item(BIRTH, 1)],
}
people = st.integers(0, 11).map(lambda n: uuid.UUID(int=n + 1))
items = st.sampled_from(sorted(ITEMS))
starts = st.integers(0, GRAINS - 1)
some = st.integers(0, 40)
crowds = st.lists(st.tuples(people, items, starts), min_size=1, max_size=8)
changes = st.tuples(st.booleans(), some, st.integers(1, 3))
shares = st.fixed_dictionaries(
    {
        "counters": st.integers(1, 3),
        "online_share": st.sampled_from([0.5, 1.0]),
        "walkin_floor": st.integers(0, 1),
        "overbook_limit": st.integers(0, 1),
    }
)


class Ledger(RuleBasedStateMachine):
    """A centre, twelve people, and what may happen between them."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    emptying: ClassVar[str]
    now: ClassVar[datetime]

    def __init__(self) -> None:
        super().__init__()
        self.place = self.do(self._begin())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def attempt(self, work: Awaitable[T]) -> T | None:
        """Do it or be refused. A lost deadlock looks like a database that is away, and is no refusal."""

        async def run() -> T | None:
            try:
                return await work
            except Unavailable:
                raise
            except Refusal:
                return None

        return self.do(run())

    async def _begin(self) -> Place:
        assert DB.pool is not None
        await DB.pool.execute(self.emptying)
        await make_procedures()
        return await make_centre(name="Hoa Lư", opens=at_local(local_date(self.now) + timedelta(days=1), 8))

    @initialize(narrow=shares, wide=shares)
    def opens(self, narrow: dict[str, Any], wide: dict[str, Any]) -> None:
        for pool_id, share in ((self.place.pool_id, narrow), (self.place.wide_pool_id, wide)):
            self.attempt(self._publish(pool_id, 0, GRAINS, share))

    async def _publish(self, pool_id: uuid.UUID, start: int, grains: int, share: dict[str, Any]) -> None:
        await operations.publish_opening(
            centre_id=self.place.centre_id,
            pool_id=pool_id,
            starts_at=self.at(start),
            ends_at=self.at(start + grains),
            now=self.now,
            **share,
        )

    def at(self, grains: int) -> datetime:
        return self.place.opens + grains * GRAIN

    def one(self, number: int, *states: str) -> AppointmentRow | None:
        """One of the appointments in these states, by its number."""
        assert DB.pool is not None
        found = self.do(
            DB.pool.fetch(
                f"SELECT {queries.COLUMNS} FROM appointment WHERE state = ANY($1) AND citizen_id <> $2"
                " ORDER BY id",
                states,
                NOBODY,
            )
        )
        return queries.appointment_row(found[number % len(found)]) if found else None

    @rule(wide=st.booleans(), start=starts, grains=st.integers(1, 3), share=shares)
    def publish(self, wide: bool, start: int, grains: int, share: dict[str, Any]) -> None:
        pool_id = self.place.wide_pool_id if wide else self.place.pool_id
        self.attempt(self._publish(pool_id, start, grains, share))

    @rule(visits=st.integers(1, MOST_VISITS), of_sector=st.integers(1, 2))
    def decide(self, visits: int, of_sector: int) -> None:
        """The centre lets people come more often in a day, or less; who has a place keeps it."""
        by = BookingRules(visits_per_day=visits, visits_per_sector=of_sector)
        day = local_date(self.place.opens)
        self.attempt(
            operations.set_booking_rules(
                centre_id=self.place.centre_id, rules=by, valid_from=day, now=self.now
            )
        )

    @rule(person=people, wish=items, start=starts, channel=st.sampled_from(Channel))
    def book(self, person: uuid.UUID, wish: str, start: int, channel: Channel) -> None:
        self.do(self._book(person, ITEMS[wish], self.at(start), channel))

    @rule(crowd=crowds)
    def book_online(self, crowd: list[tuple[uuid.UUID, str, int]]) -> None:
        for person, wish, start in crowd:
            self.do(self._book(person, ITEMS[wish], self.at(start), Channel.ONLINE))
            self.the_ledger_agrees_with_itself()

    @rule(crowd=crowds)
    def book_and_confirm(self, crowd: list[tuple[uuid.UUID, str, int]]) -> None:
        for person, wish, start in crowd:
            row = self.do(self._book(person, ITEMS[wish], self.at(start), Channel.ONLINE))
            if row is not None:
                self.do(operations.confirm(appointment_id=row.id, citizen_id=person, now=self.now))
            self.the_ledger_agrees_with_itself()

    async def _book(
        self, person: uuid.UUID, wish: list[Item], start: datetime, channel: Channel
    ) -> AppointmentRow | None:
        try:
            row = await operations.book(
                centre_id=self.place.centre_id,
                starts_at=start,
                items=wish,
                citizen_id=person,
                channel=channel,
                now=self.now,
            )
        except SlotFull:
            need = await needs.need_of(self.place.centre_id, wish, starts_at=start, now=self.now)
            assert not await making_room.can_help(need, start, channel, now=self.now)
            return None
        except Unavailable:
            raise
        except Refusal:
            return None
        assert (row.state, row.starts_at, row.channel) == ("held", start, channel)
        return row

    @rule(number=some)
    def confirm(self, number: int) -> None:
        row = self.one(number, "held")
        if row is not None:
            confirmed = self.attempt(
                operations.confirm(appointment_id=row.id, citizen_id=row.citizen_id, now=self.now)
            )
            assert confirmed is None or confirmed.state == "confirmed"

    @rule(number=some)
    def cancel(self, number: int) -> None:
        row = self.one(number, "held", "confirmed", "arrived")
        if row is not None:
            self.attempt(operations.cancel(appointment_id=row.id, citizen_id=row.citizen_id, now=self.now))

    @rule(number=some, start=starts)
    def move(self, number: int, start: int) -> None:
        row = self.one(number, "confirmed")
        if row is None:
            return
        moved = self.attempt(
            operations.reschedule(
                appointment_id=row.id, citizen_id=row.citizen_id, starts_at=self.at(start), now=self.now
            )
        )
        if moved is not None:
            assert (moved.id, moved.reference, moved.starts_at) == (row.id, row.reference, self.at(start))

    @rule(every=st.booleans(), number=some)
    def time_passes(self, every: bool, number: int) -> None:
        """The time of one hold is over, or of all, also of those that keep a place for nobody."""
        assert DB.pool is not None
        ids = self.do(DB.pool.fetch("SELECT id FROM appointment WHERE state = 'held' ORDER BY id"))
        over = ids if every else ids[number % len(ids) :][:1] if ids else []
        self.do(
            DB.pool.execute(
                "UPDATE appointment SET hold_expires_at = clock_timestamp() - interval '1 millisecond',"
                " confirm_by = least(confirm_by, clock_timestamp() - interval '1 millisecond')"
                " WHERE id = ANY($1)",
                [row["id"] for row in over],
            )
        )

    @rule()
    def sweep(self) -> None:
        self.do(operations.expire_holds(now=self.now))

    @rule(
        number=some, then=st.sampled_from([None, steps.undo_arrival, steps.mark_served, steps.mark_missed])
    )
    def arrive(self, number: int, then: Callable[..., Awaitable[None]] | None) -> None:
        row = self.one(number, "confirmed", "arrived")
        if row is not None and row.state == "confirmed":
            self.attempt(self._step(steps.mark_arrived(appointment_id=row.id, now=row.starts_at)))
        if row is not None and then is not None:
            self.the_ledger_agrees_with_itself()
            self.do(self._step(then(row.id, now=row.starts_at)))

    async def _step(self, work: Awaitable[Any]) -> None:
        async with transaction():
            await work

    @rule(start=starts)
    def miss(self, start: int) -> None:
        """Nobody came of those who had a time before this one."""
        self.do(operations.miss_overdue(now=self.at(start) + timedelta(seconds=1)))

    @rule(person=people, wish=items, start=starts)
    def wait(self, person: uuid.UUID, wish: str, start: int) -> None:
        self.attempt(
            operations.join_waitlist(
                citizen_id=person,
                centre_id=self.place.centre_id,
                items=ITEMS[wish],
                window_from=self.at(start),
                window_to=self.at(GRAINS),
                now=self.now,
            )
        )

    @rule()
    def offer(self) -> None:
        self.do(operations.pass_offers_on(now=self.now))
        self.do(operations.offer_places(centre_id=self.place.centre_id, now=self.now))

    @rule(change=changes, fate=st.sampled_from(Orphans))
    def change_capacity(self, change: tuple[bool, int, int], fate: Orphans) -> None:
        """An opening gets other counters, or none for a while."""
        closes, number, size = change
        assert DB.pool is not None
        found = self.do(DB.pool.fetch("SELECT id, pool_id FROM opening WHERE status = 'open' ORDER BY id"))
        if not found:
            return
        opening = found[number % len(found)]
        if closes:
            start = self.at(number % GRAINS)
            self.attempt(
                self._change(
                    Close(starts_at=start, ends_at=start + size * GRAIN, pool_id=opening["pool_id"]), fate
                )
            )
        else:
            self.attempt(self._change(Counters(opening_id=opening["id"], counters=size), fate))

    async def _change(self, change: Close | Counters, fate: Orphans) -> None:
        proposal = await operations.propose_change(
            centre_id=self.place.centre_id, change=change, now=self.now
        )
        await operations.apply_change(
            centre_id=self.place.centre_id, proposal_id=proposal.id, orphans=fate, now=self.now
        )

    @rule()
    def support(self) -> None:
        self.do(
            operations.support_orphans(
                centre_id=self.place.centre_id, start=self.at(0), end=self.at(GRAINS + 3), now=self.now
            )
        )

    @invariant()
    def the_ledger_agrees_with_itself(self) -> None:
        assert DB.pool is not None
        broken = self.do(DB.pool.fetch(BROKEN))
        assert {row["sentence"]: self.do(DB.pool.fetch(NEVER[row["sentence"]])) for row in broken} == {}


# Who has a place, or was served in it; everybody else's is given back.
PLACED = "state IN ('held', 'confirmed', 'arrived', 'served')"
# Whoever did not come has no place any more, and has had their visit of the day.
CLAIMS = "state IN ('held', 'confirmed', 'arrived', 'served', 'missed')"
COUNTED = ", ".join(f"count(*) FILTER (WHERE channel = '{channel}') AS {channel}" for channel in Channel)
TAKEN = ", ".join(f"taken_{channel}" for channel in Channel)
NEVER = {
    "a slot counts what is not there, or not what is": (
        f"SELECT slot.id, {TAKEN}, found FROM slot LEFT JOIN LATERAL (SELECT {COUNTED}"
        " FROM appointment_slot placed JOIN appointment ON appointment.id = appointment_id"
        f" WHERE slot_id = slot.id AND {PLACED}) found ON true"
        f" WHERE ({TAKEN}) <> (found.online, found.partner, found.staff, found.walkin)"
    ),
    "a slot is above its places, a share above its cap, or a promise in what is kept for walk-ins": (
        "SELECT * FROM slot WHERE taken_online > online_cap OR taken_partner > partner_cap"
        " OR taken_online + taken_partner > capacity - walkin_floor"
        " OR taken_online + taken_partner + taken_walkin > capacity"
        " OR taken_online + taken_partner + taken_staff + taken_walkin > capacity + overbook_limit"
    ),
    "somebody has a place and is over, or is promised one and has none": (
        "SELECT appointment.id, state, placement, places FROM appointment LEFT JOIN LATERAL ("
        "  SELECT count(*) AS places FROM appointment_slot WHERE appointment_id = appointment.id) found"
        f" ON true WHERE (places > 0) <> ({PLACED} AND placement = 'supported')"
    ),
    "the places of a visit do not follow one another, in one pool, from its start to its end": (
        "SELECT appointment.id FROM appointment JOIN appointment_slot ON appointment_id = appointment.id"
        " JOIN slot ON slot.id = slot_id GROUP BY appointment.id"
        " HAVING NOT (bool_and(slot.pool_id = appointment.pool_id)"
        " AND min(slot.starts_at) = appointment.starts_at AND max(slot.ends_at) >= appointment.ends_at"
        " AND max(slot.ends_at) - min(slot.starts_at) = sum(slot.ends_at - slot.starts_at))"
    ),
    "somebody stands in a pool that cannot serve them": (
        "SELECT appointment.id FROM appointment, jsonb_array_elements(items) item"
        f" WHERE {PLACED} AND NOT EXISTS (SELECT FROM pool_procedure WHERE pool_procedure.pool_id ="
        " appointment.pool_id AND procedure_code = item ->> 'procedure')"
    ),
    "a person's claims are not those of their appointments": (
        "SELECT appointment.id, state, claims FROM appointment LEFT JOIN LATERAL ("
        "  SELECT array_agg(claim) AS claims FROM appointment_claim claim"
        "   WHERE claim.appointment_id = appointment.id AND claim.citizen_id = appointment.citizen_id"
        "     AND claim.local_date = appointment.local_date) found ON true"
        f" WHERE ({CLAIMS} AND citizen_id <> '{NOBODY}') <> coalesce(array_to_string(claims, ' ')"
        "  ~ 'visit:[1-9]' AND array_to_string(claims, ' ') ~ 'sector:', false)"
    ),
    "a claim belongs to nobody's appointment": (
        "SELECT * FROM appointment_claim WHERE appointment_id NOT IN (SELECT id FROM appointment"
        f" WHERE {CLAIMS})"
    ),
    "a person has more visits in a day than any decision allowed": (
        f"SELECT citizen_id FROM appointment WHERE {CLAIMS} AND citizen_id <> '{NOBODY}'"
        f" GROUP BY citizen_id, local_date HAVING count(*) > {MOST_VISITS}"
    ),
    "a place is kept for nobody beyond its hold": (
        f"SELECT id FROM appointment WHERE citizen_id = '{NOBODY}' AND (state <> 'held' OR grains <> 1)"
    ),
}
BROKEN = " UNION ALL ".join(
    f"SELECT '{sentence}' AS sentence WHERE EXISTS ({sql})"
    for sentence, sql in ((sentence.replace("'", "''"), sql) for sentence, sql in NEVER.items())
)


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_whatever_happens_in_whatever_order_the_ledger_agrees_with_itself(
    loop: asyncio.AbstractEventLoop, database: Stores, emptying: str, now: datetime
) -> None:
    Ledger.loop, Ledger.emptying, Ledger.now = loop, emptying, now
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not LONG,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
