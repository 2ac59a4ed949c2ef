"""Compare every dossier with what the portal says of it, and mend what only lacks telling."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_value
from app.core.later import Later
from app.dossiers.states import Status
from partners.breaker import Breaker
from partners.portal import memory
from partners.portal.loading import load
from partners.portal.port import NationalPortal, PortalRefused, PortalUnavailable
from partners.portal.rules import Verdict, compare
from partners.portal.telling import Clock, overwrite, tell

OVER: Final = [
    status.value for status in (Status.RETURNED, Status.NOT_ACCEPTED, Status.WITHDRAWN, Status.STOPPED)
]
# What may still change, and what changed lately; a dossier told of nothing is owed whatever its age.
COMPARED: Final = """
SELECT d.id FROM dossier d LEFT JOIN portal_dossier p ON p.dossier_id = d.id
 WHERE d.status <> ALL($1) OR p.dossier_id IS NULL
    OR EXISTS (SELECT 1 FROM dossier_event e WHERE e.dossier_id = d.id AND e.at >= $2)
 ORDER BY d.id
"""


class Compared(NamedTuple):
    """One dossier beside the portal's. `outcome` is a verdict, `mended`, `refused` or `away`."""

    number: str
    ours: int
    theirs: int | None
    outcome: str

    @property
    def is_difference(self) -> bool:
        return self.outcome != Verdict.EQUAL


class Summary(NamedTuple):
    """What a reconciliation found."""

    compared: int
    outcomes: dict[str, int]
    differences: list[Compared]

    @property
    def is_clean(self) -> bool:
        """Whether both sides say the same of everything now."""
        return all(each.outcome == "mended" for each in self.differences)


async def to_compare(*, since: datetime) -> Sequence[uuid.UUID]:
    """Dossiers that are open, never told, or changed since then; oldest first."""
    return [row["id"] for row in await fetch(COMPARED, OVER, since)]


async def id_of(number: str) -> uuid.UUID | None:
    found: uuid.UUID | None = await fetch_value("SELECT id FROM dossier WHERE number = $1", number)
    return found


async def reconcile(
    ids: Sequence[uuid.UUID], *, portal: NationalPortal, mend: bool, clock: Clock
) -> AsyncIterator[Compared]:
    """One after the other. With `mend` the portal is told what it lacks; a conflict stays with its row."""
    breaker = Breaker()
    for dossier_id in ids:
        yield await _compare(dossier_id, portal, breaker, clock, mend=mend)


async def settle(number: str, *, portal: NationalPortal, clock: Clock) -> bool:
    """An operator decided that ours holds; False when no dossier has the number."""
    dossier_id = await id_of(number)
    if dossier_id is None:
        return False
    await overwrite(dossier_id, portal=portal, clock=clock)
    return True


def summarise(found: Sequence[Compared]) -> Summary:
    return Summary(
        compared=len(found),
        outcomes=dict(Counter(each.outcome for each in found)),
        differences=[each for each in found if each.is_difference],
    )


async def _compare(
    dossier_id: uuid.UUID, portal: NationalPortal, breaker: Breaker, clock: Clock, *, mend: bool
) -> Compared:
    dossier = await load(dossier_id)
    ours = dossier.statuses[-1]
    told = await fetch_value("SELECT told_steps FROM portal_dossier WHERE dossier_id = $1", dossier_id)
    theirs: int | None = None
    try:
        theirs = await portal.status_of(dossier.number)
        verdict = compare(dossier.statuses, told=told or 0, theirs=theirs).verdict
        if verdict is Verdict.CONFLICT:
            await memory.open_conflict(dossier, kind="other_state", theirs=theirs, now=clock())
        outcome = str(verdict)
        if mend and verdict is not Verdict.CONFLICT:
            await tell(dossier_id, portal=portal, breaker=breaker, clock=clock)
            outcome = outcome if verdict is Verdict.EQUAL else "mended"
    except PortalRefused:
        outcome = "refused"
    except (PortalUnavailable, Later):
        outcome = "away"
    return Compared(dossier.number, ours, theirs, outcome)
