"""Anything in any order: after every step each package is in one pair of hands, and the audit agrees.

A machine does what couriers, post offices, officers and citizens do, in an order nobody thought of, with
retries and at once, on real PostgreSQL with real commits. At the end one byte is altered beside the
program, and found. `MOTCUA_LONG=1` lets it go on for some minutes, each time in other orders.
"""

import asyncio
import os
import random
import uuid
from collections.abc import Awaitable, Coroutine
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.core.database import DB
from app.core.errors import Refusal, Unavailable
from app.core.operation import operation
from app.custody import inventory, queries, resealing, steps
from app.custody.audit import verify
from app.custody.operations import sign_head
from app.custody.queries import PackageRow
from app.custody.steps import Moment, Paper, Party
from tests.conftest import Stores
from tests.custody.conftest import CENTRE, LAN, PAPERS, hand_over, receive, seal
from tests.custody.tampering import TABLES, altered, put, rows_of

T = TypeVar("T")
LONG = bool(os.environ.get("MOTCUA_LONG"))
EXAMPLES, STEPS = (300, 60) if LONG else (12, 30)

COURIERS = [Party("courier", str(uuid.UUID(int=n))) for n in (2, 12, 22)]
OFFICES = [Party("post_office", code) for code in ("BC-14638", "BC-14329")]
RECEIVING = Party("officer", str(uuid.UUID(int=3)))  # who receives at the centre, in `receive`
OFFICERS = [RECEIVING, Party("officer", str(uuid.UUID(int=4))), Party("officer", str(uuid.UUID(int=5)))]
EVERYBODY = [LAN, *COURIERS, *OFFICES, *OFFICERS]

numbers = st.integers(0, 4).map(lambda n: f"NIEM-{n}")
anybody = st.sampled_from(EVERYBODY)
counts = st.sampled_from([PAPERS, PAPERS, PAPERS[:1], (Paper(component=9, copies=1),)])


ON_ITS_WAY = {"sealed"}


class Believed(NamedTuple):
    """What must be true of one package."""

    holder: Party
    state: str
    links: int
    counted: tuple[Paper, ...] | None = None
    contents: tuple[Paper, ...] = PAPERS


@operation
async def deliver(
    *, seal_number: str, courier: Party, receiver: Party, told: str, now: datetime
) -> PackageRow:
    return await steps.deliver(
        seal_number, giver=courier, receiver=receiver, moment=Moment(now, now), told=told
    )


@operation
async def reseal(*, seal_number: str, new: str, holder: Party, witness: Party, now: datetime) -> PackageRow:
    return await resealing.reseal(
        seal_number,
        new_seal_number=new,
        holder=holder,
        witness=witness,
        reason="torn",
        moment=Moment(now, now),
    )


@operation
async def count(*, seal_number: str, officer: Party, contents: Any, now: datetime) -> PackageRow:
    return await inventory.count(
        seal_number,
        centre_id=CENTRE,
        officer_id=uuid.UUID(officer.id),
        contents=contents,
        moment=Moment(now, now),
    )


