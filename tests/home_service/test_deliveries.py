"""A result brought to the door goes to its owner, or to whom the owner sends, and to nobody else."""

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.database import DB
from app.core.ids import new_id
from app.custody import proof
from app.custody import queries as custody
from app.dossiers import operations as dossiers
from app.dossiers import queries as dossier_queries
from app.dossiers.components import Component
from app.dossiers.errors import DossierNotFound
from app.dossiers.operations.accept import Applicant
from app.dossiers.queries import DossierRow
from app.dossiers.states import Status
from app.home_service import operations, queries, rules
from app.home_service.errors import DossierNotReady
from app.home_service.operations.areas import Draft
from app.home_service.operations.report import Answer, Outcome, PartnerEvent
from app.home_service.operations.trouble import Trouble
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Report
from app.rounds.closures import Area, ClosureKind
from app.rounds.queries import CourierRow
from tests.home_service.conftest import (
    DISABILITY,
    KIM_SON,
    OFFICER,
    PAPERS,
    PARTNER,
    Hire,
    Promise,
    Publish,
    Zone,
    ask,
    at_work,
    collection,
    event,
    facts_of,
    new_seal,
    package_of,
    receive,
    report,
    state_of,
)


async def accepted_dossier(visit: HomeVisitRow) -> DossierRow:
    """From the citizen's door into the centre's hands, over the same operations as everybody's."""
    seal = new_seal()
    await report(*collection(visit, seal))
    await receive(visit, seal)
    file = await dossiers.accept(
        centre_id=visit.centre_id,
        procedure_code=DISABILITY,
        ticket_id=None,
        seal=seal,
        applicant=Applicant("Bùi Thị Hoa", "+84987654321", None, "vi"),
        components=[Component(1, 3, 0, 0, None), Component(2, 0, 0, 2, None)],
        return_mode="home",
        now=visit.ends_at,
    )
    return file.dossier


async def finish(dossier: DossierRow) -> DossierRow:
    """Attach a clean result and complete; an officer is there who can give it away."""
    await at_work(dossier.centre_id)
    assert DB.pool is not None
    document_id = new_id()
    await DB.pool.execute(
        "INSERT INTO document (id, centre_id, kind, dossier_number, sha256, size_bytes, content_type,"
        " state, uploaded_by_kind, uploaded_by_id, created_at)"
        " VALUES ($1, $2, 'result', $3, $4, 900, 'application/pdf', 'clean', 'officer', $5, $6)",
        document_id,
        dossier.centre_id,
        dossier.number,
        bytes(32),
        str(OFFICER),
        dossier.accepted_at,
    )
    file = await dossiers.complete(
        number=dossier.number,
        centre_id=dossier.centre_id,
        result_document_id=document_id,
        expected_version=dossier.version,
        now=dossier.accepted_at,
    )
    return file.dossier


Deliver = Callable[[], Awaitable[HomeVisitRow]]


@pytest.fixture
async def spacious(publish: Publish) -> Zone:
    return await publish(places=100)


@pytest.fixture
async def finished(spacious: Zone, tu: CourierRow, now: datetime) -> DossierRow:
    """Bà Hoa's dossier, with its result."""
    return await finish(await accepted_dossier(await ask(spacious, now)))


@pytest.fixture
def deliver(spacious: Zone, finished: DossierRow, now: datetime) -> Deliver:
    """`await deliver()`: the promise to bring her result in the afternoon."""

    async def run() -> HomeVisitRow:
        return await ask(
            spacious,
            now,
            kind=Kind.DELIVERY,
            citizen_id=finished.citizen_id,
            dossier_number=finished.number,
            window_id=spacious.windows[2].id,
        )

    return run


def delivery(visit: HomeVisitRow) -> list[PartnerEvent]:
    """Everything a courier reports of a result that reached its owner."""
    code = queries.hand_over_code(visit.id)
    return [
        event(visit, Report.ACCEPTED, 1),
        event(visit, Report.SEALED, 2, seal=new_seal(), officer=str(OFFICER), papers=PAPERS[:1]),
        event(visit, Report.EN_ROUTE, 3),
        event(visit, Report.ARRIVED, 4),
        event(visit, Report.DELIVERED, 5, receiver="owner", code=code),
    ]


async def at_the_door(deliver: Deliver) -> HomeVisitRow:
    visit = await deliver()
    await report(*delivery(visit)[:4])
    return visit


async def try_code(visit: HomeVisitRow, seq: int, code: object) -> Answer:
    [answer] = await report(event(visit, Report.DELIVERED, seq, receiver="owner", code=code))
    return answer


async def status_of(number: str) -> int:
    return (await dossier_queries.by_number(number)).dossier.status


