"""What couriers report of a collection: late, twice and in any order, it is one story."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.database import DB
from app.custody import proof
from app.custody import queries as custody
from app.custody.errors import PackageNotFound, PackageQuarantined
from app.custody.steps import Paper
from app.home_service import operations, queries, states
from app.home_service.operations.report import Outcome
from app.home_service.states import Kind, Report, State
from app.rounds.queries import CourierRow
from tests.home_service.conftest import (
    COUNTED,
    PARTNER,
    Hire,
    Promise,
    Publish,
    Zone,
    ask,
    collection,
    event,
    facts_of,
    new_seal,
    package_of,
    reach,
    receive,
    report,
    state_of,
)

MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def test_story_12_from_the_door_to_the_dossier(promise: Promise, tu: CourierRow) -> None:
    visit, seal = await promise(), new_seal()

    answers = await report(*collection(visit, seal))
    received = await receive(visit, seal)
    await operations.note_acceptance(
        package_id=received.package.id, dossier_number="H42.14-261125-0001", now=visit.ends_at
    )

    assert {(answer.outcome, answer.reason) for answer in answers} == {(Outcome.APPLIED, None)}
    assert (received.package.state, received.visit_state) == ("received", "handed_to_centre")
    links = await custody.chain(received.package.id)
    assert [(link.giver_kind, link.receiver_kind) for link in links] == [
        ("citizen", "courier"),
        ("courier", "post_office"),
        ("post_office", "officer"),
    ]
    assert proof.first_bad_link(links) is None
    done = await queries.by_id(visit.id)
    assert done is not None
    assert (done.state, done.dossier_number) == ("accepted", "H42.14-261125-0001")
    assert await facts_of(visit.id) == [
        "home_visit.assigned",
        "home_visit.confirmed",
        "home_visit.en_route",
        "package.sealed",
        "home_visit.collected",
        "package.handed_over",
        "package.received",
        "home_visit.received",
    ]


@MANY
@given(order=st.permutations([*range(8), *range(8)]))
async def test_everything_twice_in_any_order_ends_the_same(
    swift: None, publish_once: Zone, tu: CourierRow, now: datetime, order: list[int]
) -> None:
    visit = await ask(publish_once, now)
    story = collection(visit, new_seal())

    answers = await report(*(story[n] for n in order))

    outcomes = [answer.outcome for answer in answers]
    assert (outcomes.count(Outcome.APPLIED), outcomes.count(Outcome.DUPLICATE)) == (8, 8)
    assert await state_of(visit) == "handed_over"
    package = await package_of(visit)
    links = await custody.chain(package.id)
    assert [link.type for link in links] == ["sealed", "handed_over"]
    assert (package.custodian_kind, package.custodian_id) == ("post_office", "BC-14638")
    assert proof.first_bad_link(links) is None
    told = await facts_of(visit.id)
    for kind in ("home_visit.en_route", "home_visit.collected", "package.sealed"):
        assert told.count(kind) == 1
    timeline = [step.type for step in (await queries.file_of(visit)).steps]
    timeline.remove("fee_collected")  # Money is noted whenever it comes.
    assert timeline == [e.type for e in story if e.type is not Report.FEE_COLLECTED]


@pytest.fixture
async def publish_once(publish: Publish) -> Zone:
    """Windows with a place for every example."""
    return await publish(places=100)


async def test_a_report_that_came_too_early_shows_once_the_one_before_it_comes(
    promise: Promise,
) -> None:
    visit = await promise()
    accepted, en_route, arrived = collection(visit, new_seal())[:3]

    await report(arrived)
    assert await state_of(visit) == "assigned"
    await report(accepted)
    assert await state_of(visit) == "taken"
    await report(en_route)
    assert await state_of(visit) == "arrived"


async def test_both_times_are_kept_of_a_report_that_was_hours_without_signal(
    promise: Promise,
) -> None:
    visit = await promise()
    accepted = event(visit, Report.ACCEPTED, 1)
    received = accepted.occurred_at + timedelta(hours=9)

    await operations.apply_partner_event(partner_id=PARTNER, event=accepted, now=received)

    assert DB.pool is not None
    row = await DB.pool.fetchrow(
        "SELECT occurred_at, received_at, device_seq, clock_suspect, lat FROM visit_event"
    )
    assert tuple(row) == (accepted.occurred_at, received, 1, False, accepted.lat)


@pytest.mark.parametrize(("ahead", "suspect"), [(5, False), (6, True)])
async def test_a_device_more_than_five_minutes_ahead_is_suspect_and_still_believed(
    promise: Promise, ahead: int, suspect: bool
) -> None:
    visit = await promise()
    accepted = event(visit, Report.ACCEPTED, 1)

    answer = await operations.apply_partner_event(
        partner_id=PARTNER, event=accepted, now=accepted.occurred_at - timedelta(minutes=ahead)
    )

    assert answer.outcome is Outcome.APPLIED
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT clock_suspect FROM visit_event") is suspect


async def test_an_id_used_for_something_else_is_refused_and_changes_nothing(
    promise: Promise,
) -> None:
    visit = await promise()
    accepted = event(visit, Report.ACCEPTED, 1)
    await report(accepted)

    for other in (
        accepted._replace(type=Report.EN_ROUTE),
        accepted._replace(device_seq=2),
        accepted._replace(data={"by": "phone"}),
        accepted._replace(occurred_at=accepted.occurred_at + timedelta(seconds=1)),
        accepted._replace(task_id=uuid.uuid4()),
    ):
        [answer] = await report(other)
        assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "id_reuse")
    assert await state_of(visit) == "taken"


async def test_another_partners_use_of_the_same_id_is_their_own_business(
    promise: Promise, hire: Hire
) -> None:
    other = uuid.uuid4()
    await hire("tu", partner_id=other)
    visit = await promise()
    accepted = event(visit, Report.ACCEPTED, 1)
    await report(accepted)

    [answer] = await report(accepted, partner_id=other)

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_your_task")


async def test_only_the_courier_who_was_given_the_visit_is_believed(promise: Promise, hire: Hire) -> None:
    visit = await promise()
    await hire("ha", lat=20.2)

    answers = await report(
        event(visit, Report.ACCEPTED, 1, courier="ha"),
        event(visit, Report.ACCEPTED, 1, courier="nobody"),
        event(visit._replace(id=uuid.uuid4()), Report.ACCEPTED, 1),
    )

    assert {answer.reason for answer in answers} == {"not_your_task"}
    assert await state_of(visit) == "assigned"


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (Report.COUNTED, "papers"),
        (Report.SEALED, "seal"),
        (Report.REACHED_HUB, "hub"),
        (Report.FAILED, "reason"),
    ],
)
async def test_a_report_without_its_facts_says_which(promise: Promise, kind: Report, missing: str) -> None:
    visit = await promise()

    [answer] = await report(event(visit, kind, 1))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, f"missing_fact: {missing}")
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM visit_event") == 0


async def test_one_bad_report_does_not_stop_those_around_it(promise: Promise) -> None:
    visit = await promise()
    story = collection(visit, new_seal())
    bad = event(visit, Report.SEALED, 4)

    answers = await report(*story[:4], bad, *story[4:])

    assert [answer.outcome for answer in answers].count(Outcome.REJECTED) == 1
    assert await state_of(visit) == "handed_over"


async def test_a_seal_used_before_is_told_and_a_fresh_one_goes_on(promise: Promise) -> None:
    used = new_seal()
    await reach(await promise(), Report.SEALED, seal=used)
    visit = await promise()
    await reach(visit, Report.COUNTED)

    [answer] = await report(event(visit, Report.SEALED, 5, seal=used))
    assert answer.reason == "seal_used"
    assert await state_of(visit) == "counted"
    await report(event(visit, Report.SEALED, 6, seal=new_seal()))
    assert await state_of(visit) == "sealed"


async def test_a_door_nobody_opened_is_a_failure_with_its_reason(promise: Promise, tu: CourierRow) -> None:
    visit = await promise()
    await reach(visit, Report.ARRIVED)

    await report(event(visit, Report.FAILED, 4, reason="absent"))

    assert await state_of(visit) == "failed"
    assert (await facts_of(visit.id))[-1] == "home_visit.failed"
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT state FROM assignment") == "done"


async def test_a_courier_who_declines_is_replaced_by_the_next(promise: Promise, hire: Hire) -> None:
    visit = await promise()
    ha = await hire("ha", lat=20.2)

    await report(event(visit, Report.DECLINED, 1, reason="vehicle"))

    found = await queries.by_id(visit.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("assigned", ha.id)
    await report(event(visit, Report.ACCEPTED, 1, courier="ha"))
    assert await state_of(visit) == "taken"


async def test_when_everybody_declines_the_visit_is_nobodys_and_not_forgotten(
    promise: Promise,
) -> None:
    visit = await promise()

    await report(event(visit, Report.DECLINED, 1, reason="vehicle"))

    assert await state_of(visit) == "confirmed"
    assert DB.pool is not None
    noted = await DB.pool.fetchval("SELECT count(*) FROM journal WHERE action = 'home_visit.at_risk'")
    called = await DB.pool.fetch("SELECT kind FROM visit_incident WHERE home_visit_id = $1", visit.id)
    assert noted == 1
    assert [row["kind"] for row in called] == ["promise_at_risk"]
    assert (await facts_of(visit.id)).count("home_visit.at_risk") == 1


@pytest.mark.parametrize(
    "counted",
    [COUNTED[:1], (Paper(component=1, originals=2), COUNTED[1])],
    ids=["one-missing", "an-original-less"],
)
async def test_story_14_another_count_at_the_centre_holds_the_visit(
    promise: Promise, counted: tuple[Paper, ...]
) -> None:
    visit, seal = await promise(), new_seal()
    await report(*collection(visit, seal))

    received = await receive(visit, seal, contents=counted)

    assert (received.package.state, received.visit_state) == ("quarantined", "quarantined")
    assert "package.incident_opened" in await facts_of(visit.id)
    with pytest.raises(PackageQuarantined):
        await receive(visit, seal)


async def test_the_centre_may_have_it_in_hand_before_the_couriers_phone_has_signal(
    promise: Promise,
) -> None:
    visit, seal = await promise(), new_seal()
    story = collection(visit, seal)
    await report(*story[:5])

    received = await receive(visit, seal)
    answers = await report(*story[5:])

    assert received.visit_state == "handed_to_centre"
    assert {answer.outcome for answer in answers} == {Outcome.APPLIED}
    assert await state_of(visit) == "handed_to_centre"
    assert [link.type for link in await custody.chain(received.package.id)] == ["sealed", "received"]


async def test_received_twice_is_received_once(promise: Promise) -> None:
    visit, seal = await promise(), new_seal()
    await report(*collection(visit, seal))

    answers = await asyncio.gather(*(receive(visit, seal) for _ in range(6)))

    assert {answer.visit_state for answer in answers} == {"handed_to_centre"}
    assert len(await custody.chain(answers[0].package.id)) == 3
    assert (await facts_of(visit.id)).count("home_visit.received") == 1


async def test_another_centre_cannot_receive_it(promise: Promise) -> None:
    visit, seal = await promise(), new_seal()
    await report(*collection(visit, seal))

    with pytest.raises(PackageNotFound):
        await receive(visit, seal, centre_id=uuid.uuid4())
    assert await state_of(visit) == "handed_over"


async def test_acceptance_is_noted_once_and_only_of_a_received_package(promise: Promise) -> None:
    visit, seal = await promise(), new_seal()
    await report(*collection(visit, seal))
    package = await package_of(visit)
    for number, expected in (("1", "handed_over"), ("2", "accepted"), ("3", "accepted")):
        if number == "2":
            await receive(visit, seal)
        await operations.note_acceptance(package_id=package.id, dossier_number=number, now=visit.ends_at)
        assert await state_of(visit) == expected

    found = await queries.by_id(visit.id)
    assert found is not None
    assert found.dossier_number == "2"


def test_a_collection_is_a_line_with_ways_out() -> None:
    state = State.ASSIGNED
    for step in (
        Report.ACCEPTED,
        Report.EN_ROUTE,
        Report.ARRIVED,
        Report.COUNTED,
        Report.SEALED,
        Report.REACHED_HUB,
        Report.HANDED_OVER,
    ):
        found = states.after(Kind.COLLECTION, state, step)
        assert found is not None
        state = found
    assert state is State.HANDED_OVER
    assert states.after(Kind.COLLECTION, State.SEALED, Report.FAILED) is None
