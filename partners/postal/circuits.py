"""One endpoint's troubles stay its own: so many at once, and none while it does not answer.

That it does not answer is a row every process reads, so that a second worker does not ask what the first
has found out, and one that starts again does not begin anew. How many at once is each process's own. It
decides only when to try: what is owed, and in which order, the outbox knows. Time is the database's.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, NamedTuple

from app.core.database import fetch_row, in_transaction
from app.core.operation import operation

AT_ONCE: Final = 4
FAILURES_BORNE: Final = 5
FIRST_REST: Final = timedelta(seconds=30)
# Every rest counts as an attempt of the outbox, and it bears thousands of them in five days.
LONGEST_REST: Final = timedelta(minutes=10)
WAIT_FOR_ROOM_S: Final = 1.0
A_MOMENT: Final = timedelta(seconds=3)

IS_OPEN: Final = "SELECT 1 FROM webhook_circuit WHERE endpoint_id = $1 AND open_until IS NOT NULL"
# Of those who ask after a rest one finds its row unchanged: the others see the next rest begun.
ASK: Final = """
WITH circuit AS (
    SELECT endpoint_id, open_until FROM webhook_circuit WHERE endpoint_id = $1 AND open_until IS NOT NULL ),
probe AS (
    UPDATE webhook_circuit c SET open_until = clock_timestamp() + c.rest FROM circuit
     WHERE c.endpoint_id = circuit.endpoint_id AND c.open_until <= clock_timestamp()
    RETURNING c.endpoint_id )
SELECT EXISTS (SELECT 1 FROM probe) AS is_probe,
       (SELECT greatest(open_until - clock_timestamp(), $2::interval) FROM circuit) AS rest
"""
# What was under way when it was left alone says nothing new; a probe that failed makes the rest longer.
FAILED: Final = """
INSERT INTO webhook_circuit AS c (endpoint_id, failures, rest) VALUES ($1, 1, $2)
ON CONFLICT (endpoint_id) DO UPDATE SET failures = c.failures + 1,
       rest = CASE WHEN $5 THEN least(c.rest * 2, $3) ELSE c.rest END,
       open_until = CASE WHEN $5 THEN clock_timestamp() + least(c.rest * 2, $3)
                         WHEN c.open_until IS NULL AND c.failures + 1 >= $4 THEN clock_timestamp() + c.rest
                         ELSE c.open_until END
"""
# Also of an endpoint that did not fail. Of two rests the longer one counts.
ASKED_FOR: Final = """
INSERT INTO webhook_circuit AS c (endpoint_id, failures, rest, open_until)
VALUES ($1, 1, $2, clock_timestamp() + $3::interval)
ON CONFLICT (endpoint_id) DO UPDATE SET open_until = greatest(c.open_until, excluded.open_until)
"""


class Turn(NamedTuple):
    """What an attempt may do: nothing for a `rest`, or be made; `is_probe`: for all others, too."""

    rest: timedelta | None
    is_probe: bool = False


class Rooms:
    """How many ask one endpoint at once, in this process."""

    def __init__(self) -> None:
        self._of: dict[uuid.UUID, asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def attempt(self, endpoint_id: uuid.UUID) -> AsyncIterator[Turn]:
        """Whether this attempt may be made now."""
        turn = await ask(endpoint_id)
        if turn.rest is not None:
            yield turn
            return
        room = self._of.setdefault(endpoint_id, asyncio.Semaphore(AT_ONCE))
        try:
            async with asyncio.timeout(WAIT_FOR_ROOM_S):
                await room.acquire()
        except TimeoutError:
            yield Turn(A_MOMENT)
            return
        try:
            yield turn
        finally:
            room.release()


ROOMS: Final = Rooms()


async def ask(endpoint_id: uuid.UUID) -> Turn:
    """How long to leave it alone; after a rest one may ask, and the others wait for another rest."""
    return Turn(None) if await fetch_row(IS_OPEN, endpoint_id) is None else await _ask(endpoint_id)


@operation
async def _ask(endpoint_id: uuid.UUID) -> Turn:
    row = await in_transaction().fetchrow(ASK, endpoint_id, A_MOMENT)
    return Turn(None, is_probe=True) if row["is_probe"] else Turn(row["rest"])


async def failed(endpoint_id: uuid.UUID, *, was_probe: bool) -> None:
    await in_transaction().execute(FAILED, endpoint_id, FIRST_REST, LONGEST_REST, FAILURES_BORNE, was_probe)


async def answered(endpoint_id: uuid.UUID, *, was_under_way: bool = False) -> None:
    """As it should, be it with a no; or there is a new address, or somebody asked for it to be tried.

    What `was_under_way` when it was left alone ends no rest: the endpoint may have asked for it since.
    """
    await in_transaction().execute(
        "DELETE FROM webhook_circuit WHERE endpoint_id = $1 AND NOT ($2 AND open_until IS NOT NULL)",
        endpoint_id,
        was_under_way,
    )


async def asked_for(endpoint_id: uuid.UUID, rest: timedelta) -> None:
    """`Retry-After`: nothing is told before. A moment is what every pause is longer than."""
    if rest > A_MOMENT:
        await in_transaction().execute(ASKED_FOR, endpoint_id, FIRST_REST, rest)