async def test_the_result_reaches_its_owner_and_the_dossier_is_returned(
    deliver: Deliver, finished: DossierRow
) -> None:
    visit = await deliver()

    answers = await report(*delivery(visit))

    assert {(answer.outcome, answer.reason) for answer in answers} == {(Outcome.APPLIED, None)}
    assert await state_of(visit) == "delivered"
    assert await status_of(finished.number) == Status.RETURNED
    package = await package_of(visit)
    links = await custody.chain(package.id)
    assert (package.state, package.custodian_kind) == ("delivered", "citizen")
    assert [(link.type, link.giver_kind, link.receiver_kind) for link in links] == [
        ("sealed", "officer", "courier"),
        ("delivered", "courier", "citizen"),
    ]
    assert links[0].giver_id == str(OFFICER)
    assert proof.first_bad_link(links) is None
    told = await facts_of(visit.id)
    assert told[-1] == "home_visit.delivered"
    assert "home_visit.collected" not in told


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([*range(5), *range(5)]))
async def test_a_delivery_told_twice_in_any_order_is_one_delivery(
    swift: None, deliver: Deliver, finished: DossierRow, order: list[int]
) -> None:
    visit = await deliver_again(deliver, finished)
    story = delivery(visit)

    answers = await report(*(story[n] for n in order))

    assert [answer.outcome for answer in answers].count(Outcome.APPLIED) == 5
    assert await state_of(visit) == "delivered"
    assert await status_of(finished.number) == Status.RETURNED
    assert len(await custody.chain((await package_of(visit)).id)) == 2
    assert (await facts_of(visit.id)).count("home_visit.delivered") == 1


async def deliver_again(deliver: Deliver, finished: DossierRow) -> HomeVisitRow:
    """For the next example the same dossier waits once more, as if nobody had brought it yet."""
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE dossier SET status = $2, returned_at = NULL WHERE number = $1",
        finished.number,
        Status.DONE,
    )
    return await deliver()


async def test_a_result_that_is_not_there_is_not_promised(
    spacious: Zone, tu: CourierRow, now: datetime
) -> None:
    dossier = await accepted_dossier(await ask(spacious, now))

    with pytest.raises(DossierNotReady):
        await ask(
            spacious,
            now,
            kind=Kind.DELIVERY,
            citizen_id=dossier.citizen_id,
            dossier_number=dossier.number,
        )


async def test_somebody_elses_result_is_not_brought(
    spacious: Zone, finished: DossierRow, now: datetime
) -> None:
    with pytest.raises(DossierNotFound):
        await ask(spacious, now, kind=Kind.DELIVERY, dossier_number=finished.number)


async def test_a_wrong_code_leaves_the_package_with_the_courier(
    deliver: Deliver, finished: DossierRow
) -> None:
    visit = await at_the_door(deliver)

    for seq, wrong in enumerate(("", "000000", "00000a"), start=5):
        answer = await try_code(visit, seq, wrong)
        assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "wrong_code")

    assert await state_of(visit) == "arrived"
    assert (await package_of(visit)).custodian_kind == "courier"
    assert await status_of(finished.number) == Status.DONE
    right = await try_code(visit, 20, queries.hand_over_code(visit.id))
    assert right.outcome is Outcome.APPLIED
    assert await state_of(visit) == "delivered"


@pytest.mark.parametrize("thing", [None, 123456, [], {"code": "000000"}])
async def test_what_is_no_code_at_all_opens_nothing(deliver: Deliver, thing: object) -> None:
    visit = await at_the_door(deliver)

    answer = await try_code(visit, 5, thing)

    assert answer.outcome is Outcome.REJECTED
    assert await state_of(visit) == "arrived"


async def test_after_five_wrong_codes_the_right_one_does_not_help(deliver: Deliver) -> None:
    visit = await at_the_door(deliver)
    for seq in range(rules.WRONG_CODES_ALLOWED):
        await try_code(visit, seq, "x")

    answer = await try_code(visit, 20, queries.hand_over_code(visit.id))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "too_many_wrong_codes")
    assert await state_of(visit) == "arrived"


async def test_the_code_of_one_visit_opens_no_other(promise: Promise) -> None:
    one, other = await promise(), await promise()

    code = queries.hand_over_code(one.id)

    assert re.fullmatch(r"\d{6}", code)
    assert code == queries.hand_over_code(one.id)
    assert code != queries.hand_over_code(other.id)


async def test_the_code_is_stored_nowhere(deliver: Deliver) -> None:
    visit = await deliver()
    code = queries.hand_over_code(visit.id)

    assert DB.pool is not None
    tables = await DB.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for row in tables:
        found = await DB.pool.fetchval(
            f'SELECT count(*) FROM "{row["tablename"]}" kept WHERE kept::text ~ $1', rf"\y{code}\y"
        )
        assert found == 0, row["tablename"]


