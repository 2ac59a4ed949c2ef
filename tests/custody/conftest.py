"""Packages and the hands they go through; custody changes inside an operation, so here are small ones."""

import itertools
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import pytest

from app.core.database import DB
from app.core.operation import operation
from app.custody import steps
from app.custody.queries import PackageRow
from app.custody.steps import Moment, Paper, Party

CENTRE = uuid.UUID(int=7)
LAN = Party("citizen", str(uuid.UUID(int=1)))
TU = Party("courier", str(uuid.UUID(int=2)))
KIM_SON = Party("post_office", "BC-14638")
PAPERS = (Paper(component=1, originals=3), Paper(component=2, copies=2))

NUMBERS = itertools.count(1)


def new_seal() -> str:
    return f"NIEM-{next(NUMBERS):06d}"


@operation
async def seal(
    *,
    seal_number: str,
    now: datetime,
    giver: Party = LAN,
    receiver: Party = TU,
    direction: str = "collection",
    contents: Sequence[Paper] = PAPERS,
) -> PackageRow:
    return await steps.seal_package(
        seal_number=seal_number,
        home_visit_id=uuid.uuid4(),
        centre_id=CENTRE,
        citizen_id=uuid.UUID(LAN.id),
        direction=direction,
        contents=contents,
        giver=giver,
        receiver=receiver,
        moment=Moment(now, now),
    )


@operation
async def hand_over(
    *, seal_number: str, giver: Party, receiver: Party, now: datetime, seal_state: str = "intact"
) -> PackageRow:
    return await steps.hand_over(
        seal_number,
        giver=giver,
        receiver=receiver,
        seal_state=seal_state,
        moment=Moment(now, now),
    )


@operation
async def receive(
    *,
    seal_number: str,
    now: datetime,
    centre_id: uuid.UUID = CENTRE,
    seal_intact: bool = True,
    contents: Sequence[Paper] = PAPERS,
) -> PackageRow:
    return await steps.receive_at_centre(
        seal_number,
        centre_id=centre_id,
        officer_id=uuid.UUID(int=3),
        seal_intact=seal_intact,
        contents=contents,
        moment=Moment(now, now),
    )


@operation
async def take_for_acceptance(*, seal_number: str, centre_id: uuid.UUID = CENTRE) -> PackageRow:
    return await steps.received_package(seal_number, centre_id=centre_id)


async def incidents(package_id: uuid.UUID) -> int:
    """How many times somebody is told to stop."""
    assert DB.pool is not None
    return int(
        await DB.pool.fetchval(
            "SELECT count(*) FROM outbox WHERE kind = 'package.incident_opened' AND subject = $1",
            f"package:{package_id}",
        )
    )


Sealed = Callable[..., Awaitable[PackageRow]]


@pytest.fixture
def sealed(database: object, now: datetime) -> Sealed:
    """`await sealed()`: a package that Tú carries away from Lan's door."""

    async def run(**facts: object) -> PackageRow:
        return await seal(seal_number=new_seal(), now=now, **facts)  # type: ignore[arg-type]

    return run