class Hands(RuleBasedStateMachine):
    """Five seals, nine pairs of hands."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    emptying: ClassVar[str]
    now: ClassVar[datetime]

    def __init__(self) -> None:
        super().__init__()
        assert DB.pool is not None
        self.do(DB.pool.execute(self.emptying))
        self.packages: dict[str, Believed] = {}
        self.moved: dict[str, Any] | None = None
        self.nights = 0
        self.told = "returned"

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def attempt(self, work: Awaitable[PackageRow]) -> bool:
        """Done, or refused; a database that is away is neither."""

        async def run() -> bool:
            try:
                await work
            except Unavailable:
                raise
            except Refusal:
                return False
            return True

        return self.do(run())

    def moves(self, number: str, to: Party, **facts: Any) -> None:
        before = self.packages[number]
        self.packages[number] = before._replace(holder=to, links=before.links + 1, **facts)

    def can_move(self, number: str, giver: Party, to: Party) -> bool:
        package = self.packages.get(number)
        return (
            package is not None and package.state in ON_ITS_WAY and giver == package.holder and giver != to
        )

    @rule(number=numbers, giver=anybody, courier=st.sampled_from(COURIERS))
    def seal(self, number: str, giver: Party, courier: Party) -> None:
        done = self.attempt(seal(seal_number=number, giver=giver, receiver=courier, now=self.now))
        assert done == (number not in self.packages and giver != courier)
        if done:
            self.packages[number] = Believed(courier, "sealed", 1)

    @rule(number=numbers, giver=st.none() | anybody, to=anybody, broken=st.sampled_from([0, 0, 0, 1]))
    def hand_over(self, number: str, giver: Party | None, to: Party, broken: int) -> None:
        known = self.packages.get(number)
        by = giver or (known.holder if known else LAN)
        seal_state = "broken" if broken else "intact"
        facts = {"seal_number": number, "giver": by, "receiver": to, "seal_state": seal_state}
        done = self.attempt(hand_over(now=self.now, **facts))
        assert done == self.can_move(number, by, to)
        if done:
            self.moved = facts
            self.moves(number, to, **({"state": "quarantined"} if broken else {}))

    @rule()
    def say_it_again(self) -> None:
        """A device that heard no answer sends the same once more: it changes nothing or is a new one."""
        if self.moved is None:
            return
        number, giver, to = (self.moved[name] for name in ("seal_number", "giver", "receiver"))
        done = self.attempt(hand_over(now=self.now, **self.moved))
        assert done == self.can_move(number, giver, to)
        if done:
            broken = self.moved["seal_state"] == "broken"
            self.moves(number, to, **({"state": "quarantined"} if broken else {}))

    @rule(number=numbers, receivers=st.lists(anybody, min_size=2, max_size=5, unique=True))
    def all_at_once(self, number: str, receivers: list[Party]) -> None:
        """Of several who are handed it at once, one has it."""
        known = self.packages.get(number)
        if known is None:
            return

        async def race() -> list[Any]:
            return await asyncio.gather(
                *(
                    hand_over(seal_number=number, giver=known.holder, receiver=to, now=self.now)
                    for to in receivers
                ),
                return_exceptions=True,
            )

        answers = self.do(race())
        won = [to for to, answer in zip(receivers, answers, strict=True) if isinstance(answer, PackageRow)]
        assert all(isinstance(answer, PackageRow | Refusal) for answer in answers)
        assert len(won) == (known.state in ON_ITS_WAY)
        if won:
            self.moves(number, won[0])

    @rule(number=numbers, intact=st.booleans(), contents=counts)
    def receive(self, number: str, intact: bool, contents: tuple[Paper, ...]) -> None:
        known = self.packages.get(number)
        done = self.attempt(
            receive(seal_number=number, seal_intact=intact, contents=contents, now=self.now)
        )
        if known is None or known.state in {"quarantined", "delivered", "returned", "resealed"}:
            assert not done
        elif known.state != "received":
            assert done == (known.holder != RECEIVING)
            if done:
                right = intact and contents == known.contents
                self.moves(number, RECEIVING, state="received" if right else "quarantined")

    @rule(number=numbers, courier=st.sampled_from(COURIERS), to=st.sampled_from([LAN, *COURIERS]))
    def deliver(self, number: str, courier: Party, to: Party) -> None:
        told = self.told = "returned" if self.told == "delivered" else "delivered"
        done = self.attempt(
            deliver(seal_number=number, courier=courier, receiver=to, told=told, now=self.now)
        )
        assert done == self.can_move(number, courier, to)
        if done:
            self.moves(number, to, state=told)

    @rule(number=numbers, new=numbers, holder=anybody, witness=anybody)
    def reseal(self, number: str, new: str, holder: Party, witness: Party) -> None:
        """The old bag is closed with the witness, the new one is the holder's."""
        done = self.attempt(
            reseal(seal_number=number, new=new, holder=holder, witness=witness, now=self.now)
        )
        assert done == (self.can_move(number, holder, witness) and new not in self.packages)
        if done:
            contents = self.packages[number].contents
            self.moves(number, witness, state="resealed")
            self.packages[new] = Believed(holder, "sealed", 1, contents=contents)

    @rule(number=numbers, officer=st.sampled_from(OFFICERS), contents=counts)
    def count(self, number: str, officer: Party, contents: tuple[Paper, ...]) -> None:
        known = self.packages.get(number)
        done = self.attempt(count(seal_number=number, officer=officer, contents=contents, now=self.now))
        if known is None or known.state != "quarantined" or officer == known.holder:
            assert not done
        elif known.counted is None:
            assert done
            self.moves(number, officer, counted=contents)
        else:
            assert done == (contents == known.counted)
            if done:
                self.moves(number, officer, state="received", counted=None, contents=contents)

    @rule()
    def night(self) -> None:
        self.nights += 1
        assert self.do(sign_head(now=self.now + timedelta(days=self.nights))) is not None

    @invariant()
    def each_package_is_in_one_pair_of_hands(self) -> None:
        for number, believed in self.packages.items():
            row = self.do(queries.by_seal(number))
            assert (row.custodian_kind, row.custodian_id) == believed.holder
            assert (row.state, row.last_n) == (believed.state, believed.links)
        report = self.do(verify())
        assert report == (
            len(self.packages),
            sum(package.links for package in self.packages.values()),
            self.nights,
            [],
        )

    def teardown(self) -> None:
        """Whatever had happened: one byte altered beside the program is found."""
        self.do(self._alter(random.Random(str(sorted(self.packages.items())))))

    async def _alter(self, chance: random.Random) -> None:
        for table in TABLES:
            rows = await rows_of(table)
            if not rows:
                continue
            at, column = chance.randrange(len(rows)), chance.choice(list(rows[0]))
            other = altered(column, rows[at][column], chance)
            try:
                await put(table, [*rows[:at], rows[at] | {column: other}, *rows[at + 1 :]])
            except asyncpg.IntegrityConstraintViolationError:
                continue  # the database itself stands in the way: nothing was altered
            assert (await verify()).faults, (table, column, rows[at][column], other)
            await put(table, rows)


@pytest.fixture
async def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_whatever_happens_in_whatever_order_one_holds_each_package_and_the_audit_agrees(
    loop: asyncio.AbstractEventLoop, database: Stores, emptying: str, now: datetime
) -> None:
    Hands.loop, Hands.emptying, Hands.now = loop, emptying, now
    run_state_machine_as_test(
        Hands,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not LONG,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
