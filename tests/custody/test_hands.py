"""A package is in one pair of hands, and only those can give it away."""

import asyncio
import itertools
import uuid
from datetime import datetime

import asyncpg
import pytest

from app.core.database import DB
from app.core.errors import Refusal
from app.custody import proof, queries
from app.custody.errors import (
    NotTheCustodian,
    PackageNotFound,
    PackageNotReceived,
    PackageQuarantined,
    SameParty,
    SealUsed,
)
from app.custody.queries import PackageRow
from app.custody.steps import Paper, Party
from tests.custody.conftest import (
    KIM_SON,
    LAN,
    PAPERS,
    TU,
    Sealed,
    hand_over,
    incidents,
    new_seal,
    receive,
    seal,
    take_for_acceptance,
)


async def test_sealing_puts_the_package_into_the_couriers_hands(sealed: Sealed) -> None:
    package = await sealed()

    links = await queries.chain(package.id)

    assert (package.custodian_kind, package.custodian_id) == TU
    assert [(link.type, link.giver_id, link.receiver_id) for link in links] == [("sealed", LAN.id, TU.id)]


async def test_a_seal_number_is_used_once_ever(database: object, now: datetime) -> None:
    number = new_seal()

    answers = await asyncio.gather(
        *(seal(seal_number=number, now=now) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(answer, PackageRow) for answer in answers) == 1
    assert sum(isinstance(answer, SealUsed) for answer in answers) == 7


async def test_of_eight_who_are_handed_it_at_once_one_has_it(sealed: Sealed, now: datetime) -> None:
    package = await sealed()
    others = [Party("courier", str(uuid.uuid4())) for _ in range(8)]

    answers = await asyncio.gather(
        *(
            hand_over(seal_number=package.seal_number, giver=TU, receiver=other, now=now)
            for other in others
        ),
        return_exceptions=True,
    )

    winners = [answer for answer in answers if isinstance(answer, PackageRow)]
    assert len(winners) == 1
    assert sum(isinstance(answer, NotTheCustodian) for answer in answers) == 7
    links = await queries.chain(package.id)
    assert len(links) == 2
    assert links[-1].receiver_id == winners[0].custodian_id
    assert (await queries.by_seal(package.seal_number)).custodian_id == winners[0].custodian_id
    assert proof.first_bad_link(links) is None


async def test_nobody_gives_away_what_they_do_not_hold(sealed: Sealed, now: datetime) -> None:
    package = await sealed()

    with pytest.raises(NotTheCustodian):
        await hand_over(seal_number=package.seal_number, giver=LAN, receiver=KIM_SON, now=now)

    assert len(await queries.chain(package.id)) == 1


async def test_a_party_of_another_kind_with_the_same_id_is_somebody_else(
    sealed: Sealed, now: datetime
) -> None:
    package = await sealed()

    with pytest.raises(NotTheCustodian):
        await hand_over(
            seal_number=package.seal_number,
            giver=Party("post_office", TU.id),
            receiver=KIM_SON,
            now=now,
        )


async def test_nobody_hands_over_to_themself(sealed: Sealed, now: datetime) -> None:
    package = await sealed()

    with pytest.raises(SameParty):
        await hand_over(seal_number=package.seal_number, giver=TU, receiver=TU, now=now)


async def test_a_package_nobody_sealed_cannot_be_handed_over(database: object, now: datetime) -> None:
    with pytest.raises(PackageNotFound):
        await hand_over(seal_number=new_seal(), giver=TU, receiver=KIM_SON, now=now)


async def test_each_giver_of_a_long_way_is_the_receiver_before(sealed: Sealed, now: datetime) -> None:
    package = await sealed()
    stations = [TU, KIM_SON, Party("courier", "second"), Party("post_office", "BC-14329")]
    for giver, receiver in itertools.pairwise(stations):
        await hand_over(seal_number=package.seal_number, giver=giver, receiver=receiver, now=now)
    await receive(seal_number=package.seal_number, now=now)

    links = await queries.chain(package.id)

    assert [link.n for link in links] == [1, 2, 3, 4, 5]
    receivers = [(link.receiver_kind, link.receiver_id) for link in links]
    assert [(link.giver_kind, link.giver_id) for link in links] == [LAN, *receivers[:-1]]


async def test_the_centre_receives_it_once_however_often_it_says_so(sealed: Sealed, now: datetime) -> None:
    package = await sealed()

    first = await receive(seal_number=package.seal_number, now=now)
    second = await receive(seal_number=package.seal_number, now=now)

    assert first.state == second.state == "received"
    assert second.version == first.version
    assert len(await queries.chain(package.id)) == 2


async def test_the_order_of_the_papers_on_the_counter_does_not_matter(
    sealed: Sealed, now: datetime
) -> None:
    package = await sealed()

    received = await receive(seal_number=package.seal_number, contents=PAPERS[::-1], now=now)

    assert received.state == "received"


@pytest.mark.parametrize(
    "counted",
    [
        pytest.param(PAPERS[:1], id="one-missing"),
        pytest.param((*PAPERS, Paper(component=3, copies=1)), id="one-too-many"),
        pytest.param((Paper(component=1, originals=2), PAPERS[1]), id="an-original-less"),
        pytest.param((Paper(component=1, copies=3), PAPERS[1]), id="copies-for-originals"),
        pytest.param((), id="empty"),
    ],
)
async def test_another_count_holds_the_package_for_both_parties(
    sealed: Sealed, now: datetime, counted: tuple[Paper, ...]
) -> None:
    package = await sealed()

    received = await receive(seal_number=package.seal_number, contents=counted, now=now)

    assert received.state == "quarantined"
    assert await incidents(package.id) == 1
    with pytest.raises(PackageQuarantined):
        await take_for_acceptance(seal_number=package.seal_number)


async def test_a_broken_seal_stops_everything_that_would_follow(sealed: Sealed, now: datetime) -> None:
    package = await sealed()

    broken = await hand_over(
        seal_number=package.seal_number, giver=TU, receiver=KIM_SON, seal_state="broken", now=now
    )

    assert broken.state == "quarantined"
    assert await incidents(package.id) == 1
    with pytest.raises(PackageQuarantined):
        await hand_over(seal_number=package.seal_number, giver=KIM_SON, receiver=TU, now=now)
    with pytest.raises(PackageQuarantined):
        await receive(seal_number=package.seal_number, now=now)
    with pytest.raises(PackageQuarantined):
        await take_for_acceptance(seal_number=package.seal_number)


async def test_a_seal_found_broken_at_the_counter_is_on_the_chain(sealed: Sealed, now: datetime) -> None:
    package = await sealed()

    received = await receive(seal_number=package.seal_number, seal_intact=False, now=now)

    links = await queries.chain(package.id)
    assert received.state == "quarantined"
    assert (links[-1].type, links[-1].seal_state) == ("received", "broken")


@pytest.mark.parametrize("direction", ["collection", "delivery"])
async def test_a_dossier_is_accepted_only_from_a_collected_package_the_centre_confirmed(
    sealed: Sealed, now: datetime, direction: str
) -> None:
    package = await sealed(direction=direction)
    refusal: type[Refusal] = PackageNotReceived if direction == "collection" else PackageNotFound

    with pytest.raises(refusal):
        await take_for_acceptance(seal_number=package.seal_number)


async def test_another_centre_does_not_see_the_package(sealed: Sealed, now: datetime) -> None:
    package = await sealed()
    elsewhere = uuid.uuid4()

    with pytest.raises(PackageNotFound):
        await receive(seal_number=package.seal_number, centre_id=elsewhere, now=now)
    await receive(seal_number=package.seal_number, now=now)
    with pytest.raises(PackageNotFound):
        await take_for_acceptance(seal_number=package.seal_number, centre_id=elsewhere)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE custody_event SET receiver_id = 'thief'",
        "DELETE FROM custody_event",
        "TRUNCATE custody_event",
    ],
)
async def test_the_database_refuses_to_change_what_happened(sealed: Sealed, statement: str) -> None:
    package = await sealed()
    assert DB.pool is not None

    with pytest.raises(asyncpg.RaiseError, match="append only"):
        await DB.pool.execute(statement)

    assert len(await queries.chain(package.id)) == 1
