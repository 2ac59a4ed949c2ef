"""The clock of a sandbox: asked for, and moved forward, by whoever tries their program on it."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.core import journal, sandbox
from app.core.clock import ahead, current_time, unmoved_time
from app.core.database import in_transaction
from app.core.operation import operation
from partners.postal.errors import ClockOnlyForward, ClockTooFar

# A dossier's longest time limit and a year's calendar lie within it.
FURTHEST: Final = timedelta(days=400)


class Clock(NamedTuple):
    """What it is in the sandbox, and by how much that is ahead of the machines."""

    now: datetime
    ahead: timedelta


async def clock() -> Clock:
    await sandbox.follow()
    return Clock(current_time(), ahead())


async def move(to: datetime) -> Clock:
    """It is that moment now. Told again, it is done already; raises `ClockOnlyForward`, `ClockTooFar`."""
    await _move(to=to)
    return await clock()


@operation
async def _move(*, to: datetime) -> None:
    connection = in_transaction()
    row = await connection.fetchrow("SELECT ahead, moved_to FROM sandbox_clock FOR UPDATE")
    assert row is not None  # the process would not have started
    if row["moved_to"] == to:
        return
    now = unmoved_time() + row["ahead"]
    if to < now:
        raise ClockOnlyForward
    forward = to - unmoved_time()
    if forward > FURTHEST:
        raise ClockTooFar(days=FURTHEST.days)
    await connection.execute(
        "UPDATE sandbox_clock SET ahead = greatest(ahead, $1), moved_to = $2, moved_at = clock_timestamp()",
        forward,
        to,
    )
    await journal.write(
        "sandbox_clock.moved",
        object_kind="sandbox",
        object_id="clock",
        at=now,
        detail={"to": to.isoformat()},
    )
