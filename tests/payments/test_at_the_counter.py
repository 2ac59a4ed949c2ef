"""Fees of a dossier at the counter: the state's and the post's apart, a receipt for one payment, ever."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch_value
from app.dossiers.queries import DossierRow
from app.http.principals import Caller
from app.payments import tariffs
from tests.conftest import SignedIn
from tests.payments.test_tariffs import POOR, decided
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import accepted

SignIn = Callable[..., Awaitable[SignedIn]]
LEADER = (Caller.OFFICER, Caller.SHIFT_LEAD)
PAID = {"kind": "state", "amount_vnd": 6_000, "receipt": "NB/26-0000017"}


@pytest.fixture
async def dossier(open_hall: Hall, now: Any) -> DossierRow:  # noqa: F811
    return await accepted(open_hall, now)


class Till:
    """An officer at the counter of the dossier's centre."""

    def __init__(self, client: httpx.AsyncClient, person: SignedIn, number: str) -> None:
        self.client, self.person = client, person
        self.path = f"/v1/staff/dossiers/{number}"

    async def post(self, what: str, body: dict[str, Any], *, key: str | None = None) -> httpx.Response:
        headers = self.person.headers | {"Idempotency-Key": key or uuid.uuid4().hex}
        return await self.client.post(f"{self.path}/{what}", json=body, headers=headers)

    async def fees(self) -> dict[str, Any]:
        answer = await self.client.get(f"{self.path}/fees", headers=self.person.headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def till(client: httpx.AsyncClient, sign_in: SignIn, dossier: DossierRow) -> Till:
    return Till(client, await sign_in(*LEADER, centre_id=dossier.centre_id), dossier.number)


async def test_the_states_money_and_the_posts_are_apart(till: Till, dossier: DossierRow) -> None:
    key = uuid.uuid4().hex
    state = await till.post("fees", PAID, key=key)
    again = await till.post("fees", PAID, key=key)
    postage = await till.post("fees", {"kind": "postage", "amount_vnd": 30_000, "receipt": "BD-0000001"})

    assert [each.status_code for each in (state, again, postage)] == [201, 201, 201]
    assert again.json() == state.json()
    seen = await till.fees()
    assert seen["paid"] == {"state": 6_000, "postage": 30_000}
    assert [each["receipt"] for each in seen["items"]] == ["NB/26-0000017", "BD-0000001"]
    lines = await journal.about(str(dossier.id))
    assert [line.action for line in lines if line.action.startswith("fee.")] == ["fee.taken", "fee.taken"]


async def test_a_receipt_is_of_one_payment_also_when_it_was_taken_back(till: Till) -> None:
    fee = (await till.post("fees", PAID)).json()
    reused = await till.post("fees", PAID | {"amount_vnd": 8_000})
    back = await till.post(f"fees/{fee['id']}/take-back", {"reason": "Thu nhầm"})
    twice = await till.post(f"fees/{fee['id']}/take-back", {"reason": "Thu nhầm"})
    spent = await till.post("fees", PAID)

    assert (reused.status_code, reused.json()["code"]) == (409, "receipt_reused")
    assert (back.status_code, back.json()["taken_back_because"]) == (200, "Thu nhầm")
    assert (twice.status_code, twice.json()["code"]) == (409, "fee_taken_back")
    assert (spent.status_code, spent.json()["code"]) == (409, "receipt_reused")
    seen = await till.fees()
    assert seen["paid"] == {"state": 0, "postage": 0}
    assert len(seen["items"]) == 1


async def test_one_number_used_at_two_counters_at_once_is_one_payment(till: Till) -> None:
    answers = await asyncio.gather(*(till.post("fees", PAID | {"amount_vnd": 1_000 + n}) for n in range(8)))

    assert sorted(each.status_code for each in answers) == [201] + [409] * 7
    assert await fetch_value("SELECT count(*) FROM counter_fee") == 1


async def test_who_does_not_pay_is_a_line_that_says_why(till: Till, now: Any) -> None:
    far = {**POOR, "code": "XA", "sector": "no_such_sector"}
    today = local_date(now)
    await tariffs.put_tariff(decided(today, exemptions=[{**POOR, "by_proof": True}, far]), now=now)

    waived = await till.post("fee-waivers", {"kind": "postage", "group": "HN"})
    refused = [
        await till.post("fee-waivers", {"kind": kind, "group": group})
        for kind, group in [("postage", "XA"), ("state", "HN"), ("postage", "nobody")]
    ]

    assert (waived.status_code, waived.json()["group"], waived.json()["amount_vnd"]) == (201, "HN", 0)
    assert [(each.status_code, each.json()["code"]) for each in refused] == [(422, "waiver_unknown")] * 3


@pytest.mark.parametrize(
    "body",
    [
        PAID | {"amount_vnd": 0},
        PAID | {"amount_vnd": -5},
        PAID | {"amount_vnd": 10**12},
        PAID | {"amount_vnd": 6_000.5},
        PAID | {"receipt": ""},
        PAID | {"receipt": "x" * 200},
        PAID | {"kind": "bribe"},
        {"kind": "state", "amount_vnd": 6_000},
    ],
)
async def test_what_is_no_payment_changes_nothing(till: Till, body: dict[str, Any]) -> None:
    assert (await till.post("fees", body)).status_code == 422
    assert await fetch_value("SELECT count(*) FROM counter_fee") == 0


async def test_another_centre_finds_no_dossier_and_an_officer_takes_nothing_back(
    client: httpx.AsyncClient, sign_in: SignIn, till: Till, dossier: DossierRow
) -> None:
    fee = (await till.post("fees", PAID)).json()
    stranger = Till(client, await sign_in(*LEADER, centre_id=uuid.uuid4()), dossier.number)
    officer = Till(client, await sign_in(Caller.OFFICER, centre_id=dossier.centre_id), dossier.number)

    assert (await stranger.post("fees", PAID)).status_code == 404
    assert (await stranger.post(f"fees/{fee['id']}/take-back", {"reason": "x"})).status_code == 404
    assert (await officer.post(f"fees/{fee['id']}/take-back", {"reason": "x"})).status_code == 403
    assert (await till.post(f"fees/{uuid.uuid4()}/take-back", {"reason": "x"})).status_code == 404
