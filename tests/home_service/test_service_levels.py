"""A partner's figures over a day, counted by hand beside it; over HTTP, with penalties of its contract."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local
from app.custody.steps import Paper
from app.home_service import operations
from app.home_service.states import Report
from app.http.principals import Caller
from app.rounds.penalties import Figure, Term
from app.rounds.scope import Scope
from partners.postal import service_levels
from partners.postal.service_levels import ServicePeriodNotValid
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    PARTNER,
    Promise,
    Zone,
    collection,
    event,
    new_seal,
    receive,
    report,
)

SignIn = Callable[..., Awaitable[SignedIn]]
EVERYTHING = Scope(frozenset({"collection", "delivery"}), frozenset({"*"}), frozenset({"*"}))
TERMS = [
    Term(figure=Figure.PROMISE_KEPT, target=90, per_point_vnd=1000),
    Term(figure=Figure.SEAL_INTACT, target=100, flat_vnd=50_000),
    Term(figure=Figure.HANDED_OVER_IN_BLOCK, target=50, flat_vnd=9),
]


async def a_day_of_six(promise: Promise) -> list[str]:
    """Four kept (one counted otherwise, one with a broken seal, one late at the post office), one where
    nobody was in, one cancelled; the reference of that one.
    """
    intact, differing, broken, late, absent, cancelled = [await promise() for _ in range(6)]
    for visit, seal in ((intact, new_seal()), (differing, new_seal()), (broken, new_seal())):
        await report(*collection(visit, seal))
        facts: dict[str, Any] = {}
        if visit is differing:
            facts["contents"] = (Paper(component=1, originals=2),)
        if visit is broken:
            facts["seal_intact"] = False
        await receive(visit, seal, **facts)
    story = collection(late, new_seal())
    await report(*story[:5])
    # Kim Sơn's morning ends at noon; the window opened at eight.
    await report(event(late, Report.REACHED_HUB, 60 * 5, hub="BC-14638"))
    await report(
        event(absent, Report.ACCEPTED, 1),
        event(absent, Report.EN_ROUTE, 2),
        event(absent, Report.ARRIVED, 60 * 3),
        event(absent, Report.FAILED, 60 * 3 + 1, reason="absent"),
    )
    await operations.cancel(
        home_visit_id=cancelled.id,
        citizen_id=cancelled.citizen_id,
        now=cancelled.starts_at - timedelta(days=1),
    )
    return [cancelled.reference]


async def test_every_figure_says_of_how_many_and_the_cancelled_are_listed(
    swift: None, promise: Promise, zone: Zone, tomorrow: date
) -> None:
    cancelled = await a_day_of_six(promise)
    over = zone.windows[0].ends_at + timedelta(days=1)

    found = await service_levels.report(PARTNER, first=tomorrow, last=tomorrow, now=over)
    before = await service_levels.report(
        PARTNER, first=tomorrow, last=tomorrow, now=zone.windows[0].starts_at
    )
    other_day = tomorrow + timedelta(days=1)
    elsewhere = await service_levels.report(PARTNER, first=other_day, last=other_day, now=over)

    shares = {line.figure: tuple(line.share) for line in found.lines}
    assert shares[Figure.PROMISE_KEPT] == (4, 5)
    assert shares[Figure.FIRST_ATTEMPT] == (4, 5)
    assert shares[Figure.HANDED_OVER_IN_BLOCK] == (3, 4)
    assert shares[Figure.SEAL_INTACT] == (3, 4)
    assert shares[Figure.INCOMPLETE_AFTER_CHECK] == (1, 3)
    assert shares[Figure.WEBHOOK_P95_S] == (0, 0)
    # Reports reach us an hour after the last of their batch.
    assert shares[Figure.OFFLINE_P95_S][0] >= 3600
    assert (found.levels.visits, list(found.levels.cancelled)) == (5, cancelled)
    assert (before.levels.visits, before.levels.cancelled) == (0, [])
    assert elsewhere.levels.visits == 0
    assert found.penalty_vnd == 0


async def test_a_partner_reads_its_figures_and_what_they_cost(
    swift: None, promise: Promise, client: httpx.AsyncClient, sign_in: SignIn, tomorrow: date, now: datetime
) -> None:
    await a_day_of_six(promise)
    contract = await operations.put_contract(
        partner_id=PARTNER,
        decision="1234/QĐ-UBND",
        valid_from=local(now).date(),
        valid_to=None,
        scope=EVERYTHING,
        assigned_by="motcua",
        terms=TERMS,
        now=now,
    )
    over = now + timedelta(days=3)
    found = await service_levels.report(PARTNER, first=tomorrow, last=tomorrow, now=over)
    lines = {line.figure: line for line in found.lines}

    assert lines[Figure.PROMISE_KEPT].penalty_vnd == 10 * 1000  # 80 of 90 percent
    assert lines[Figure.SEAL_INTACT].penalty_vnd == 50_000
    assert lines[Figure.HANDED_OVER_IN_BLOCK].is_met
    assert found.penalty_vnd == 60_000

    partner = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({"visits:read"}))
    stranger = await sign_in(Caller.PARTNER, scopes=frozenset({"visits:read"}))
    path = f"/v1/partner/sla/{tomorrow}/{tomorrow}"
    shown = (await client.get(path, headers=partner.headers)).json()
    agreed = (await client.get("/v1/partner/contracts", headers=partner.headers)).json()["items"]
    nothing = (await client.get(path, headers=stranger.headers)).json()

    assert (shown["from"], shown["decision"]) == (tomorrow.isoformat(), "1234/QĐ-UBND")
    assert [figure["figure"] for figure in shown["figures"]] == [figure.value for figure in Figure]
    assert (agreed[0]["decision"], agreed[0]["terms"][0]["target"], agreed[0]["version"]) == (
        "1234/QĐ-UBND",
        90,
        contract.version,
    )
    assert (nothing["decision"], nothing["visits"], nothing["cancelled"]) == (None, 0, [])


@pytest.mark.parametrize("days", [-1, 92, 40_000])
async def test_a_period_that_is_none_is_refused(database: object, now: datetime, days: int) -> None:
    first = local(now).date()

    with pytest.raises(ServicePeriodNotValid):
        await service_levels.report(PARTNER, first=first, last=first + timedelta(days=days), now=now)
