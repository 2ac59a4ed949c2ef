"""A package changes hands between the partner's own people; whoever has the papers has the visit."""

from datetime import datetime

from app.core import journal
from app.core.database import in_transaction
from app.core.operation import operation
from app.custody import queries as packages
from app.custody import resealing
from app.custody import steps as custody
from app.custody.queries import PackageRow
from app.custody.steps import Moment, Party
from app.home_service.queries import HomeVisitRow
from app.home_service.states import State
from app.home_service.steps import locked, set_state
from app.rounds import steps as rounds


@operation
async def hand_over(
    *,
    seal_number: str,
    giver: Party,
    receiver: Party,
    seal_state: str,
    occurred_at: datetime,
    now: datetime,
) -> PackageRow:
    """Two parties, and the giver must be who holds it. A courier who takes it takes the visit with it.

    Raises `PackageNotFound`, `NotTheCustodian`, `SameParty`, `PackageQuarantined`.
    """
    # The visit is locked before the package, as a courier's reports do: crossing orders would deadlock.
    visit = await locked((await packages.by_seal(seal_number)).home_visit_id)
    package = await custody.hand_over(
        seal_number,
        giver=giver,
        receiver=receiver,
        seal_state=seal_state,
        moment=Moment(min(occurred_at, now), now),
    )
    if package.state == "quarantined":
        await set_state(visit, State.QUARANTINED)
    elif receiver.kind == "courier":
        await _take_over(visit, receiver, now=now)
    return package


@operation
async def reseal(
    *,
    seal_number: str,
    new_seal_number: str,
    holder: Party,
    witness: Party,
    reason: str,
    occurred_at: datetime,
    now: datetime,
) -> PackageRow:
    """A seal is replaced by whoever has the bag, before a witness; the visit goes on under the new number.

    Raises `PackageNotFound`, `NotTheCustodian`, `SameParty`, `SealUsed`, `PackageQuarantined`,
    `PackageClosed`.
    """
    visit = await locked((await packages.by_seal(seal_number)).home_visit_id)
    package = await resealing.reseal(
        seal_number,
        new_seal_number=new_seal_number,
        holder=holder,
        witness=witness,
        reason=reason,
        moment=Moment(min(occurred_at, now), now),
    )
    await in_transaction().execute(
        "UPDATE home_visit SET seal_number = $3, version = version + 1 WHERE id = $1 AND seal_number = $2",
        visit.id,
        seal_number,
        new_seal_number,
    )
    return package


async def _take_over(visit: HomeVisitRow, bearer: Party, *, now: datetime) -> None:
    """Story 15: the vehicle fails, another goes on; tasks, reports and the citizen's page name them."""
    row = await in_transaction().fetchrow(
        "UPDATE home_visit SET courier_id = $2::uuid, version = version + 1"
        " WHERE id = $1 AND courier_id IS DISTINCT FROM $2::uuid RETURNING courier_id",
        visit.id,
        bearer.id,
    )
    if row is None:
        return
    await rounds.pass_on(visit.id, row["courier_id"], because="handed over")
    await journal.write("home_visit.passed_on", object_kind="home_visit", object_id=visit.id, at=now)
