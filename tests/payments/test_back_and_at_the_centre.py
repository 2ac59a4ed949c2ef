"""Money given back, paid or freed at the centre; and what the night says of a day."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local_date
from app.core.database import DB
from app.core.errors import Refusal
from app.core.outbox import decode
from app.home_service import operations
from app.home_service.errors import HomeVisitNotFound
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from app.payments import cases
from app.payments import operations as money
from app.payments.errors import AmountDiffers, NothingOwed, NothingToRefund, ReceiptReused
from app.payments.rules import Purse
from app.rounds.queries import CourierRow
from jobs.subscriptions import tell_partner_of_money
from partners.postal import feed
from partners.postal.egress import Egress
from tests.conftest import SignedIn
from tests.home_service.conftest import PARTNER, ask
from tests.payments.conftest import (
    FEE,
    STATUS,
    balances,
    bill,
    day_of,
    evening,
    fee,
    number,
    reasons,
    remit,
    settled,
    tell,
)

SignIn = Callable[..., Awaitable[SignedIn]]
OFFICER = uuid.UUID(int=5)


async def cancel(visit: HomeVisitRow, now: datetime) -> None:
    await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)


async def give_back(
    visit: HomeVisitRow, now: datetime, *, courier: str | None = None, partner: uuid.UUID = PARTNER
) -> None:
    await operations.refund_by_partner(
        home_visit_id=visit.id,
        partner_id=partner,
        purse=Purse.STATE,
        courier=courier,
        reference="PC-1",
        now=now,
    )


async def pay(visit: HomeVisitRow, amount: int, now: datetime, **facts: Any) -> None:
    usual: dict[str, Any] = {"centre_id": visit.centre_id, "officer_id": OFFICER, "receipt": number()}
    await operations.pay_at_centre(home_visit_id=visit.id, amount_vnd=amount, now=now, **(usual | facts))


async def test_a_refund_reverses_what_was_taken_and_closes_its_case(
    visit: HomeVisitRow, now: datetime, tu: CourierRow
) -> None:
    await tell(fee(visit, FEE, seq=1))
    await cancel(visit, now)

    await give_back(visit, evening(visit))

    assert [(c.kind, c.state) for c in await cases.of_visit(visit.id)] == [("refund_owed", "closed")]
    assert DB.pool is not None
    taken, back = await DB.pool.fetch("SELECT * FROM cash_entry ORDER BY recorded_at, id")
    assert (back["reverses"], back["amount_vnd"], back["to_kind"]) == (taken["id"], FEE, "citizen")
    assert (await balances())["state", "citizen", str(visit.id)] == 0
    with pytest.raises(NothingToRefund):
        await give_back(visit, evening(visit))


async def test_a_courier_who_gives_it_back_hands_in_so_much_less(
    visit: HomeVisitRow, now: datetime
) -> None:
    await tell(fee(visit, FEE, seq=1))
    await cancel(visit, now)

    await give_back(visit, evening(visit), courier="tu")

    day = await settled(day_of(visit))
    assert day.is_balanced
    assert (day.couriers[0].collected, day.couriers[0].refunded, day.couriers[0].difference) == (
        FEE,
        FEE,
        0,
    )
    assert day.centres[0].closing == 0


async def test_too_much_is_given_back_and_the_fee_stays(visit: HomeVisitRow) -> None:
    await tell(fee(visit, FEE + 3_000))

    await give_back(visit, evening(visit))

    assert (await bill(visit)).balance(Purse.STATE) == 0
    assert (await balances())["state", "citizen", str(visit.id)] == -FEE


async def test_money_another_partner_took_is_not_given_back_by_a_stranger(
    visit: HomeVisitRow, now: datetime
) -> None:
    await tell(fee(visit, FEE + 1))

    with pytest.raises(HomeVisitNotFound):
        await give_back(visit, now, partner=uuid.uuid4())


async def test_a_fee_paid_at_the_centre_is_not_asked_for_at_the_door(
    visit: HomeVisitRow, now: datetime
) -> None:
    await pay(visit, FEE, now)

    assert (await bill(visit)).owed(Purse.STATE) == 0
    assert (await balances())["state", "centre", str(visit.centre_id)] == FEE
    again = await tell(fee(visit, FEE))
    assert again.reason == "amount_differs"
    assert ("refund_owed", "state", FEE) in reasons(await settled(day_of(visit)))


async def test_the_counter_refuses_what_is_not_exact(visit: HomeVisitRow, now: datetime, zone: Any) -> None:
    used = number()

    async def refusal(amount: int, **facts: Any) -> type[Refusal]:
        with pytest.raises(Refusal) as refused:
            await pay(visit, amount, now, **facts)
        return refused.type

    assert await refusal(FEE - 1) is AmountDiffers
    assert await refusal(FEE, centre_id=uuid.uuid4()) is HomeVisitNotFound
    assert await balances() == {}
    await pay(visit, FEE, now, receipt=used)
    assert await refusal(FEE) is NothingOwed
    assert (await balances())["state", "centre", str(visit.centre_id)] == FEE


async def test_a_receipt_of_the_centre_counts_once_too(
    visit: HomeVisitRow, now: datetime, zone: Any, tu: CourierRow
) -> None:
    other, used = await ask(zone, now, procedure_codes=[STATUS]), number()
    await pay(visit, FEE, now, receipt=used)

    with pytest.raises(ReceiptReused):
        await pay(other, FEE, now, receipt=used)


async def test_what_was_paid_at_the_centre_is_given_back_there(visit: HomeVisitRow, now: datetime) -> None:
    await pay(visit, FEE, now)
    await cancel(visit, now)

    await operations.refund_at_centre(
        home_visit_id=visit.id, centre_id=visit.centre_id, reference="PC-9", now=now
    )

    assert set((await balances()).values()) == {0}
    with pytest.raises(HomeVisitNotFound):
        await give_back(visit, now)


async def test_over_http_the_counter_takes_frees_and_sees_the_day(
    client: httpx.AsyncClient, sign_in: SignIn, visit: HomeVisitRow, now: datetime
) -> None:
    ha = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, centre_id=visit.centre_id)
    path = f"/v1/staff/home-visits/{visit.id}"

    async def post(what: str, body: dict[str, Any]) -> httpx.Response:
        headers = ha.headers | {"Idempotency-Key": uuid.uuid4().hex}
        return await client.post(f"{path}/{what}", json=body, headers=headers)

    differs = await post("payments", {"amount_vnd": 1, "receipt": "HCC-1"})
    assert (differs.status_code, differs.json()["code"]) == (409, "amount_differs")
    assert differs.json()["owed_vnd"] == FEE
    blank = await post("payments", {"amount_vnd": 1, "receipt": "HCC-1\n"})
    assert blank.status_code == 422
    taken = await post("payments", {"amount_vnd": FEE, "receipt": "HCC-1"})
    assert (taken.status_code, taken.json()["owed_state_vnd"]) == (201, 0)
    freed = await post("waivers", {"kind": "postage", "group": "HN"})
    assert (freed.status_code, freed.json()["owed_vnd"]) == (201, 0)
    unknown = await post("waivers", {"kind": "state", "group": "??"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "waiver_unknown")
    nothing = await post("refunds", {"reference": "PC-1"})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_refund")

    seen = await client.get(f"/v1/staff/settlements/{local_date(now)}", headers=ha.headers)
    assert seen.json() == {
        "date": str(local_date(now)),
        "paid_here_vnd": FEE,
        "partners": [],
        "refunds_owed": [],
    }
    await cancel(visit, now)
    seen = await client.get(f"/v1/staff/settlements/{local_date(now)}", headers=ha.headers)
    assert [owed["amount_vnd"] for owed in seen.json()["refunds_owed"]] == [FEE]


async def test_a_refund_over_http(client: httpx.AsyncClient, sign_in: SignIn, visit: HomeVisitRow) -> None:
    await tell(fee(visit, FEE + 3_000))
    post_office = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({"settlements:write"}))
    body = {"task_id": str(visit.id), "kind": "state", "reference": "PC-1"}
    key = post_office.headers | {"Idempotency-Key": uuid.uuid4().hex}

    first = await client.post("/v1/partner/refunds", json=body, headers=key)
    again = await client.post("/v1/partner/refunds", json=body, headers=key)

    assert first.status_code == again.status_code == 201
    assert first.json()["refund_owed_vnd"] == 0
    assert (await balances())["state", "citizen", str(visit.id)] == -FEE


async def test_the_night_tells_of_a_day_that_does_not_balance_once(visit: HomeVisitRow) -> None:
    await tell(fee(visit, FEE))
    day, night = day_of(visit), evening(visit) + timedelta(days=1)

    assert (PARTNER, day) in await money.days_to_check(now=night, at_most=9)
    for _ in range(2):
        found = await money.check_day(partner_id=PARTNER, day=day, now=night)
        assert reasons(found) == [("not_remitted", "state", FEE)]
    assert await money.days_to_check(now=night, at_most=9) == []

    assert DB.pool is not None
    facts = await DB.pool.fetch("SELECT payload FROM outbox WHERE kind = 'settlement.unbalanced'")
    assert len(facts) == 1
    for _ in range(2):
        await tell_partner_of_money(
            decode("settlement.unbalanced", facts[0]["payload"]),  # type: ignore[arg-type]
            egress=Egress(allow_private=True),
        )
    told = [event for event in await feed.after(PARTNER, 0, limit=50) if "settlement" in event.type]
    assert [event.subject for event in told] == [f"settlement:{PARTNER}:{day}"]


async def test_a_day_that_balances_is_checked_in_silence(visit: HomeVisitRow) -> None:
    await tell(fee(visit, FEE))
    await remit(day_of(visit), state=FEE, now=evening(visit))

    found = await money.check_day(
        partner_id=PARTNER, day=day_of(visit), now=evening(visit) + timedelta(days=1)
    )

    assert found.is_balanced
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT balanced AND reasons = 0 FROM settlement_check")
    assert not await DB.pool.fetchval("SELECT 1 FROM outbox WHERE kind = 'settlement.unbalanced'")
