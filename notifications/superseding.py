"""A newer message about the same thing ends an older one that has not left: moved twice is told once.

Always true:
- only what certainly has not left ends so: a call that was made, or may have been, stays as it is known;
- whichever of two is owed first, the older does not leave after the newer is there: whoever owes the newer
  ends the older, and whoever is about to send the older asks whether there is a newer.
"""

from datetime import datetime
from typing import Final

from app.core.database import in_transaction
from notifications import ending
from notifications.message_row import MessageRow

NEWER: Final = "newer"
# Of a message `m`: whether this person is told, or was, of a newer version of the thing it is about.
IS_OUTDATED: Final = (
    "EXISTS (SELECT FROM message n WHERE n.thing <> '' AND n.thing = m.thing AND n.phone = m.phone"
    " AND n.thing_version > m.thing_version)"
)


async def end_older(*, thing: str, version: int, phone: str, now: datetime) -> None:
    """End what is owed to this person about an older version of the thing, on every way."""
    if not thing:
        return
    older = await in_transaction().fetch(
        "SELECT id FROM message WHERE thing = $1 AND thing_version < $2 AND phone = $3 AND state = 'ready'"
        " ORDER BY id FOR UPDATE",
        thing,
        version,
        phone,
    )
    for row in older:
        await ending.close(row["id"], "superseded", NEWER, now=now)


async def is_outdated(message: MessageRow) -> bool:
    """Whether this person is told, or was, of a newer version of the thing it is about."""
    return bool(
        await in_transaction().fetchval(f"SELECT {IS_OUTDATED} FROM message m WHERE id = $1", message.id)
    )
