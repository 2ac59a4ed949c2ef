"""Where the contract says so, the partner's dispatcher names the courier; no promise is broken by it."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from app.core.clock import local_date
from app.core.database import DB
from app.home_service import operations, queries
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from app.http.principals import Caller
from app.rounds import plans
from app.rounds.planning.checker import violations
from app.rounds.queries import CourierRow
from app.rounds.scope import Scope
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    DISABILITY,
    PARTNER,
    Hire,
    Promise,
    event,
    facts_of,
    report,
)

SignIn = Callable[..., Awaitable[SignedIn]]
Give = Callable[..., Awaitable[httpx.Response]]


async def agree(now: datetime, assigned_by: str, *, procedures: Sequence[str] = ("*",)) -> None:
    await operations.put_contract(
        partner_id=PARTNER,
        decision="1234/QĐ-UBND",
        valid_from=local_date(now),
        valid_to=None,
        scope=Scope(frozenset({"collection", "delivery"}), frozenset(procedures), frozenset({"*"})),
        assigned_by="partner" if assigned_by == "partner" else "motcua",
        terms=[],
        now=now,
    )


@pytest.fixture
async def give(client: httpx.AsyncClient, sign_in: SignIn) -> Give:
    """`await give(visit, "ha")`: what the dispatcher's program is answered."""

    async def run(visit: HomeVisitRow, courier: str, *, partner_id: uuid.UUID = PARTNER) -> httpx.Response:
        dispatcher = await sign_in(
            Caller.PARTNER, subject_id=partner_id, scopes=frozenset({"visits:write"})
        )
        return await client.post(
            f"/v1/partner/tasks/{visit.id}/assign",
            json={"courier": courier},
            headers=dispatcher.headers | {"Idempotency-Key": uuid.uuid4().hex},
        )

    return run


async def courier_of(visit: HomeVisitRow) -> uuid.UUID | None:
    found = await queries.by_id(visit.id)
    assert found is not None
    return found.courier_id


async def faults(day: date, now: datetime) -> list[Any]:
    """What the independent checker says of the whole day."""
    plans.forget()
    plan = (await plans.at([day], now=now))[day]
    return list(violations(plan.problem, plan.plan))


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_dispatcher_gives_a_visit_to_another_courier_and_it_stays_there(
    promise: Promise, hire: Hire, give: Give, tomorrow: date, now: datetime
) -> None:
    visit = await promise()
    ha = await hire("ha")
    await agree(now, "partner")

    answers = [await give(visit, "ha") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json()["courier"] == "ha"
    assert await courier_of(visit) == ha.id
    assert (await facts_of(visit.id)).count("home_visit.assigned") == 2
    assert DB.pool is not None
    history = await DB.pool.fetch(
        "SELECT state, ended_because FROM assignment WHERE home_visit_id = $1 ORDER BY generation",
        visit.id,
    )
    assert [tuple(row) for row in history] == [("ended", "reassigned"), ("active", "")]
    assert await faults(tomorrow, now) == []


async def test_where_we_assign_a_partner_does_not(
    promise: Promise, hire: Hire, give: Give, tu: CourierRow, now: datetime
) -> None:
    visit = await promise()
    await hire("ha")

    assert refused(await give(visit, "ha")) == (409, "partner_does_not_assign")
    await agree(now, "motcua")
    assert refused(await give(visit, "ha")) == (409, "partner_does_not_assign")
    assert await courier_of(visit) == tu.id


async def test_a_courier_who_cannot_is_refused_with_the_reason_and_nothing_changes(
    promise: Promise, hire: Hire, give: Give, tu: CourierRow, tomorrow: date, now: datetime
) -> None:
    visit = await promise()
    await hire("delivers", skills=("delivery", DISABILITY))
    await hire("early", until=8)
    # An hour's way from the door: the post office is in another part of the country.
    await hire("far", lat=21.5)
    await agree(now, "partner")

    assert refused(await give(visit, "delivers")) == (409, "courier_not_qualified")
    assert refused(await give(visit, "early")) == (409, "courier_off_duty")
    assert refused(await give(visit, "far")) == (409, "would_break_promise")
    assert refused(await give(visit, "nobody")) == (404, "courier_not_found")
    assert await courier_of(visit) == tu.id
    assert await faults(tomorrow, now) == []


async def test_another_partners_visit_is_not_there_and_its_courier_neither(
    promise: Promise, hire: Hire, give: Give, tu: CourierRow, now: datetime
) -> None:
    visit = await promise()
    stranger = uuid.uuid4()
    await hire("theirs", partner_id=stranger)
    await agree(now, "partner")

    assert refused(await give(visit, "theirs", partner_id=stranger)) == (404, "home_visit_not_found")
    assert refused(await give(visit, "theirs")) == (404, "courier_not_found")
    assert await courier_of(visit) == tu.id


async def test_a_visit_somebody_is_on_the_way_to_stays_with_them(
    promise: Promise, hire: Hire, give: Give, tu: CourierRow, now: datetime
) -> None:
    visit = await promise()
    await hire("ha")
    await agree(now, "partner")
    await report(event(visit, Report.ACCEPTED, 1), event(visit, Report.EN_ROUTE, 2))

    assert refused(await give(visit, "ha")) == (409, "visit_under_way")
    assert await courier_of(visit) == tu.id


async def test_what_a_contract_does_not_cover_no_dispatcher_may_give(
    promise: Promise, hire: Hire, give: Give, now: datetime
) -> None:
    visit = await promise()
    await hire("ha", skills=("collection", DISABILITY))
    await agree(now, "partner", procedures=("2.000815",))

    answer = await give(visit, "ha")

    # The visit lost its round with the contract: it is nobody's, and still to be looked at by this partner.
    assert refused(answer) == (409, "courier_not_qualified")
    assert await courier_of(visit) is None
