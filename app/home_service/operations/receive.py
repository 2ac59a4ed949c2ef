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
from app.custody.queries import PackageRow
from app.custody.steps import Moment, Paper
from app.home_service.events import HomeVisitReceived
from app.home_service.states import Kind, State
from app.home_service.steps import locked, set_state, tell
from app.rounds import steps as rounds


class Received(NamedTuple):
    """What the counter sees of a package it was handed."""

    package: PackageRow
    visit_state: str
    procedure_codes: Sequence[str]


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
    elif visit.state != State.AT_CENTRE:
        visit = await set_state(visit, State.AT_CENTRE)
        await rounds.end_assignment(visit.id, because="handed over", state="done")
        await tell(HomeVisitReceived, visit, now=now)
    return Received(package, visit.state, visit.procedure_codes)


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
    if package.state == "received":
        collected = visit.kind == Kind.COLLECTION
        visit = await set_state(visit, State.AT_CENTRE if collected else State.RETURNED)
        await rounds.end_assignment(visit.id, because="counted at the centre", state="done")
        if collected:
            await tell(HomeVisitReceived, visit, now=now)
    return Received(package, visit.state, visit.procedure_codes)


@operation
async def note_acceptance(*, package_id: uuid.UUID, dossier_number: str, now: datetime) -> None:
    """The dossier of a collected package was accepted. Twice is once."""
    home_visit_id = await in_transaction().fetchval(
        "SELECT home_visit_id FROM package WHERE id = $1", package_id
    )
    visit = await locked(home_visit_id)
    if visit.state != State.AT_CENTRE:
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
