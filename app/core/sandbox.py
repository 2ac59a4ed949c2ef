"""The sandbox: a deployment where a partner's program is tried, and whose time may be moved forward.

Always true:
- a database is a sandbox's from its first start on, or never: the wrong one is refused, both ways;
- the sandbox's time is the machine's and what the one row of `sandbox_clock` says, which only grows;
- anywhere else nothing here asks PostgreSQL for the time, and no clock is touched.

Every process reads the row before each request and each piece of work, so that whatever begins after a move
has been answered sees it, and a restart changes nothing (docs/decisions/0034).
"""

from datetime import timedelta
from typing import Final

from app.core.clock import ahead, set_ahead
from app.core.database import fetch_value, in_transaction
from app.core.operation import operation

# What only people leave behind: a database that has any of it and no mark is nobody's to play with.
LIVED_IN: Final = ("phone_account", "appointment", "home_visit", "ticket", "partner_event")
MARK: Final = f"""
INSERT INTO sandbox_clock (ahead, begun_at, moved_at)
SELECT interval '0', clock_timestamp(), clock_timestamp()
 WHERE NOT ({" OR ".join(f"EXISTS (SELECT FROM {name})" for name in LIVED_IN)})
    ON CONFLICT DO NOTHING
"""


class NotThisDatabase(Exception):
    """The settings and the database do not belong together; the message says what to do."""


class _Mode:
    """What this process is part of; production unless its entrance said otherwise."""

    sandbox: bool = False


def enter(*, sandbox: bool) -> None:
    """Called once, by the entrance of a process."""
    _Mode.sandbox = sandbox
    set_ahead(timedelta(0))


def livemode() -> bool:
    """Whether what this deployment says is real: what every message to a partner tells."""
    return not _Mode.sandbox


async def claim_database() -> None:
    """Mark an unused database as the sandbox's, and take its time; raises `NotThisDatabase`."""
    if _Mode.sandbox:
        await _mark()
    known = await fetch_value("SELECT true FROM sandbox_clock")
    if _Mode.sandbox and known is None:
        raise NotThisDatabase(
            "MOTCUA_SANDBOX=yes, and the database has been used as a real one. Give the sandbox its own."
        )
    if not _Mode.sandbox and known is not None:
        raise NotThisDatabase(
            "The database belongs to a sandbox, and its time may have been moved. Set MOTCUA_SANDBOX=yes,"
            " or name another."
        )
    await follow()


@operation
async def _mark() -> None:
    await in_transaction().execute(MARK)


async def follow() -> None:
    """Take the deployment's time into this process. An older answer that comes late changes nothing."""
    if not _Mode.sandbox:
        return
    found = await fetch_value("SELECT ahead FROM sandbox_clock")
    if found is not None and found > ahead():
        set_ahead(found)
