"""A courier's day balances, or says why not: short, over, late, made good, set apart."""

import asyncio
import uuid
from datetime import datetime, timedelta

import pytest

from app.core.clock import local_date
from app.core.ids import new_id
from app.home_service.queries import HomeVisitRow
from app.payments import cases, operations
from app.payments.errors import CaseNeedsMoney, DayNotYet, MoneyCaseNotFound, NothingRemitted
from app.payments.rules import Purse
from app.rounds.errors import CourierNotFound
from app.rounds.queries import CourierRow
from tests.home_service.conftest import PARTNER, Zone, ask
from tests.payments.conftest import (
    FEE,
    STATUS,
    balances,
    bill,
    day_of,
    evening,
    fee,
    reasons,
    remit,
    settled,
    tell,
)


async def paid(visit: HomeVisitRow) -> int:
    """Tú takes all that is owed; the postage."""
    postage = (await bill(visit)).owed(Purse.POSTAGE)
    await tell(fee(visit, FEE))
    await tell(fee(visit, postage, seq=7, kind="postage"))
    return postage


async def close(case_id: uuid.UUID, now: datetime, partner: uuid.UUID = PARTNER) -> cases.CaseRow:
    return await operations.close_case(partner_id=partner, case_id=case_id, note="biên bản 7", now=now)


async def test_what_was_taken_and_handed_in_balances(visit: HomeVisitRow, tu: CourierRow) -> None:
    postage = await paid(visit)
    before = await settled(day_of(visit))
    assert reasons(before) == [("not_remitted_yet", "postage", postage), ("not_remitted_yet", "state", FEE)]

    after = await remit(day_of(visit), state=FEE, postage=postage, now=evening(visit))

    assert after.is_balanced
    assert [(line.purse, line.collected, line.remitted, line.difference) for line in after.couriers] == [
        ("state", FEE, FEE, 0),
        ("postage", postage, postage, 0),
    ]
    book = await balances()
    assert book["state", "partner", str(PARTNER)] == FEE
    assert book["state", "courier", str(tu.id)] == 0


async def test_cash_that_is_missing_is_a_case_until_it_comes(visit: HomeVisitRow) -> None:
    postage = await paid(visit)

    short = await remit(day_of(visit), state=FEE - 3_000, postage=postage, now=evening(visit))
    assert reasons(short) == [("cash_short", "state", 3_000)]

    later = await remit(day_of(visit), state=3_000, now=evening(visit) + timedelta(days=1))
    assert later.is_balanced
    assert [(case.kind, case.state) for case in later.cases] == [("cash_short", "closed")]


async def test_cash_that_is_missing_is_made_good_by_the_enterprise(
    visit: HomeVisitRow, tu: CourierRow
) -> None:
    postage = await paid(visit)
    short = await remit(day_of(visit), state=1_000, postage=postage, now=evening(visit))

    closed = await close(short.cases[0].id, evening(visit))
    again = await close(short.cases[0].id, evening(visit))

    assert closed.state == again.state == "closed"
    day = await settled(day_of(visit))
    assert day.is_balanced
    assert (day.couriers[0].corrected, day.couriers[0].difference) == (-9_000, 0)
    assert (await balances())["state", "partner", str(PARTNER)] == FEE


async def test_cash_nobody_reported_is_set_apart(visit: HomeVisitRow) -> None:
    postage = await paid(visit)
    over = await remit(day_of(visit), state=FEE + 4_000, postage=postage, now=evening(visit))
    assert reasons(over) == [("cash_over", "state", 4_000)]

    await close(over.cases[0].id, evening(visit))

    book = await balances()
    assert (await settled(day_of(visit))).is_balanced
    assert book["state", "partner", str(PARTNER)] == FEE
    assert book["state", "suspense", str(PARTNER)] == 4_000


async def test_a_report_that_comes_after_its_cash_explains_it(
    visit: HomeVisitRow, zone: Zone, now: datetime
) -> None:
    """The telephone was dead: the money was handed in before anybody knew of it."""
    silent = await ask(zone, now, procedure_codes=[STATUS])
    postage = await paid(visit)
    over = await remit(day_of(visit), state=2 * FEE, postage=postage, now=evening(visit))
    assert reasons(over) == [("cash_over", "state", FEE)]

    await tell(fee(silent, FEE))

    assert (await settled(day_of(visit))).is_balanced


async def test_a_day_that_ended_without_cash_is_a_case_and_follows_late_reports(
    visit: HomeVisitRow, zone: Zone, now: datetime, tu: CourierRow
) -> None:
    await tell(fee(visit, FEE))
    day, after = day_of(visit), evening(visit) + timedelta(days=1)

    await operations.check_day(partner_id=PARTNER, day=day, now=after)
    assert reasons(await settled(day)) == [("not_remitted", "state", FEE)]

    other = await ask(zone, now, procedure_codes=[STATUS])
    await tell(fee(other, FEE))
    assert reasons(await settled(day)) == [("not_remitted", "state", 2 * FEE)]
    assert (await remit(day, state=2 * FEE, now=after)).is_balanced


async def test_an_open_account_of_a_visit_is_not_closed_by_a_word(visit: HomeVisitRow) -> None:
    await tell(fee(visit, FEE + 1))
    [case] = await cases.of_visit(visit.id)

    with pytest.raises(CaseNeedsMoney):
        await close(case.id, evening(visit))


async def test_somebody_elses_case_and_courier_are_not_there(visit: HomeVisitRow) -> None:
    await tell(fee(visit, FEE))
    short = await remit(day_of(visit), state=1, now=evening(visit))

    with pytest.raises(MoneyCaseNotFound):
        await close(short.cases[0].id, evening(visit), partner=new_id())
    with pytest.raises(CourierNotFound):
        await remit(day_of(visit), state=1, now=evening(visit), partner=new_id())


async def test_nothing_and_the_future_are_not_handed_in(tu: CourierRow, now: datetime) -> None:
    with pytest.raises(NothingRemitted):
        await remit(local_date(now), now=now)
    with pytest.raises(DayNotYet):
        await remit(local_date(now) + timedelta(days=1), state=1, now=now)


async def test_the_state_fees_of_a_centre_run_until_they_are_paid_over(
    visit: HomeVisitRow, now: datetime
) -> None:
    await tell(fee(visit, FEE))
    day = day_of(visit)

    [line] = (await settled(day)).centres
    assert (line.centre_id, line.opening, line.closing) == (visit.centre_id, 0, FEE)
    [next_day] = (await settled(day + timedelta(days=1))).centres
    assert (next_day.opening, next_day.collected, next_day.closing) == (FEE, 0, FEE)

    paid_over = await operations.pay_centre(
        partner_id=PARTNER,
        centre_id=visit.centre_id,
        day=day,
        amount_vnd=FEE,
        reference="UNC-1",
        now=evening(visit),
    )
    assert paid_over.centres[0].closing == 0


async def test_eight_reports_and_a_remittance_at_once_leave_no_wrong_case(
    swift: None, zone: Zone, tu: CourierRow, now: datetime
) -> None:
    visits = [await ask(zone, now, procedure_codes=[STATUS]) for _ in range(8)]
    day = day_of(visits[0])

    await asyncio.gather(
        *(tell(fee(visit, FEE)) for visit in visits),
        remit(day, state=8 * FEE, now=evening(visits[0])),
    )

    assert (await settled(day)).is_balanced
