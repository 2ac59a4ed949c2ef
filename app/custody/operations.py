"""What is done about all chains at once."""

from datetime import datetime, timedelta
from typing import Final

from app.core.canonical import GENESIS
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.keys import keys
from app.core.operation import operation
from app.custody import heads
from app.custody.heads import Head, Root
from app.custody.queries import HEAD_COLUMNS
from app.http.tokens import SigningKey

ONE_DAY: Final = timedelta(days=1)
AT_ONCE: Final = 1000


@operation
async def sign_head(*, now: datetime) -> Head | None:
    """Sign how far every chain is, for the day that has ended; None when that day has its head.

    Whatever grew between the day's end and now is in it too: a head says what was, not when.
    """
    day = local_date(now) - ONE_DAY
    connection = in_transaction()
    # Two schedules at once sign one head: the second waits here, and finds it.
    await connection.execute("LOCK TABLE custody_head IN SHARE ROW EXCLUSIVE MODE")
    last = await connection.fetchrow(f"SELECT {HEAD_COLUMNS} FROM custody_head ORDER BY day DESC LIMIT 1")
    if last is not None and last["day"] >= day:
        return None
    await connection.execute(
        "CREATE TEMPORARY TABLE grown ON COMMIT DROP AS"
        " SELECT id, last_n, head FROM package WHERE NOT EXISTS (SELECT 1 FROM custody_signed signed"
        " WHERE signed.package_id = package.id AND signed.n = package.last_n)"
    )
    root = Root()
    async for row in connection.cursor("SELECT id, last_n, head FROM grown ORDER BY id", prefetch=AT_ONCE):
        root.add(*row)
    kid, pem = next(iter(keys().signing.items()))
    head = heads.sign(
        day=day,
        previous=GENESIS if last is None else last["hash"],
        root=root,
        key=SigningKey.from_pem(kid, pem),
        made_at=now,
    )
    await connection.execute(f"INSERT INTO custody_head ({HEAD_COLUMNS}) VALUES ($1,$2,$3,$4,$5)", *head)
    await connection.execute(
        "INSERT INTO custody_signed (package_id, n, day, hash) SELECT id, last_n, $1, head FROM grown", day
    )
    return head
