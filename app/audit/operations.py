"""Sealing the journal."""

import asyncio
from datetime import datetime
from typing import Final

from app.audit import queries, seals
from app.audit.queries import LINE_COLUMNS, SEAL_COLUMNS
from app.audit.seals import JournalLine, Root
from app.core.canonical import GENESIS
from app.core.database import in_transaction
from app.core.keys import keys
from app.core.operation import operation
from app.http.tokens import SigningKey

AT_ONCE: Final = 20_000
PATIENCE_S: Final = 10.0
ASK_EVERY_S: Final = 0.05


async def seal_what_is_written(*, now: datetime) -> int:
    """Seal every line whose transaction is over; how many lines.

    Nobody who writes waits for it. While a transaction that may still bring a line with a number already
    taken is open for longer than ten seconds, nothing is sealed: the next minute will.
    """
    upto, moment = await queries.reached()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if not await queries.somebody_writes_since_before(moment):
                    break
                await asyncio.sleep(ASK_EVERY_S)  # between questions to the database
    except TimeoutError:
        return 0
    lines = 0
    while sealed := await seal_lines(upto=upto, now=now):
        lines += sealed
    return lines


@operation
async def seal_lines(*, upto: int, now: datetime) -> int:
    """One seal over the next lines up to that number, at most twenty thousand; how many they were."""
    connection = in_transaction()
    # Two workers at once make one seal after the other, not two after one.
    await connection.execute("LOCK TABLE journal_seal IN SHARE ROW EXCLUSIVE MODE")
    last = await connection.fetchrow("SELECT n, upto, hash FROM journal_seal ORDER BY n DESC LIMIT 1")
    after = 0 if last is None else last["upto"]
    root = Root()
    for row in await connection.fetch(
        f"SELECT {LINE_COLUMNS} FROM journal WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT {AT_ONCE}",
        after,
        upto,
    ):
        root.add(JournalLine(*row))
    if root.lines == 0:
        return 0
    kid, pem = next(iter(keys().signing.items()))
    seal = seals.make(
        n=1 if last is None else last["n"] + 1,
        after=after,
        previous=GENESIS if last is None else last["hash"],
        root=root,
        key=SigningKey.from_pem(kid, pem),
        made_at=now,
    )
    await connection.execute(
        f"INSERT INTO journal_seal ({SEAL_COLUMNS}) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)", *seal
    )
    return root.lines
