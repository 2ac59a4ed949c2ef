"""Tell the portal of a dossier: ask what it has, send what it lacks, in order, and remember.

Nothing here depends on which fact woke it: any fact of a dossier, heard once, twice or late, brings the
portal to the end of the dossier's timeline. The outbox keeps one dossier's facts in order, and repeats
`Later`.
"""

import random
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from app.core.crypto import blind_index
from app.core.keys import keys
from app.core.later import Later
from app.dossiers.exchange import Exchanged
from partners.breaker import Breaker
from partners.portal import memory, wire
from partners.portal.loading import load
from partners.portal.memory import Held
from partners.portal.port import NationalPortal, PortalRefused, PortalUnavailable
from partners.portal.rules import Verdict, compare, pause_after

Clock = Callable[[], datetime]
# Whoever waited for the portal comes back within this after its rest, not all in one instant.
SPREAD_S: Final = 3.0
# The contract does not tell a refusal of a dossier from a bad moment: a few are borne before it is final.
REFUSALS_BORNE: Final = 4


async def tell(dossier_id: uuid.UUID, *, portal: NationalPortal, breaker: Breaker, clock: Clock) -> Verdict:
    """Bring the portal to where the dossier is: what was found before. Twice is once.

    Raises `Later` while the portal is away or another tells it of this dossier, and `PortalRefused` for
    what it will never take, with a row that says so.
    """
    if (rest := breaker.wait()) is not None:
        raise Later(rest + timedelta(seconds=random.uniform(0, SPREAD_S)))  # noqa: S311 - spreading
    dossier = await load(dossier_id)
    async with memory.held(dossier) as mine:
        try:
            found = await _bring_up(mine, portal, clock)
        except PortalUnavailable as away:
            breaker.failed()
            await memory.note_failed(mine, refused=False)
            raise Later(pause_after(mine.tries)) from away
        except PortalRefused as refusal:
            breaker.succeeded()
            await memory.note_failed(mine, refused=True)
            if mine.refusals + 1 < REFUSALS_BORNE:
                raise Later(pause_after(mine.tries)) from refusal
            raise
    breaker.succeeded()
    return found


async def overwrite(dossier_id: uuid.UUID, *, portal: NationalPortal, clock: Clock) -> None:
    """An operator decided that our state holds. Raises what the portal raises."""
    dossier = await load(dossier_id)
    async with memory.held(dossier) as mine:
        known = await portal.status_of(dossier.number) is not None
        await portal.put(dossier, status=dossier.steps[-1].status, known=known)
        await memory.note_told(mine, steps=len(dossier.steps), now=clock())
        await memory.note_record(mine, record_mac(dossier))
        await memory.close_conflicts(dossier.id, because="ours", now=clock())


def record_mac(dossier: Exchanged) -> bytes:
    """By which a record is known again; keyed, for a plain hash of it could be guessed."""
    record = wire.record(dossier, dossier.steps[-1].status)
    return blind_index(keys().index, "portal_record", msgspec.json.encode(record).decode())


async def _bring_up(mine: Held, portal: NationalPortal, clock: Clock) -> Verdict:
    dossier = mine.dossier
    theirs = await portal.status_of(dossier.number)
    verdict, at = compare(dossier.statuses, told=mine.told_steps, theirs=theirs)
    if verdict is Verdict.CONFLICT:
        await memory.open_conflict(dossier, kind="other_state", theirs=theirs, now=clock())
        return verdict
    if at > mine.told_steps:  # an answer of before was lost after it took effect
        await memory.note_told(mine, steps=at, now=clock())
    for number in range(at, len(dossier.steps)):
        await _send(mine, number, portal, clock)
    if mine.record_mac != (mac := record_mac(dossier)):
        if len(dossier.steps) > 1 or verdict is not Verdict.MISSING:
            await _definitely(
                mine, portal.put(dossier, status=dossier.steps[-1].status, known=True), portal, clock
            )
        await memory.note_record(mine, mac)
    await memory.close_conflicts(dossier.id, because="agreed", now=clock())
    return verdict


async def _send(mine: Held, number: int, portal: NationalPortal, clock: Clock) -> None:
    """One step, counted from nought; the first one makes the dossier known."""
    dossier = mine.dossier
    step = dossier.steps[number]
    call = portal.step(dossier, step) if number else portal.put(dossier, status=step.status, known=False)
    await _definitely(mine, call, portal, clock, sought=step.status.value)
    await memory.note_told(mine, steps=number + 1, now=clock())


async def _definitely(
    mine: Held, call: Awaitable[None], portal: NationalPortal, clock: Clock, *, sought: int | None = None
) -> None:
    """A refusal may mean that it was taken before, and an earlier call arrived late: then it is done."""
    try:
        await call
    except PortalRefused as refusal:
        theirs = await portal.status_of(mine.dossier.number)
        if sought is not None and theirs == sought:
            return
        await memory.open_conflict(
            mine.dossier, kind="refused", theirs=theirs, error_code=refusal.code, now=clock()
        )
        raise
