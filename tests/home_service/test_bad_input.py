"""Bad input of doors and bags, each by its name: a stable code, the fact kept where it is one, and nothing
corrupted: the chains are proven after each.
"""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.core.clock import local
from app.core.database import DB
from app.custody.audit import verify
from app.home_service.operations.report import Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from app.http.principals import Caller
from app.rounds.queries import CourierRow
from partners.postal import scopes
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    PARTNER,
    Hire,
    Promise,
    Zone,
    ask,
    collection,
    event,
    new_seal,
    package_of,
    reach,
    receive,
    report,
    state_of,
)

SignIn = Callable[..., Awaitable[SignedIn]]
EVERY = frozenset({scopes.VISITS_READ, scopes.VISITS_WRITE, scopes.CUSTODY_WRITE})


class Post:
    """The program of the postal enterprise."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self.http, self.headers = http, headers

    async def post(self, path: str, body: Any) -> httpx.Response:
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return await self.http.post(f"/v1/partner/{path}", json=body, headers=self.headers | key)

    async def hands_over(self, seal: str, giver: str, receiver: str, at: datetime) -> httpx.Response:
        body = self.hands(giver, receiver, at) | {"seal_state": "intact"}
        return await self.post(f"packages/{seal}/handovers", body)

    @staticmethod
    def hands(giver: str, receiver: str, at: datetime) -> dict[str, Any]:
        return {
            "giver": {"kind": "courier", "id": giver},
            "receiver": {"kind": "courier", "id": receiver},
            "occurred_at": local(at).isoformat(),
        }


@pytest.fixture
async def post(client: httpx.AsyncClient, sign_in: SignIn) -> Post:
    found = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=EVERY)
    return Post(client, found.headers)


@pytest.fixture
async def bag(promise: Promise) -> tuple[HomeVisitRow, str]:
    """A sealed bag in Tú's hands."""
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.SEALED, seal=seal)
    return visit, seal


async def nothing_is_corrupted(packages: int) -> None:
    proven = await verify()
    assert (proven.packages, proven.faults) == (packages, [])


async def incidents() -> list[str]:
    assert DB.pool is not None
    rows = await DB.pool.fetch("SELECT kind FROM visit_incident ORDER BY opened_at, id")
    return [row["kind"] for row in rows]


async def test_an_event_from_another_partners_courier(bag: tuple[HomeVisitRow, str], hire: Hire) -> None:
    visit, _ = bag
    other = uuid.uuid4()
    await hire("tu", partner_id=other)

    [answer] = await report(event(visit, Report.REACHED_HUB, 6, hub="BC-1"), partner_id=other)

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_your_task")
    assert await state_of(visit) == "sealed"
    await nothing_is_corrupted(1)


async def test_a_reused_event_id_with_other_content(bag: tuple[HomeVisitRow, str]) -> None:
    visit, _ = bag
    first = event(visit, Report.REACHED_HUB, 6, hub="BC-1")
    await report(first)

    [answer] = await report(first._replace(data={"hub": "BC-2"}))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "id_reuse")
    assert (await package_of(visit)).custodian_id == "BC-1"
    assert await incidents() == ["event_id_reused"]
    await nothing_is_corrupted(1)


async def test_a_seal_twice(bag: tuple[HomeVisitRow, str], zone: Zone, now: datetime) -> None:
    _, used = bag
    visit = await ask(zone, now)
    await reach(visit, Report.COUNTED)

    [answer] = await report(event(visit, Report.SEALED, 5, seal=used))

    assert answer.reason == "seal_used"
    assert await state_of(visit) == "counted"
    assert DB.pool is not None
    assert await DB.pool.fetchval(
        "SELECT count(*) FROM visit_event WHERE home_visit_id = $1 AND type = 'sealed'", visit.id
    ), "that a bag was sealed is kept"
    assert await incidents() == ["custody_refused"]
    await nothing_is_corrupted(1)


async def test_a_bag_handed_over_by_someone_who_does_not_hold_it(
    bag: tuple[HomeVisitRow, str], hire: Hire, post: Post, tu: CourierRow
) -> None:
    visit, seal = bag
    await hire("ha", lat=20.2)

    answer = await post.hands_over(seal, "ha", "tu", visit.starts_at)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_the_custodian")
    assert (await package_of(visit)).custodian_id == str(tu.id)
    await nothing_is_corrupted(1)


