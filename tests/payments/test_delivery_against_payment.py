"""A result is not given at a door before it is paid for, or a reason is shown why nothing is owed."""

import uuid
from datetime import datetime

import pytest

from app.core.database import DB
from app.dossiers import operations as dossiers
from app.dossiers.components import Component
from app.dossiers.operations.accept import Applicant
from app.dossiers.queries import DossierRow
from app.home_service import operations, queries
from app.home_service.operations.report import Outcome, PartnerEvent
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Reason, Report, State
from app.payments.rules import Purse
from app.rounds.queries import CourierRow
from partners.postal.api.events import EventBatch, EventInput, apply_batch
from partners.postal.sandbox import saying
from partners.postal.sandbox.ways import Step
from tests.home_service.conftest import (
    PARTNER,
    Zone,
    ask,
    collection,
    event,
    new_seal,
    receive,
    report,
    state_of,
)
from tests.home_service.test_deliveries import finish
from tests.payments.conftest import FEE, STATUS, bill, evening, fee, money, tell

OFFICER = uuid.UUID(int=5)


@pytest.fixture
async def dossier(zone: Zone, tu: CourierRow, now: datetime) -> DossierRow:
    """Collected, accepted and finished; nobody has paid for anything yet."""
    visit, seal = await ask(zone, now, procedure_codes=[STATUS]), new_seal()
    await report(*collection(visit, seal))
    await receive(visit, seal)
    file = await dossiers.accept(
        centre_id=visit.centre_id,
        procedure_code=STATUS,
        ticket_id=None,
        seal=seal,
        applicant=Applicant("Bùi Thị Hoa", "+84987654321", None, "vi"),
        components=[Component(1, 1, 0, 0, None)],
        return_mode="home",
        now=visit.ends_at,
    )
    assert DB.pool is not None
    package = await DB.pool.fetchval("SELECT id FROM package WHERE home_visit_id = $1", visit.id)
    await operations.note_acceptance(
        package_id=package, dossier_number=file.dossier.number, now=visit.ends_at
    )
    return await finish(file.dossier)


@pytest.fixture
async def visit(zone: Zone, dossier: DossierRow, now: datetime) -> HomeVisitRow:
    """The courier is at the door with the result."""
    visit = await ask(
        zone,
        now,
        kind=Kind.DELIVERY,
        procedure_codes=[STATUS],
        citizen_id=dossier.citizen_id,
        dossier_number=dossier.number,
        window_id=zone.windows[2].id,
    )
    await report(
        event(visit, Report.ACCEPTED, 1),
        event(visit, Report.SEALED, 2, seal=new_seal(), officer=str(OFFICER), papers=[]),
        event(visit, Report.EN_ROUTE, 3),
        event(visit, Report.ARRIVED, 4),
    )
    return visit


def handed(visit: HomeVisitRow) -> PartnerEvent:
    code = queries.hand_over_code(visit.id)
    return event(visit, Report.DELIVERED, 9, receiver="owner", code=code)


async def test_what_the_collection_left_unpaid_is_owed_with_the_result(visit: HomeVisitRow) -> None:
    found = await bill(visit)

    assert found.owed(Purse.STATE) == FEE
    assert [line.purse for line in found.charges].count("postage") == 2


async def test_the_result_waits_for_its_payment_and_then_goes(visit: HomeVisitRow) -> None:
    postage = (await bill(visit)).owed(Purse.POSTAGE)

    early = await tell(handed(visit))

    assert (early.outcome, early.reason) == (Outcome.REJECTED, "missing_fact: fee_collected")
    assert await state_of(visit) == "arrived"
    assert (await tell(fee(visit, FEE, seq=5))).reason is None
    assert await state_of(visit) == "arrived"
    assert (await tell(fee(visit, postage, seq=6, kind="postage"))).reason is None
    # The word of the hand-over was kept: it counts as soon as it may.
    assert await state_of(visit) == "delivered"


async def test_a_batch_that_tells_the_payment_last_is_refused_nothing(visit: HomeVisitRow) -> None:
    told = [
        handed(visit),
        fee(visit, (await bill(visit)).owed(Purse.POSTAGE), seq=6, kind="postage"),
        fee(visit, FEE, seq=5),
    ]

    answers = await apply_batch(EventBatch(events=[sent(each) for each in told]), PARTNER, evening(visit))

    assert [(answer.event_id, answer.outcome, answer.reason) for answer in answers] == [
        (each.event_id, Outcome.APPLIED, None) for each in told
    ]
    assert await state_of(visit) == "delivered"


def sent(event: PartnerEvent) -> EventInput:
    """The event as a device writes it down."""
    return EventInput(
        **{name: getattr(event, name) for name in EventInput.__struct_fields__ if hasattr(event, name)}
    )


async def test_who_shows_a_paper_gets_the_result_for_nothing(visit: HomeVisitRow) -> None:
    for seq, purse in enumerate(Purse, 5):
        await tell(money(visit, seq, {"amount": 0, "kind": purse.value, "waiver": "HN"}))

    answer = await tell(handed(visit))

    assert (answer.outcome, answer.reason) == (Outcome.APPLIED, None)
    assert await state_of(visit) == "delivered"


async def test_too_little_money_does_not_open_the_bag(visit: HomeVisitRow) -> None:
    owed = await bill(visit)
    await tell(fee(visit, FEE - 1, seq=5))
    await tell(fee(visit, owed.owed(Purse.POSTAGE), seq=6, kind="postage"))

    answer = await tell(handed(visit))

    assert answer.outcome is Outcome.REJECTED
    assert await state_of(visit) == "arrived"


async def test_a_fee_paid_at_the_centre_meanwhile_leaves_only_the_postage(
    visit: HomeVisitRow, now: datetime
) -> None:
    await operations.pay_at_centre(
        home_visit_id=visit.id,
        centre_id=visit.centre_id,
        officer_id=OFFICER,
        amount_vnd=FEE,
        receipt="HCC-77",
        now=now,
    )
    await tell(fee(visit, (await bill(visit)).owed(Purse.POSTAGE), seq=6, kind="postage"))

    assert (await tell(handed(visit))).outcome is Outcome.APPLIED
    assert await state_of(visit) == "delivered"


async def test_the_sandboxs_courier_takes_what_each_purse_is_owed_before_giving(
    visit: HomeVisitRow,
) -> None:
    owed = await bill(visit)

    said = await saying.told(
        visit, Step(Report.DELIVERED, State.DELIVERED), partner_id=uuid.uuid4(), reason=Reason.ABSENT
    )

    assert [(told.report, told.data.get("kind"), told.data.get("amount")) for told in said] == [
        (Report.FEE_COLLECTED, Purse.STATE, owed.owed(Purse.STATE)),
        (Report.FEE_COLLECTED, Purse.POSTAGE, owed.owed(Purse.POSTAGE)),
        (Report.DELIVERED, None, None),
    ]
    assert owed.owed(Purse.STATE) > 0
    assert owed.owed(Purse.POSTAGE) > 0
