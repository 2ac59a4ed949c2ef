"""The centre takes the package over, and later accepts the dossier in it."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.custody import inventory
from app.custody import queries as packages
from app.custody import steps as custody
from app.custody.errors import PackageNotReceived
from app.custody.papers import Paper
from app.custody.queries import PackageRow
from app.custody.steps import Moment
from app.home_service.events import HomeVisitLookedInto, HomeVisitReceived
from app.home_service.queries import HomeVisitRow
from app.home_service.states import LOOKED_INTO, Kind, State
from app.home_service.steps import locked, set_state, tell
from app.rounds import steps as rounds


class Received(NamedTuple):
    """What the counter sees of a package it was handed."""

    package: PackageRow
    visit: HomeVisitRow

    @property
    def visit_state(self) -> str:
        return self.visit.state


@operation
async def receive_package(
    *,
    seal_number: str,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    seal_intact: bool,
    contents: Sequence[Paper],
    now: datetime,
) -> Received:
    """Two parties: whoever holds it gives, the officer takes. A mismatch quarantines it."""
    # The visit is locked before the package, as a courier's reports do: crossing orders would deadlock.
    visit = await locked((await packages.by_seal(seal_number)).home_visit_id)
    package = await custody.receive_at_centre(
        seal_number,
        centre_id=centre_id,
        officer_id=officer_id,
        seal_intact=seal_intact,
        contents=contents,
        moment=Moment(now, now),
    )
    if package.state == "quarantined":
        visit = await set_state(visit, State.QUARANTINED)
    elif visit.state not in LOOKED_INTO | {State.RETURNED, State.ACCEPTED}:
        visit = await _at_the_centre(visit, package, because="handed over", now=now)
    return Received(package, visit)


@operation
async def count_package(
    *,
    seal_number: str,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    contents: Sequence[Paper],
    now: datetime,
) -> Received:
    """One of the two counts of a quarantined package; with the second it is at the centre."""
    visit = await locked((await packages.by_seal(seal_number)).home_visit_id)
    package = await inventory.count(
        seal_number,
        centre_id=centre_id,
        officer_id=officer_id,
        contents=contents,
        moment=Moment(now, now),
    )
    if package.state != "quarantined":
        visit = await _at_the_centre(visit, package, because="counted at the centre", now=now)
    return Received(package, visit)


async def _at_the_centre(
    visit: HomeVisitRow, package: PackageRow, *, because: str, now: datetime
) -> HomeVisitRow:
    """A collection is received; what was on its way to a citizen has come back."""
    collected = package.direction == Kind.COLLECTION
    visit = await set_state(visit, State.AT_CENTRE if collected else State.RETURNED)
    await rounds.end_assignment(visit.id, because=because, state="done")
    if collected:
        await tell(HomeVisitReceived, visit, now=now)
    return visit


@operation
async def look_into(
    *,
    seal_number: str,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    outcome: State,
    reason: str,
    now: datetime,
) -> Received:
    """The centre has looked into a received package: more is asked for, or it is given back.

    Saying the same again changes nothing. Raises `PackageNotFound`, and `PackageNotReceived` while it is
    not here or once its dossier was accepted.
    """
    assert outcome in (State.SUPPLEMENT, State.REFUSED_BACK)
    visit = await locked((await packages.by_seal(seal_number)).home_visit_id)
    package = await custody.received_package(seal_number, centre_id=centre_id)
    if State(visit.state) not in LOOKED_INTO:
        raise PackageNotReceived
    if (visit.state, visit.looked_into) != (outcome, reason):
        await in_transaction().execute(
            "UPDATE home_visit SET looked_into = $2 WHERE id = $1", visit.id, reason
        )
        visit = await set_state(visit, outcome)
        await tell(HomeVisitLookedInto, visit, now=now)
        await journal.write(
            f"home_visit.{outcome.value}",
            object_kind="home_visit",
            object_id=visit.id,
            at=now,
            detail={"officer": str(officer_id)},
        )
    return Received(package, visit)


@operation
async def note_acceptance(*, package_id: uuid.UUID, dossier_number: str, now: datetime) -> None:
    """The dossier of a collected package was accepted. Twice is once."""
    home_visit_id = await in_transaction().fetchval(
        "SELECT home_visit_id FROM package WHERE id = $1", package_id
    )
    visit = await locked(home_visit_id)
    if State(visit.state) not in LOOKED_INTO:
        return
    await set_state(visit, State.ACCEPTED)
    await in_transaction().execute(
        "UPDATE home_visit SET dossier_number = $2 WHERE id = $1", visit.id, dossier_number
    )
    await journal.write(
        "home_visit.accepted",
        object_kind="home_visit",
        object_id=visit.id,
        at=now,
        detail={"dossier": dossier_number},
    )
