"""Operations that arrive together share one transaction: group commit, in the process.

Round trips and the wait for the disk cost as much as the work itself, and on a contended row they are
waited for in turn. So whoever comes while others are being written goes with the next transaction.
Nothing is delayed for company: with nobody under way, one goes alone at once.

Always true:
- an answer is given after the commit that made it true;
- each keeps its own idempotency record, in the transaction that does its work;
- what cannot be done together is not refused: None means "ask alone".
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from typing import Final, Generic, NamedTuple, TypeVar

import asyncpg

from app.core.database import DB, Connection, DatabaseUnavailable, NestedTransaction, transaction
from app.core.operation import Companion, companion
from app.core.wakeups import WAKEUPS, pending

Q = TypeVar("Q")
R = TypeVar("R")

# Two transactions keep the database busy while answers are handed out; more only meet on the same rows.
LANES: Final = 2
MOST_TOGETHER: Final = 32

# One of the company spoiled it for all; nothing was kept, and each can be asked alone.
SPOILED: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.IntegrityConstraintViolationError,
)
# Somebody else holds what one of the company wants; the others may have what they want meanwhile.
WAITED_TOO_LONG: Final = asyncpg.LockNotAvailableError


class _Seat(NamedTuple, Generic[Q, R]):
    """One who waits, with the idempotency record that came along."""

    question: Q
    record: Companion | None
    answer: "asyncio.Future[R | None]"


class Together(Generic[Q, R]):
    """`await together(question)`: the result once it is committed, or None to ask alone.

    `work` does many at once inside the open transaction, answering each in its place; `apart` names what
    two of one transaction must not share (the person, whose limits and keys are judged in turn).
    """

    def __init__(
        self,
        work: Callable[[Sequence[Q]], Awaitable[Sequence[R | None]]],
        *,
        apart: Callable[[Q], Hashable],
    ) -> None:
        self._work = work
        self._apart = apart
        self._waiting: deque[_Seat[Q, R]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Q) -> R | None:
        if DB.current_transaction.get() is not None:
            raise NestedTransaction("An operation was called inside another operation.")
        answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Seat(question, companion.get(), answer))
        if len(self._lanes) < LANES:
            self._lanes.add(asyncio.create_task(self._drive(), context=Context()))
        return await answer

    async def _drive(self) -> None:
        # A lane is free in the step in which it finds nobody waiting: whoever comes after that opens one.
        try:
            while self._waiting:
                await self._carry(self._board())
        finally:
            lane = asyncio.current_task()
            assert lane is not None
            self._lanes.discard(lane)

    async def _carry(self, seats: "list[_Seat[Q, R]]") -> None:
        """Nobody of the company stays without an answer."""
        try:
            await self._go(seats)
        except SPOILED:
            _answer(seats, None)
        except BaseException as reason:
            if isinstance(reason, DatabaseUnavailable) and isinstance(reason.__cause__, WAITED_TOO_LONG):
                _answer(seats, None)
                return
            for seat in seats:
                if not seat.answer.done():
                    seat.answer.set_exception(reason)
            if not isinstance(reason, Exception):
                raise

    def _board(self) -> list[_Seat[Q, R]]:
        """The next company, in order of arrival; who shares something with one of it waits."""
        taken: dict[Hashable, _Seat[Q, R]] = {}
        left: deque[_Seat[Q, R]] = deque()
        while self._waiting:
            seat = self._waiting.popleft()
            if seat.answer.done():
                continue  # The caller has gone.
            mark = self._apart(seat.question)
            if mark in taken or len(taken) == MOST_TOGETHER:
                left.append(seat)
            else:
                taken[mark] = seat
        self._waiting = left
        return list(taken.values())

    async def _go(self, seats: list[_Seat[Q, R]]) -> None:
        topics: set[str] = set()
        pending.set(topics)
        async with transaction() as connection:
            admitted = await _begin(seats, connection)
            answers = await self._work([seat.question for seat in admitted]) if admitted else []
            answered = [
                (seat.record, answer)
                for seat, answer in zip(admitted, answers, strict=True)
                if seat.record is not None and answer is not None
            ]
            if answered:
                await answered[0][0].finish_all(connection, answered)
        for seat, answer in zip(admitted, answers, strict=True):
            _answer([seat], answer)
        WAKEUPS.send(topics)


async def _begin(seats: "Sequence[_Seat[Q, R]]", connection: Connection) -> "list[_Seat[Q, R]]":
    """Those whose work is to be done; a replay or a key in use is that one's own answer."""
    keyed = [(seat, seat.record) for seat in seats if seat.record is not None]
    if not keyed:
        return list(seats)
    records = [record for _, record in keyed]
    refused: set[int] = set()
    for (seat, _), own in zip(keyed, await records[0].begin_all(connection, records), strict=True):
        if own is not None:
            refused.add(id(seat))
            if not seat.answer.done():
                seat.answer.set_exception(own)
    return [seat for seat in seats if id(seat) not in refused]


def _answer(seats: Sequence[_Seat[Q, R]], answer: R | None) -> None:
    for seat in seats:
        if not seat.answer.done():
            seat.answer.set_result(answer)
