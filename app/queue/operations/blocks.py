"""Numbers a kiosk may give without asking (dải số dự phòng): given for a day, and told of afterwards."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.centres import queries as centres
from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.procedures import queries as procedures
from app.queue import queries, rules
from app.queue.errors import (
    IssuedAtNotPossible,
    NotServedHere,
    NumberNotOfThisDevice,
    SeriesFull,
    UnknownSeries,
)
from app.queue.operations.join import Joining, duration_of, join, require_known_group
from app.queue.queries import IssuedTicket, TicketRow
from app.queue.steps import lock_series


class Block(NamedTuple):
    """Consecutive numbers of a series that are one device's on one day."""

    id: uuid.UUID
    series: str
    first_no: int
    last_no: int
    given_at: datetime

    @property
    def numbers(self) -> list[str]:
        return [rules.display_number(self.series, n) for n in range(self.first_no, self.last_no + 1)]


class Printed(NamedTuple):
    """A number a kiosk gave by itself, and when."""

    number: str
    issued_at: datetime


COLUMNS: Final = ", ".join(Block._fields)


@operation
async def give_block(*, device_id: uuid.UUID, centre_id: uuid.UUID, series: str, now: datetime) -> Block:
    """Twenty numbers for today, which count against the day's cap. None is ever given back.

    While more than a few of its last block are not known to be used, the device gets that one again, so
    that asking often empties no series. Raises `UnknownSeries`, `SeriesFull`.
    """
    if series not in {pool.series for pool in await centres.pools_of(centre_id, "counter")}:
        raise UnknownSeries
    work, day = in_transaction(), local_date(now)
    await lock_series(centre_id, series, day)
    last = await work.fetchrow(
        f"SELECT {COLUMNS} FROM ticket_block WHERE device_id = $1 AND centre_id = $2 AND local_date = $3"
        " AND series = $4 ORDER BY first_no DESC LIMIT 1",
        device_id,
        centre_id,
        day,
        series,
    )
    if last is not None and await _left(Block(*last), centre_id, now=now) > rules.BLOCK_NEARLY_EMPTY:
        return Block(*last)
    last_no = await work.fetchval(
        "UPDATE ticket_series SET last_no = last_no + $4 WHERE centre_id = $1 AND local_date = $2"
        " AND series = $3 AND last_no + $4 <= cap RETURNING last_no",
        centre_id,
        day,
        series,
        rules.BLOCK_SIZE,
    )
    if last_no is None:
        raise SeriesFull
    block = Block(new_id(), series, last_no - rules.BLOCK_SIZE + 1, last_no, now)
    await work.execute(
        f"INSERT INTO ticket_block ({COLUMNS}, device_id, centre_id, local_date)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
        *block,
        device_id,
        centre_id,
        day,
    )
    await journal.write(
        "ticket_block.given",
        object_kind="device",
        object_id=device_id,
        at=now,
        detail={"series": series, "first": block.first_no, "last": block.last_no},
    )
    return block


@operation
async def issue_printed(
    *,
    device_id: uuid.UUID,
    centre_id: uuid.UUID,
    printed: Printed,
    procedure_codes: Sequence[str],
    priority_group: str | None,
    contact_phone: str | None,
    locale: str,
    now: datetime,
) -> IssuedTicket:
    """Take in a number the kiosk gave from a block of its own; its wait counts from when it was printed.

    The same number again is the same ticket. Raises `NumberNotOfThisDevice`, `IssuedAtNotPossible` for a
    time before the block, after now or of another day than yesterday or today, and what a walk-in raises.
    """
    block = await _block_of(printed, device_id, centre_id)
    if not rules.may_have_been_printed(printed.issued_at, given_at=block.given_at, now=now):
        raise IssuedAtNotPossible
    known = await _known(printed, centre_id)
    if known is not None:
        return IssuedTicket(known, await queries.forecast_of(known, now=now))
    await require_known_group(priority_group)
    codes = await procedures.current_codes(procedure_codes, on=local_date(now))
    serving = set(await procedures.pools_serving(centre_id, codes))
    pools = [
        pool
        for pool in await centres.pools_of(centre_id, "counter")
        if pool.id in serving and pool.series == block.series
    ]
    if not pools:
        raise NotServedHere
    joining = Joining(
        centre_id=centre_id,
        pool_id=pools[0].id,
        codes=codes,
        duration=await duration_of(centre_id, codes, now=now),
        priority_group=priority_group,
        appointment_id=None,
        citizen_id=None,
        contact_phone=contact_phone,
        locale=locale,
        starts_at=None,
        printed_as=printed.number,
    )
    return await join(joining, arrived_at=printed.issued_at, now=now)


async def _block_of(printed: Printed, device_id: uuid.UUID, centre_id: uuid.UUID) -> Block:
    """The device's block the number is in, locked: the same number sent twice at once waits its turn."""
    place = rules.place_in_series(printed.number)
    if place is None:
        raise NumberNotOfThisDevice
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM ticket_block WHERE device_id = $1 AND centre_id = $2 AND local_date = $3"
        " AND series = $4 AND first_no <= $5 AND last_no >= $5 FOR UPDATE",
        device_id,
        centre_id,
        local_date(printed.issued_at),
        *place,
    )
    if row is None:
        raise NumberNotOfThisDevice
    return Block(*row)


async def _known(printed: Printed, centre_id: uuid.UUID) -> TicketRow | None:
    row = await in_transaction().fetchrow(
        f"SELECT {queries.COLUMNS} FROM ticket WHERE centre_id = $1 AND local_date = $2 AND number = $3",
        centre_id,
        local_date(printed.issued_at),
        printed.number,
    )
    return None if row is None else TicketRow(*row)


async def _left(block: Block, centre_id: uuid.UUID, *, now: datetime) -> int:
    """How many of a block's numbers are not known to be used."""
    used = await in_transaction().fetchval(
        "SELECT count(*) FROM ticket WHERE centre_id = $1 AND local_date = $2 AND number = ANY($3)",
        centre_id,
        local_date(now),
        block.numbers,
    )
    return len(block.numbers) - int(used)
