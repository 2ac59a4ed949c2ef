"""What is taken at a door: exactly what is owed, once, with a receipt; anything else is kept and named."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.core.database import DB
from app.home_service import operations, queries
from app.home_service.operations.report import Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from app.payments import cases
from app.payments.rules import Purse
from app.rounds.queries import CourierRow
from tests.home_service.conftest import DISABILITY, PARTNER, Zone, ask, event, new_seal, report, state_of
from tests.payments.conftest import (
    FEE,
    STATUS,
    balances,
    bill,
    day_of,
    fee,
    money,
    number,
    reasons,
    settled,
    tell,
)


async def test_a_visit_costs_its_procedures_fees_and_its_leg_apart(visit: HomeVisitRow) -> None:
    found = await bill(visit)

    assert [(line.purse, line.procedure_code, line.state) for line in found.charges] == [
        ("state", STATUS, "due"),
        ("postage", "", "due"),
    ]
    assert found.owed(Purse.STATE) == FEE
    assert found.owed(Purse.POSTAGE) > 0


async def test_social_assistance_costs_nothing_and_says_why(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    found = await bill(await ask(zone, now, procedure_codes=[DISABILITY]))

    assert found.owed_in_all == 0
    assert found.charges[-1].because == "bao_tro_xa_hoi"


async def test_the_exact_fee_is_taken_once_however_often_it_is_told(
    visit: HomeVisitRow, tu: CourierRow
) -> None:
    taken = fee(visit, FEE)

    answers = await report(taken, taken, taken)

    assert [(a.outcome, a.reason) for a in answers] == [
        (Outcome.APPLIED, None),
        (Outcome.DUPLICATE, None),
        (Outcome.DUPLICATE, None),
    ]
    assert (await bill(visit)).owed(Purse.STATE) == 0
    assert await balances() == {
        ("state", "citizen", str(visit.id)): -FEE,
        ("state", "courier", str(tu.id)): FEE,
    }


@pytest.mark.parametrize(("amount", "case"), [(8_000, "underpaid"), (12_000, "refund_owed")])
async def test_another_amount_than_the_fee_is_kept_and_opens_a_case(
    visit: HomeVisitRow, tu: CourierRow, amount: int, case: str
) -> None:
    answer = await tell(fee(visit, amount))

    assert (answer.outcome, answer.reason) == (Outcome.APPLIED, "amount_differs")
    assert (await balances())["state", "courier", str(tu.id)] == amount
    assert (case, "state", abs(amount - FEE)) in reasons(await settled(day_of(visit)))


async def test_the_rest_of_a_fee_closes_its_case(visit: HomeVisitRow) -> None:
    await tell(fee(visit, 8_000))

    answer = await tell(fee(visit, 2_000, seq=7))

    assert answer.reason is None
    assert [(c.kind, c.state) for c in await cases.of_visit(visit.id)] == [("underpaid", "closed")]


async def test_a_receipt_of_another_payment_is_a_case_and_the_money_is_booked(
    visit: HomeVisitRow, zone: Zone, tu: CourierRow, now: datetime
) -> None:
    other, used = await ask(zone, now, procedure_codes=[STATUS]), number()
    await tell(fee(visit, FEE, receipt=used))

    answer = await tell(fee(other, FEE, receipt=used))

    assert (answer.outcome, answer.reason) == (Outcome.APPLIED, "receipt_reused")
    assert (await balances())["state", "courier", str(tu.id)] == 2 * FEE
    assert ("receipt_reused", "state", FEE) in reasons(await settled(day_of(visit)))
    assert (await bill(other)).owed(Purse.STATE) == 0


async def test_the_same_payment_told_under_another_id_is_one_payment(
    visit: HomeVisitRow, tu: CourierRow
) -> None:
    used = number()
    await tell(fee(visit, FEE, receipt=used))

    answer = await tell(fee(visit, FEE, receipt=used, event_id=uuid.uuid4()))

    assert answer.reason == "receipt_reused"
    assert (await balances())["state", "courier", str(tu.id)] == FEE
    assert await cases.of_visit(visit.id) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "missing_fact: amount"),
        ({"amount": 10_000}, "missing_fact: kind, receipt"),
        ({"amount": 10_000, "receipt": "BL-1"}, "missing_fact: kind"),
        ({"amount": 10_000, "kind": "state"}, "missing_fact: receipt"),
        ({"amount": 10_000, "kind": "gift", "receipt": "BL-1"}, "invalid_fact"),
        ({"amount": -1, "kind": "state", "receipt": "BL-1"}, "invalid_fact"),
        ({"amount": 10_000.5, "kind": "state", "receipt": "BL-1"}, "invalid_fact"),
        ({"amount": "10000", "kind": "state", "receipt": "BL-1"}, "invalid_fact"),
        ({"amount": 2**40, "kind": "state", "receipt": "BL-1"}, "invalid_fact"),
        ({"amount": True, "kind": "state", "receipt": "BL-1"}, "invalid_fact"),
        ({"amount": 10_000, "kind": "state", "receipt": " "}, "invalid_fact"),
        ({"amount": 10_000, "kind": "state", "receipt": "B" * 41}, "invalid_fact"),
        ({"amount": 0, "waiver": ""}, "invalid_fact"),
    ],
)
async def test_money_without_its_facts_is_refused_and_says_which(
    visit: HomeVisitRow, data: dict[str, Any], why: str
) -> None:
    answer = await tell(money(visit, 6, data))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, why)
    assert await balances() == {}


async def test_who_shows_the_paper_of_a_group_pays_nothing(visit: HomeVisitRow) -> None:
    for seq, kind in enumerate(("state", "postage"), 6):
        answer = await tell(money(visit, seq, {"amount": 0, "kind": kind, "waiver": "HN"}))
        assert (answer.outcome, answer.reason) == (Outcome.APPLIED, None)

    found = await bill(visit)
    assert found.owed_in_all == 0
    assert {(line.state, line.because) for line in found.charges} == {("waived", "HN")}


@pytest.mark.parametrize("amount", [4_000, FEE])
async def test_what_was_taken_before_the_paper_was_shown_is_owed_back(
    visit: HomeVisitRow, amount: int
) -> None:
    await tell(fee(visit, amount))

    await tell(money(visit, 7, {"amount": 0, "kind": "state", "waiver": "HN"}))

    open_cases = [c for c in await cases.of_visit(visit.id) if c.state == "open"]
    assert [(c.kind, c.amount_vnd) for c in open_cases] == [("refund_owed", amount)]


async def test_a_paper_that_frees_nothing_here_frees_nothing(visit: HomeVisitRow) -> None:
    answer = await tell(money(visit, 6, {"amount": 0, "kind": "postage", "waiver": "NCC"}))

    assert answer.reason == "waiver_unknown"
    assert (await bill(visit)).owed(Purse.POSTAGE) > 0


async def test_what_was_paid_for_a_visit_that_is_cancelled_is_owed_back(
    visit: HomeVisitRow, now: datetime
) -> None:
    await tell(fee(visit, FEE, seq=1))

    await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)

    found = await bill(visit)
    assert (found.over(Purse.STATE), found.owed_in_all) == (FEE, 0)
    assert {line.state for line in found.charges} == {"cancelled"}
    [case] = await cases.of_visit(visit.id)
    assert (case.kind, case.amount_vnd, case.state) == ("refund_owed", FEE, "open")


async def test_money_told_after_the_cancellation_is_owed_back_too(
    visit: HomeVisitRow, now: datetime
) -> None:
    await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)

    answer = await tell(fee(visit, FEE))

    assert answer.reason == "conflict"
    assert (await bill(visit)).over(Purse.STATE) == FEE


async def test_a_door_where_nothing_was_done_costs_nothing(visit: HomeVisitRow) -> None:
    await report(
        event(visit, Report.ACCEPTED, 1),
        event(visit, Report.EN_ROUTE, 2),
        event(visit, Report.FAILED, 3, reason="absent"),
    )

    assert await state_of(visit) == "failed"
    assert (await bill(visit)).owed_in_all == 0


async def test_a_fee_the_catalogue_has_no_amount_for_is_what_was_taken(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    visit = await ask(zone, now, procedure_codes=["3.000333"])
    assert (await bill(visit)).charges[0].amount_vnd is None

    answer = await tell(fee(visit, 100_000))

    assert answer.reason is None
    line = (await bill(visit)).charges[0]
    assert (line.amount_vnd, line.because) == (100_000, "assessed")


async def test_a_clock_of_next_week_counts_for_the_day_it_was_heard(
    visit: HomeVisitRow, now: datetime
) -> None:
    told = fee(visit, FEE)._replace(occurred_at=visit.starts_at + timedelta(days=7))

    await operations.apply_partner_event(partner_id=PARTNER, event=told, now=visit.ends_at)

    assert (await settled(day_of(visit))).couriers[0].collected == FEE


@pytest.mark.parametrize("sql", ["UPDATE cash_entry SET amount_vnd = 1", "DELETE FROM cash_entry"])
async def test_the_book_is_never_rewritten(visit: HomeVisitRow, sql: str) -> None:
    await tell(fee(visit, FEE))

    assert DB.pool is not None
    with pytest.raises(asyncpg.RaiseError):
        await DB.pool.execute(sql)


async def test_a_failed_visit_that_is_tried_again_is_due_again_and_what_was_paid_counts(
    visit: HomeVisitRow, zone: Zone, now: datetime
) -> None:
    await tell(fee(visit, FEE, seq=3))
    await report(
        event(visit, Report.ACCEPTED, 1),
        event(visit, Report.EN_ROUTE, 2),
        event(visit, Report.FAILED, 4, reason="absent"),
    )
    assert [(c.kind, c.state) for c in await cases.of_visit(visit.id)] == [("refund_owed", "open")]

    await operations.reschedule(
        home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=zone.windows[2].id, now=now
    )

    assert [(c.kind, c.state) for c in await cases.of_visit(visit.id)] == [("refund_owed", "closed")]
    found = await bill(visit)
    assert (found.owed(Purse.STATE), found.over(Purse.STATE)) == (0, 0)
    assert found.owed(Purse.POSTAGE) > 0


async def test_papers_that_go_back_from_the_courier_cost_their_way_and_no_fee(
    visit: HomeVisitRow,
) -> None:
    await report(
        *(
            event(visit, kind, seq, **data)
            for seq, (kind, data) in enumerate(
                (
                    (Report.ACCEPTED, {}),
                    (Report.EN_ROUTE, {}),
                    (Report.ARRIVED, {}),
                    (Report.COUNTED, {"papers": [{"component": 1, "originals": 1}]}),
                    (Report.SEALED, {"seal": new_seal()}),
                ),
                1,
            )
        )
    )
    await tell(fee(visit, FEE, seq=6))
    code = queries.hand_over_code(visit.id)

    await tell(event(visit, Report.RETURNED, 7, code=code))

    assert await state_of(visit) == "returned"
    found = await bill(visit)
    assert (found.over(Purse.STATE), found.owed(Purse.STATE)) == (FEE, 0)
    assert found.owed(Purse.POSTAGE) > 0
