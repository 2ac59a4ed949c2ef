"""The settlement over HTTP: what the post office sees, what it may do, and what a stranger may not."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local_date
from app.home_service.queries import HomeVisitRow
from app.http.principals import Caller
from app.payments import operations
from app.payments.rules import Purse
from app.rounds.queries import CourierRow
from tests.conftest import SignedIn
from tests.home_service.conftest import PARTNER
from tests.payments.conftest import FEE, bill, day_of, fee, tell

SignIn = Callable[..., Awaitable[SignedIn]]
SCOPES = frozenset({"settlements:read", "settlements:write", "visits:read"})


@pytest.fixture
async def post_office(sign_in: SignIn) -> SignedIn:
    return await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=SCOPES)


def keyed(person: SignedIn) -> dict[str, str]:
    return person.headers | {"Idempotency-Key": uuid.uuid4().hex}


async def see(client: httpx.AsyncClient, person: SignedIn, visit: HomeVisitRow) -> dict[str, Any]:
    answer = await client.get(f"/v1/partner/settlements/{day_of(visit)}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_day_is_handed_in_paid_over_and_balances(
    client: httpx.AsyncClient, post_office: SignedIn, visit: HomeVisitRow
) -> None:
    await tell(fee(visit, FEE))
    seen = await see(client, post_office, visit)
    assert seen["balanced"] is False
    assert seen["reasons"] == [
        {
            "code": "not_remitted_yet",
            "kind": "state",
            "amount_vnd": FEE,
            "courier": "tu",
            "task_id": None,
            "case_id": None,
        }
    ]

    too_early = await client.post(
        "/v1/partner/remittances",
        json={"date": day_of(visit).isoformat(), "courier": "tu", "state_vnd": FEE, "slip": "PT-1"},
        headers=keyed(post_office),
    )
    assert (too_early.status_code, too_early.json()["code"]) == (422, "day_not_yet")

    await operations.remit(
        partner_id=PARTNER,
        courier="tu",
        day=day_of(visit),
        amounts={Purse.STATE: FEE},
        slip="PT-1",
        now=visit.ends_at,
    )
    seen = await see(client, post_office, visit)
    assert seen["balanced"] is True
    assert seen["couriers"] == [
        {
            "courier": "tu",
            "purses": [
                {
                    "kind": "state",
                    "collected_vnd": FEE,
                    "refunded_vnd": 0,
                    "remitted_vnd": FEE,
                    "corrected_vnd": 0,
                    "difference_vnd": 0,
                }
            ],
            "receipts": [],
        }
    ]
    assert seen["centres"][0]["closing_vnd"] == FEE


async def test_cash_of_yesterday_is_handed_in_once_per_key(
    client: httpx.AsyncClient, post_office: SignedIn, tu: CourierRow, now: Any
) -> None:
    yesterday = local_date(now) - timedelta(days=1)
    body = {"date": yesterday.isoformat(), "courier": "tu", "postage_vnd": 5_000, "slip": "PT-1"}
    key = keyed(post_office)

    first = await client.post("/v1/partner/remittances", json=body, headers=key)
    again = await client.post("/v1/partner/remittances", json=body, headers=key)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    [why] = first.json()["reasons"]
    assert (why["code"], why["amount_vnd"], why["courier"]) == ("cash_over", 5_000, "tu")
    closed = await client.post(
        f"/v1/partner/money-cases/{why['case_id']}/close",
        json={"note": "biên bản 3"},
        headers=keyed(post_office),
    )
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"courier": "nobody"}, 404, "courier_not_found"),
        ({"state_vnd": -1}, 422, "invalid_value"),
        ({"state_vnd": 1.5}, 422, "invalid_value"),
        ({"state_vnd": 2**60}, 422, "invalid_value"),
        ({"date": "0001-01-01"}, 422, "invalid_value"),
        ({"state_vnd": 0}, 422, "nothing_remitted"),
        ({"slip": ""}, 422, "invalid_value"),
    ],
)
async def test_what_cannot_be_handed_in_is_refused(
    client: httpx.AsyncClient,
    post_office: SignedIn,
    tu: CourierRow,
    now: Any,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    body = {"date": local_date(now).isoformat(), "courier": "tu", "state_vnd": 1, "slip": "PT-1"}

    answer = await client.post("/v1/partner/remittances", json=body | change, headers=keyed(post_office))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_partner_sees_nothing_of_it(
    client: httpx.AsyncClient, sign_in: SignIn, visit: HomeVisitRow
) -> None:
    await tell(fee(visit, FEE + 1))
    stranger = await sign_in(Caller.PARTNER, scopes=SCOPES)

    seen = await see(client, stranger, visit)

    assert (seen["couriers"], seen["centres"], seen["reasons"]) == ([], [], [])


async def test_a_centre_that_is_not_there_is_not_paid(
    client: httpx.AsyncClient, post_office: SignedIn, tu: CourierRow, now: Any
) -> None:
    answer = await client.post(
        "/v1/partner/centre-payments",
        json={
            "date": local_date(now).isoformat(),
            "centre_id": str(uuid.uuid4()),
            "amount_vnd": 1,
            "reference": "UNC-1",
        },
        headers=keyed(post_office),
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "centre_not_found")


async def test_the_citizen_and_the_courier_see_what_is_owed(
    client: httpx.AsyncClient, sign_in: SignIn, post_office: SignedIn, visit: HomeVisitRow
) -> None:
    owed = (await bill(visit)).owed_in_all
    hoa = await sign_in(Caller.CITIZEN, subject_id=visit.citizen_id)

    mine = await client.get(f"/v1/home-visits/{visit.id}", headers=hoa.headers)
    tasks = await client.get(
        "/v1/partner/tasks", params={"date": day_of(visit).isoformat()}, headers=post_office.headers
    )

    assert mine.json()["bill"] == tasks.json()["items"][0]["bill"]
    assert mine.json()["bill"]["owed_vnd"] == owed
    assert [line["kind"] for line in mine.json()["bill"]["charges"]] == ["state", "postage"]
