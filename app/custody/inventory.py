"""A quarantined package is counted by two people, one after the other, and goes on as both have found it.

The first takes it from whoever holds it and counts; another takes it from them and counts again. Only when
both say the same is the count the package's, and both counts stay on the chain.
"""

import uuid
from collections.abc import Sequence

import msgspec

from app.core import outbox
from app.core.database import in_transaction
from app.custody.errors import CountsDiffer, NothingToCount, PackageNotFound
from app.custody.events import PackageReceived
from app.custody.papers import Paper
from app.custody.queries import PackageRow
from app.custody.steps import Moment, Party, arrived, link, locked


async def count(
    seal_number: str,
    *,
    centre_id: uuid.UUID,
    officer_id: uuid.UUID,
    contents: Sequence[Paper],
    moment: Moment,
) -> PackageRow:
    """The first count keeps it quarantined, an equal one by somebody else ends that.

    Raises `NothingToCount` when nothing is wrong with it, `SameParty` for who has it in hand, and
    `CountsDiffer` when the two do not agree: the first count stands until somebody confirms it.
    """
    package = await locked(seal_number)
    if package.centre_id != centre_id:
        raise PackageNotFound
    if package.state != "quarantined":
        raise NothingToCount
    officer = Party("officer", str(officer_id))
    holder = Party(package.custodian_kind, package.custodian_id)
    counted = msgspec.to_builtins(sorted(contents, key=lambda paper: paper.component))
    before = await _first_count(package)
    if before is None:
        return await link(
            package,
            "counted",
            holder,
            officer,
            "broken",
            moment,
            state="quarantined",
            told={"counted": counted},
        )
    if officer != holder and counted != before:
        raise CountsDiffer
    package = await link(
        package,
        "inventoried",
        holder,
        officer,
        "broken",
        moment,
        state=arrived(package),
        told={"contents": counted},
    )
    await outbox.record(
        PackageReceived(
            occurred_at=moment.recorded_at,
            package_id=package.id,
            home_visit_id=package.home_visit_id,
            centre_id=package.centre_id,
        )
    )
    return package


async def _first_count(package: PackageRow) -> object:
    """What somebody counted and nobody has confirmed, or None."""
    body = await in_transaction().fetchval(
        "SELECT body FROM custody_event WHERE package_id = $1 AND n = $2 AND type = 'counted'",
        package.id,
        package.last_n,
    )
    return None if body is None else msgspec.json.decode(body)["counted"]