async def test_story_17_absent_first_then_the_sister_with_an_authorisation(
    deliver: Deliver, finished: DossierRow
) -> None:
    visit = await at_the_door(deliver)

    await report(event(visit, Report.ATTEMPT_FAILED, 5, reason="absent"))
    assert await state_of(visit) == "attempt_failed"
    assert (await package_of(visit)).custodian_kind == "courier"
    await report(
        event(visit, Report.EN_ROUTE, 6),
        event(visit, Report.ARRIVED, 7),
        event(visit, Report.DELIVERED, 8, receiver="sister", authorisation="UQ-2026-17"),
    )

    assert await state_of(visit) == "delivered"
    assert await status_of(finished.number) == Status.RETURNED


async def test_a_result_nobody_took_comes_back_and_stays_done(
    deliver: Deliver, finished: DossierRow
) -> None:
    visit = await at_the_door(deliver)

    await report(event(visit, Report.ATTEMPT_FAILED, 5, reason="absent"), event(visit, Report.RETURNED, 6))

    assert await state_of(visit) == "returned"
    assert await status_of(finished.number) == Status.DONE


@pytest.mark.parametrize(
    ("kind", "facts", "missing"),
    [
        (Report.SEALED, {"seal": "NIEM-1"}, "officer"),
        (Report.SEALED, {}, "seal, officer"),
        (Report.ATTEMPT_FAILED, {}, "reason"),
        (Report.DELIVERED, {"code": "000000"}, "receiver"),
    ],
)
async def test_a_report_of_a_delivery_without_its_facts_says_which(
    deliver: Deliver, kind: Report, facts: dict[str, Any], missing: str
) -> None:
    visit = await deliver()

    [answer] = await report(event(visit, kind, 2, **facts))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, f"missing_fact: {missing}")


async def test_nothing_leaves_the_centre_before_an_officer_sealed_it(deliver: Deliver) -> None:
    visit = await deliver()

    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 3))

    assert await state_of(visit) == "taken"


# What follows is owed and not yet so; each is expected to fail until it is.


@pytest.mark.parametrize("nothing", [None, "", " ", False, []])
async def test_an_empty_authorisation_is_no_proof(deliver: Deliver, nothing: object) -> None:
    visit = await at_the_door(deliver)

    await report(event(visit, Report.DELIVERED, 5, receiver="a stranger", authorisation=nothing))

    assert await state_of(visit) == "arrived"


async def test_one_wrong_code_sent_again_and_again_is_one_wrong_code(deliver: Deliver) -> None:
    visit = await at_the_door(deliver)
    wrong = event(visit, Report.DELIVERED, 5, receiver="owner", code="x")
    await report(*[wrong] * rules.WRONG_CODES_ALLOWED)

    answer = await try_code(visit, 6, queries.hand_over_code(visit.id))

    assert answer.outcome is Outcome.APPLIED


async def test_a_late_word_of_the_first_attempt_is_not_the_second_arrival(deliver: Deliver) -> None:
    visit = await deliver()
    accepted, sealed, en_route, arrived, _ = delivery(visit)
    await report(
        accepted,
        sealed,
        en_route,
        event(visit, Report.ATTEMPT_FAILED, 5, reason="absent"),
        event(visit, Report.EN_ROUTE, 6),
    )

    await report(arrived)

    assert await state_of(visit) == "en_route"


async def test_a_sealed_result_stays_with_the_courier_whose_vehicle_failed(
    deliver: Deliver, hire: Hire, tomorrow: date, now: datetime
) -> None:
    visit = await deliver()
    await hire("binh")
    await report(*delivery(visit)[:3])

    found = await operations.report_trouble(
        partner_id=PARTNER,
        courier="tu",
        day=tomorrow,
        kind=Trouble.VEHICLE,
        minutes=None,
        occurred_at=visit.starts_at,
        now=visit.starts_at,
    )

    assert found == ([], [visit.id])
    assert (await package_of(visit)).custodian_kind == "courier"
    assert await state_of(visit) == "en_route"
    assert (await facts_of(visit.id))[-1] == "home_visit.at_risk"


async def test_a_result_on_its_way_into_a_closed_area_stays_with_its_courier(
    deliver: Deliver, hire: Hire, now: datetime
) -> None:
    visit = await deliver()
    await hire("binh")
    await report(*delivery(visit)[:3])
    area = Area([KIM_SON])
    draft = Draft(area, visit.starts_at, visit.ends_at, ClosureKind.STORM, "Bão số 3", "Storm no. 3")
    seen = await operations.preview_closure(draft=draft, now=now)

    announced = await operations.announce_closure(draft=draft, seen=seen.seen, officer_id=None, now=now)

    assert (seen.at_risk, seen.with_package) == (1, 1)
    assert announced.told == ([], [visit.id])
    assert (await package_of(visit)).custodian_kind == "courier"
    found = await queries.by_id(visit.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("en_route", visit.courier_id)
