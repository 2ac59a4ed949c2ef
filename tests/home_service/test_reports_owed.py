"""What devices can send is read before it is used, and nobody of the past moves the present."""

import asyncio
from typing import Any

import pytest

from app.custody import queries as custody
from app.home_service import queries
from app.home_service.operations.report import Outcome, PartnerEvent
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from tests.home_service.conftest import (
    Hire,
    Promise,
    collection,
    event,
    new_seal,
    package_of,
    reach,
    report,
    state_of,
)


async def test_the_same_report_sent_eight_times_at_once_is_applied_once(promise: Promise) -> None:
    visit = await promise()
    accepted = event(visit, Report.ACCEPTED, 1)

    answers = await asyncio.gather(*(report(accepted) for _ in range(8)), return_exceptions=True)

    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    outcomes = [answer[0].outcome for answer in answers if not isinstance(answer, BaseException)]
    assert sorted(outcomes) == [Outcome.APPLIED, *[Outcome.DUPLICATE] * 7]


def sealed_with(visit: HomeVisitRow, **data: Any) -> list[PartnerEvent]:
    return [*collection(visit, new_seal())[:4], event(visit, Report.SEALED, 5, **data)]


@pytest.mark.parametrize(
    "papers",
    [None, "three", [{"component": "one"}], [{"component": 1, "staples": 3}], {"component": 1}],
)
async def test_papers_counted_in_no_known_way_are_refused_and_block_nothing(
    promise: Promise, papers: object
) -> None:
    visit = await promise()
    story = collection(visit, new_seal())

    [answer] = await report(event(visit, Report.COUNTED, 4, papers=papers))
    await report(*story)

    assert answer.outcome is Outcome.REJECTED
    assert await state_of(visit) == "handed_over"


@pytest.mark.parametrize("seal", [None, "", 17, ["NIEM-1"], {"n": 1}])
async def test_a_seal_that_is_no_number_is_refused(promise: Promise, seal: object) -> None:
    visit = await promise()

    answers = await report(*sealed_with(visit, seal=seal))

    assert answers[-1].outcome is Outcome.REJECTED
    assert await custody.of_visit(visit.id) is None


async def test_nobody_counts_less_than_nothing(promise: Promise) -> None:
    visit = await promise()

    answers = await report(*sealed_with(visit, seal=new_seal(), papers=[{"component": 1, "originals": -3}]))

    assert answers[-1].outcome is Outcome.REJECTED


async def test_a_seal_in_a_state_nobody_knows_is_refused(promise: Promise) -> None:
    visit = await promise()
    await reach(visit, Report.SEALED)

    [answer] = await report(event(visit, Report.REACHED_HUB, 7, hub="BC-14638", seal_state="torn"))

    assert answer.outcome is Outcome.REJECTED


async def test_a_number_too_large_to_hash_is_an_answer(promise: Promise) -> None:
    visit = await promise()

    [answer] = await report(event(visit, Report.FEE_COLLECTED, 1, amount=10**20))

    assert answer.outcome is Outcome.REJECTED


async def test_who_gave_the_visit_up_does_not_move_it_any_more(promise: Promise, hire: Hire) -> None:
    visit = await promise()
    ha = await hire("ha", lat=20.2)
    await report(event(visit, Report.DECLINED, 2, reason="vehicle"))

    await report(event(visit, Report.ACCEPTED, 1))

    found = await queries.by_id(visit.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("assigned", ha.id)


async def test_who_declined_is_not_asked_again(promise: Promise, hire: Hire) -> None:
    visit = await promise()
    await hire("ha", lat=20.2)
    await report(event(visit, Report.DECLINED, 1, reason="vehicle"))

    await report(event(visit, Report.DECLINED, 1, courier="ha", reason="vehicle"))

    assert await state_of(visit) == "confirmed"


async def test_a_visit_without_courier_names_none(promise: Promise) -> None:
    visit = await promise()

    await report(event(visit, Report.DECLINED, 1, reason="vehicle"))

    assert (await queries.file_of((await queries.by_id(visit.id)) or visit)).courier is None


async def test_a_seal_found_broken_at_the_post_office_holds_the_visit(promise: Promise) -> None:
    visit = await promise()
    await reach(visit, Report.SEALED)

    await report(event(visit, Report.REACHED_HUB, 7, hub="BC-14638", seal_state="broken"))

    assert (await package_of(visit)).state == "quarantined"
    assert await state_of(visit) == "quarantined"
