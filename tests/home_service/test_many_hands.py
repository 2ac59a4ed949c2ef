"""Several at once: phones back in signal together, a centre that is faster, a package changing bearers."""

import asyncio
import random
from datetime import datetime

import pytest

from app.core.database import DB
from app.core.operation import operation
from app.custody import proof
from app.custody import queries as custody
from app.custody import steps as custody_steps
from app.custody.queries import PackageRow
from app.custody.steps import Moment, Party
from app.home_service.operations.report import Outcome
from app.home_service.states import Report
from app.rounds.queries import CourierRow
from tests.home_service.conftest import (
    Hire,
    Promise,
    collection,
    event,
    new_seal,
    package_of,
    reach,
    receive,
    report,
    state_of,
)

WAITING = "SELECT count(*) > 0 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"


@pytest.mark.parametrize("dice", range(3))
async def test_everything_twice_and_all_at_once_ends_the_same(promise: Promise, dice: int) -> None:
    visit = await promise()
    story = collection(visit, new_seal()) * 2
    random.Random(dice).shuffle(story)

    answers = await asyncio.gather(*(report(e) for e in story))

    outcomes = [answer.outcome for [answer] in answers]
    assert (outcomes.count(Outcome.APPLIED), outcomes.count(Outcome.DUPLICATE)) == (8, 8)
    assert await state_of(visit) == "handed_over"
    links = await custody.chain((await package_of(visit)).id)
    assert [link.type for link in links] == ["sealed", "handed_over"]


async def test_the_post_office_and_the_centre_speaking_at_once_leave_one_chain(promise: Promise) -> None:
    visit, seal = await promise(), new_seal()
    story = collection(visit, seal)
    await report(*story[:5])

    await asyncio.gather(receive(visit, seal), *(report(e) for e in story[5:]))

    package = await package_of(visit)
    links = await custody.chain(package.id)
    assert (package.state, await state_of(visit)) == ("received", "handed_to_centre")
    assert proof.first_bad_link(links) is None
    assert [link.type for link in links] in (["sealed", "received"], ["sealed", "handed_over", "received"])


@operation
async def swap(*, seal: str, giver: CourierRow, receiver: CourierRow, now: datetime) -> PackageRow:
    return await custody_steps.hand_over(
        seal,
        giver=Party("courier", str(giver.id)),
        receiver=Party("courier", str(receiver.id)),
        seal_state="intact",
        moment=Moment(now, now),
    )


async def test_story_15_five_sealed_packages_change_couriers_and_no_chain_has_a_gap(
    swift: None, promise: Promise, tu: CourierRow, hire: Hire
) -> None:
    ha = await hire("ha", lat=20.2)
    visits = [(await promise(), new_seal()) for _ in range(5)]
    for visit, seal in visits:
        await reach(visit, Report.SEALED, seal=seal)
        await swap(seal=seal, giver=tu, receiver=ha, now=visit.ends_at)

    for visit, seal in visits:
        received = await receive(visit, seal)

        links = await custody.chain(received.package.id)
        assert proof.first_bad_link(links) is None
        assert [link.receiver_id for link in links[:2]] == [str(tu.id), str(ha.id)]
        assert links[2].giver_id == str(ha.id)
        assert received.visit_state == "handed_to_centre"


async def test_who_gave_the_package_away_cannot_bring_it_to_the_post_office(
    promise: Promise, tu: CourierRow, hire: Hire
) -> None:
    ha = await hire("ha", lat=20.2)
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.SEALED, seal=seal)
    await swap(seal=seal, giver=tu, receiver=ha, now=visit.ends_at)

    [answer] = await report(event(visit, Report.REACHED_HUB, 7, hub="BC-14638"))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_the_custodian")
    assert (await package_of(visit)).custodian_id == str(ha.id)


async def test_receiving_waits_for_the_visit_before_it_holds_the_package(promise: Promise) -> None:
    """One order for everybody: crossing, the two deadlock for a second and one starts again."""
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.SEALED, seal=seal)
    assert DB.pool is not None
    async with DB.pool.acquire() as elsewhere:
        transaction = elsewhere.transaction()
        await transaction.start()
        await elsewhere.execute("SELECT FROM home_visit WHERE id = $1 FOR UPDATE", visit.id)
        holder = await elsewhere.fetchval("SELECT pg_backend_pid()")
        receiving = asyncio.ensure_future(receive(visit, seal))
        async with asyncio.timeout(3):
            while not await DB.pool.fetchval(WAITING, holder):
                await asyncio.sleep(0.01)
        free = await DB.pool.fetchval(
            "SELECT seal_number FROM package WHERE seal_number = $1 FOR UPDATE SKIP LOCKED", seal
        )
        await transaction.rollback()
    assert (await receiving).visit_state == "handed_to_centre"
    assert free == seal