@pytest.mark.parametrize(
    ("giver", "receiver", "status", "code"),
    [("tu", "tu", 422, "same_party"), ("tu", "nobody", 404, "courier_not_found")],
)
async def test_a_bag_handed_to_oneself_or_to_nobody(
    bag: tuple[HomeVisitRow, str], post: Post, giver: str, receiver: str, status: int, code: str
) -> None:
    visit, seal = bag

    answer = await post.hands_over(seal, giver, receiver, visit.starts_at)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    await nothing_is_corrupted(1)


async def test_a_bag_that_has_arrived_is_handed_on(
    bag: tuple[HomeVisitRow, str], hire: Hire, post: Post
) -> None:
    visit, seal = bag
    await hire("ha", lat=20.2)
    await receive(visit, seal)

    answer = await post.hands_over(seal, "tu", "ha", visit.starts_at)

    assert (answer.status_code, answer.json()["code"]) == (409, "package_closed")
    await nothing_is_corrupted(1)


async def test_a_bag_nobody_knows(bag: tuple[HomeVisitRow, str], hire: Hire, post: Post) -> None:
    await hire("ha", lat=20.2)

    answer = await post.hands_over("NIEM-NOBODY", "tu", "ha", bag[0].starts_at)

    assert (answer.status_code, answer.json()["code"]) == (404, "package_not_found")


async def test_a_tote_is_handed_over_bag_by_bag_and_names_those_that_stay(
    promise: Promise, hire: Hire, post: Post, now: datetime
) -> None:
    ha = await hire("ha", lat=20.2)
    bags = [(await promise(), new_seal()) for _ in range(4)]
    for visit, seal in bags:
        await reach(visit, Report.SEALED, seal=seal)
    await receive(*bags[3])
    seals = [seal for _, seal in bags]
    body = post.hands("tu", "ha", now - timedelta(minutes=5)) | {
        "seals": [*seals, "NIEM-NOBODY", seals[0]],
        "broken": [seals[2]],
    }

    first, again = await post.post("handovers", body), await post.post("handovers", body)

    assert [(row["outcome"], row.get("reason")) for row in first.json()["results"]] == [
        ("handed_over", None),
        ("handed_over", None),
        ("handed_over", None),
        ("rejected", "package_closed"),
        ("rejected", "package_not_found"),
    ]
    assert [row["outcome"] for row in again.json()["results"]] == [
        "duplicate",
        "duplicate",
        "rejected",
        "rejected",
        "rejected",
    ]
    assert {(await package_of(visit)).custodian_id for visit, _ in bags[:3]} == {str(ha.id)}
    assert [await state_of(visit) for visit, _ in bags] == [
        "sealed",
        "sealed",
        "quarantined",
        "handed_to_centre",
    ]
    await nothing_is_corrupted(4)


async def test_a_seal_is_replaced_before_a_witness_and_the_old_number_never_comes_back(
    bag: tuple[HomeVisitRow, str], hire: Hire, post: Post
) -> None:
    visit, old = bag
    new = new_seal()
    body = {
        "new_seal": new,
        "holder": {"kind": "courier", "id": "tu"},
        "witness": {"kind": "post_office", "id": "BC-14638"},
        "reason": "Túi rách",
        "occurred_at": local(visit.starts_at).isoformat(),
    }

    alone = await post.post(f"packages/{old}/reseal", body | {"witness": body["holder"]})
    same = await post.post(f"packages/{old}/reseal", body | {"new_seal": old})
    done = await post.post(f"packages/{old}/reseal", body)
    again = await post.post(f"packages/{old}/reseal", body | {"new_seal": new_seal()})

    assert [(a.status_code, a.json().get("code")) for a in (alone, same, done, again)] == [
        (422, "same_party"),
        (409, "seal_used"),
        (201, None),
        (409, "package_closed"),
    ]
    package = await package_of(visit)
    assert (package.seal_number, package.custodian_kind) == (new, "courier")
    late = collection(visit, new)[6:]
    assert {answer.outcome for answer in await report(*late)} == {Outcome.APPLIED}
    assert (await receive(visit, new)).visit_state == "handed_to_centre"
    await nothing_is_corrupted(2)
