"""Changes of hands, joined into the operation that causes them.

The package's row is locked, the giver is compared with the custodian, and the link is hashed onto the
head: two hand-overs at once leave one custodian and one refusal.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from app.core import journal, outbox
from app.core.canonical import GENESIS, canonical, chain_hash
from app.core.clock import local
from app.core.database import in_transaction
from app.core.ids import new_id
from app.custody import proof, s10
from app.custody.errors import (
    ItemNumberBound,
    NotTheCustodian,
    PackageClosed,
    PackageNotFound,
    PackageNotReceived,
    PackageQuarantined,
    SameParty,
    SealUsed,
)
from app.custody.events import IncidentOpened, PackageHandedOver, PackageReceived, PackageSealed
from app.custody.papers import Paper
from app.custody.queries import COLUMNS, PackageRow


class Party(NamedTuple):
    """Whoever can hold a package: citizen, courier, post_office, centre."""

    kind: str
    id: str


# Where a package's way has ended: nobody hands it on from here.
CLOSED: Final = frozenset({"received", "delivered", "returned", "resealed"})


class Moment(NamedTuple):
    """When it happened, by the one who saw it, and when we learnt of it."""

    occurred_at: datetime
    recorded_at: datetime


async def seal_package(
    *,
    seal_number: str,
    home_visit_id: uuid.UUID,
    centre_id: uuid.UUID,
    citizen_id: uuid.UUID,
    direction: str,
    contents: Sequence[Paper],
    giver: Party,
    receiver: Party,
    moment: Moment,
    item_number: str | None = None,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> PackageRow:
    """Seal the papers in the giver's presence; the receiver holds the package from now on.

    Raises `SealUsed`, and `ItemNumberBound` for an item number of the post that another package has.
    """
    package_id = new_id()
    item_number = None if item_number is None else s10.plain(item_number)
    if item_number is not None and await in_transaction().fetchval(
        "SELECT 1 FROM package WHERE item_number = $1", item_number
    ):
        raise ItemNumberBound
    row = await in_transaction().fetchrow(
        "INSERT INTO package (id, seal_number, centre_id, citizen_id, home_visit_id, direction,"
        " state, custodian_kind, custodian_id, contents, last_n, head, sealed_at, item_number)"
        " VALUES ($1,$2,$3,$4,$5,$6,'sealed',$7,$8,$9,0,$10,$11,$12)"
        f" ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
        package_id,
        seal_number,
        centre_id,
        citizen_id,
        home_visit_id,
        direction,
        giver.kind,
        giver.id,
        msgspec.json.encode(contents).decode(),
        GENESIS,
        moment.occurred_at,
        item_number,
    )
    if row is None:
        raise SealUsed
    package = PackageRow(*row)
    said = {**proof.facts_of(package), **told}
    package = await link(package, "sealed", giver, receiver, "intact", moment, told=said)
    await outbox.record(_fact(PackageSealed, package, moment))
    return package


async def hand_over(
    seal_number: str,
    *,
    giver: Party,
    receiver: Party,
    seal_state: str,
    moment: Moment,
    kind: str = "handed_over",
    state: str | None = None,
) -> PackageRow:
    """From hand to hand, into `state` when it is another one.

    Raises `NotTheCustodian`, `SameParty`, `PackageQuarantined`, and `PackageClosed` at its way's end.
    """
    package = await locked(seal_number)
    if package.state == "quarantined":
        raise PackageQuarantined
    if package.state in CLOSED:
        raise PackageClosed(state=package.state)
    broken = seal_state == "broken"
    state = "quarantined" if broken else state or package.state
    package = await link(package, kind, giver, receiver, seal_state, moment, state=state)
    if broken:
        await _open_incident(package, reason="seal_broken", moment=moment)
    else:
        await outbox.record(_fact(PackageHandedOver, package, moment))
    return package


async def receive_at_centre(
    seal_number: str,
    *,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    seal_intact: bool,
    contents: Sequence[Paper],
    moment: Moment,
) -> PackageRow:
    """The centre takes it from whoever holds it; a broken seal or another count opens an incident."""
    package = await locked(seal_number)
    if package.centre_id != centre_id:
        raise PackageNotFound
    if package.state == arrived(package):
        return package
    if package.state == "quarantined":
        raise PackageQuarantined
    if package.state in CLOSED:
        raise PackageClosed(state=package.state)
    giver = Party(package.custodian_kind, package.custodian_id)
    sealed = sorted(papers_in(package), key=_place)
    reason = None
    if not seal_intact:
        reason = "seal_broken"
    elif sorted(contents, key=_place) != sealed:
        reason = "contents_differ"
    package = await link(
        package,
        "received",
        giver,
        Party("officer", str(officer_id)),
        "intact" if seal_intact else "broken",
        moment,
        state="quarantined" if reason else arrived(package),
    )
    if reason is not None:
        await _open_incident(package, reason=reason, moment=moment)
    else:
        await outbox.record(_fact(PackageReceived, package, moment))
    return package


def papers_in(package: PackageRow) -> list[Paper]:
    """What was sealed in, or counted by two since."""
    return msgspec.json.decode(package.contents, type=list[Paper])


def arrived(package: PackageRow) -> str:
    """The state at the centre: a collection is received, a result nobody took has come back."""
    return "received" if package.direction == "collection" else "returned"


async def deliver(
    seal_number: str, *, giver: Party, receiver: Party, moment: Moment, told: str = "delivered"
) -> PackageRow:
    """The last change of hands: the result is with its owner, or (`returned`) the papers are again."""
    return await hand_over(
        seal_number,
        giver=giver,
        receiver=receiver,
        seal_state="intact",
        moment=moment,
        kind=told,
        state=told,
    )


async def received_package(seal_number: str, *, centre_id: uuid.UUID) -> PackageRow:
    """A collected package this centre confirmed; a dossier is accepted from it."""
    package = await locked(seal_number)
    if package.centre_id != centre_id or package.direction != "collection":
        raise PackageNotFound
    if package.state == "quarantined":
        raise PackageQuarantined
    if package.state != "received":
        raise PackageNotReceived
    return package


async def _open_incident(package: PackageRow, *, reason: str, moment: Moment) -> None:
    """Stop: nobody accepts anything from it until both parties have counted."""
    await outbox.record(
        IncidentOpened(
            occurred_at=moment.recorded_at,
            package_id=package.id,
            home_visit_id=package.home_visit_id,
            centre_id=package.centre_id,
            reason=reason,
        )
    )
    await journal.write(
        "package.quarantined",
        object_kind="package",
        object_id=package.id,
        at=moment.recorded_at,
        detail={"reason": reason},
    )


async def locked(seal_number: str) -> PackageRow:
    row = await in_transaction().fetchrow(
        f"SELECT {COLUMNS} FROM package WHERE seal_number = $1 FOR UPDATE", seal_number
    )
    if row is None:
        raise PackageNotFound
    return PackageRow(*row)


async def link(
    package: PackageRow,
    kind: str,
    giver: Party,
    receiver: Party,
    seal_state: str,
    moment: Moment,
    *,
    state: str = "sealed",
    told: Mapping[str, Any] = MappingProxyType({}),
) -> PackageRow:
    """Hash one change of hands onto the chain, with the state it leads to and what else is told of the
    package by it, and move the custody: the package's row changes here and nowhere else.
    """
    if giver == receiver:
        raise SameParty
    if giver != (package.custodian_kind, package.custodian_id):
        raise NotTheCustodian
    n = package.last_n + 1
    body: Mapping[str, Any] = {
        "package": str(package.id),
        "seal": package.seal_number,
        "n": n,
        "type": kind,
        "giver_kind": giver.kind,
        "giver": giver.id,
        "receiver_kind": receiver.kind,
        "receiver": receiver.id,
        "seal_state": seal_state,
        "occurred_at": local(moment.occurred_at).isoformat(),
        "recorded_at": local(moment.recorded_at).isoformat(),
        "state": state,
        **told,
    }
    head = chain_hash(package.head, body)
    connection = in_transaction()
    await connection.execute(
        "INSERT INTO custody_event (package_id, n, type, giver_kind, giver_id, receiver_kind,"
        " receiver_id, seal_state, occurred_at, recorded_at, body, hash)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
        package.id,
        n,
        kind,
        giver.kind,
        giver.id,
        receiver.kind,
        receiver.id,
        seal_state,
        moment.occurred_at,
        moment.recorded_at,
        canonical(body).decode(),
        head,
    )
    row = await connection.fetchrow(
        "UPDATE package SET custodian_kind = $2, custodian_id = $3, last_n = $4, head = $5, state = $6,"
        " contents = coalesce($7, contents),"
        f" version = version + 1 WHERE id = $1 RETURNING {COLUMNS}",
        package.id,
        receiver.kind,
        receiver.id,
        n,
        head,
        state,
        msgspec.json.encode(told["contents"]).decode() if "contents" in told else None,
    )
    await journal.write(
        f"package.{kind}",
        object_kind="package",
        object_id=package.id,
        at=moment.recorded_at,
        detail={"n": n, "to": receiver.kind},
    )
    return PackageRow(*row)


def _place(paper: Paper) -> int:
    return paper.component


def _fact(
    kind: type[PackageSealed | PackageHandedOver | PackageReceived],
    package: PackageRow,
    moment: Moment,
) -> PackageSealed | PackageHandedOver | PackageReceived:
    return kind(
        occurred_at=moment.recorded_at,
        package_id=package.id,
        home_visit_id=package.home_visit_id,
        centre_id=package.centre_id,
    )
