"""What stands in a query is refused where it cannot be held, before a route thinks of it."""

import uuid
from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.http.principals import Caller
from app.sample import seed
from partners.postal import scopes
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]
WINDOWS = "/v1/visit-windows?lat=20.26&lon=105.97&from=2026-11-27&to=2026-11-30&procedure="


@pytest.fixture
async def somebody(sign_in: SignIn) -> SignedIn:
    return await sign_in(Caller.CITIZEN)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/availability?centre={seed.DEMO_CENTRE_ID}&from=2026-11-27&procedure=%00",
        f"/v1/availability?centre={seed.DEMO_CENTRE_ID}&from=2026-11-27&procedure=a%00b",
        f"{WINDOWS}%00",
        "/v1/procedures?q=%00",
    ],
)
async def test_a_citizens_query_with_nul_is_refused(
    client: httpx.AsyncClient, somebody: SignedIn, path: str
) -> None:
    answer = await client.get(path, headers=somebody.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "forbidden_character")


async def test_a_page_with_nul_in_its_address_says_so(client: httpx.AsyncClient, database: object) -> None:
    answer = await client.get("/booking/time?procedure=%00", headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("date=0001-01-01", "invalid_value"),
        ("date=9999-12-31", "invalid_value"),
        ("date=2026-11-27&courier=%00", "forbidden_character"),
    ],
)
async def test_a_partner_asks_for_days_that_can_be(
    client: httpx.AsyncClient, sign_in: SignIn, query: str, code: str
) -> None:
    partner = await sign_in(Caller.PARTNER, scopes=frozenset({scopes.VISITS_READ}))

    answer = await client.get(f"/v1/partner/tasks?{query}", headers=partner.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    "query", ["from=0001-01-01&to=2026-11-30", "from=0001-01-01&to=0001-01-01", "to=9999-12-31"]
)
async def test_a_lead_asks_for_days_that_can_be(
    client: httpx.AsyncClient, sign_in: SignIn, query: str
) -> None:
    lead = await sign_in(Caller.SHIFT_LEAD, centre_id=uuid.uuid4())

    answer = await client.get(f"/v1/staff/openings?{query}", headers=lead.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
