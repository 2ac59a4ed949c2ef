"""What may be missing at a door, and what comes of it: papers, people, proofs, a third try."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import DB
from app.custody import queries as custody
from app.custody.audit import verify
from app.custody.papers import Paper
from app.documents import operations as documents
from app.home_service import operations, queries, rules
from app.home_service.errors import NotAtHome, VisitUnderWay
from app.home_service.incidents import open_at
from app.home_service.operations.report import Answer, Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.rules import Needed, missing_papers
from app.home_service.states import REASONS, Kind, Reason, Report, State
from app.http.principals import Caller
from app.rounds.queries import CourierRow
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    DISABILITY,
    OFFICER,
    PAPERS,
    RESIDENCE,
    Promise,
    Zone,
    ask,
    at_work,
    collection,
    event,
    new_seal,
    package_of,
    reach,
    receive,
    report,
    state_of,
)
from tests.home_service.test_deliveries import Deliver, at_the_door, deliver, finished, spacious

__all__ = ["deliver", "finished", "spacious"]

SignIn = Callable[..., Awaitable[SignedIn]]
NOTHING = [{"component": 2, "copies": 1}]  # the application form is not there


async def one(visit: HomeVisitRow, kind: Report, seq: int, **data: Any) -> Answer:
    [answer] = await report(event(visit, kind, seq, **data))
    return answer


async def missing_at(visit: HomeVisitRow) -> list[int]:
    return list((await queries.by_id(visit.id) or visit).missing)


async def test_story_13_a_paper_is_missing_and_nothing_is_sealed_as_complete(promise: Promise) -> None:
    visit = await promise()
    await reach(visit, Report.ARRIVED)

    await one(visit, Report.COUNTED, 4, papers=NOTHING)
    assert (await state_of(visit), await missing_at(visit)) == ("incomplete", [1])
    answer = await one(visit, Report.SEALED, 5, seal=new_seal())

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "missing_fact: partial")
    assert await state_of(visit) == "incomplete"
    assert await custody.of_visit(visit.id) is None


async def test_story_13_the_paper_is_found_and_all_is_well(promise: Promise) -> None:
    visit = await promise()
    await reach(visit, Report.ARRIVED)
    await one(visit, Report.COUNTED, 4, papers=NOTHING)

    await one(visit, Report.COUNTED, 5, papers=PAPERS)
    await one(visit, Report.SEALED, 6, seal=new_seal())

    assert (await state_of(visit), await missing_at(visit)) == ("sealed", [])


async def test_story_13_the_citizen_hands_in_what_there_is(promise: Promise) -> None:
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.ARRIVED)
    await one(visit, Report.COUNTED, 4, papers=NOTHING)

    answer = await one(visit, Report.SEALED, 5, seal=seal, partial=True)
    await one(visit, Report.REACHED_HUB, 6, hub="BC-14638")
    received = await receive(visit, seal, contents=(Paper(component=2, copies=1),))

    assert (answer.outcome, answer.reason) == (Outcome.APPLIED, None)
    assert (received.package.state, list(received.visit.missing)) == ("received", [1])


async def test_story_13_the_citizen_chooses_another_day_and_the_reason_is_counted(
    promise: Promise, zone: Zone, now: datetime, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    visit = await promise()
    await reach(visit, Report.ARRIVED)
    await one(visit, Report.COUNTED, 4, papers=NOTHING)
    await one(visit, Report.FAILED, 5, reason="incomplete_papers")
    assert await state_of(visit) == "failed"

    await operations.reschedule(
        home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=zone.windows[2].id, now=now
    )

    assert (await state_of(visit), await missing_at(visit)) == ("assigned", [])
    story = collection(visit, new_seal())
    again = [e._replace(device_seq=e.device_seq + 10) for e in story]
    assert {answer.outcome for answer in await report(*again)} == {Outcome.APPLIED}
    assert await state_of(visit) == "handed_over"
    officer = await sign_in(Caller.OFFICER, centre_id=visit.centre_id)
    day = local_date(visit.starts_at).isoformat()
    told = await client.get(
        "/v1/staff/home-visit-reasons", params={"from": day, "to": day}, headers=officer.headers
    )
    assert [(row["reason"], row["count"]) for row in told.json()["items"]] == [("incomplete_papers", 1)]


def test_what_is_missing_of_a_published_list() -> None:
    needed = [
        Needed(1, 1, 0, required=True),
        Needed(2, 0, 1, required=True),
        Needed(3, 0, 2, required=False),
    ]
    both = [Paper(component=1, originals=1), Paper(component=2, copies=1)]

    assert missing_papers(needed, both, []) == []
    assert missing_papers(needed, both[:1], []) == [2]
    assert missing_papers(needed, [Paper(component=1, copies=1), both[1]], []) == [1], "no original"
    assert missing_papers(needed, [both[0], Paper(component=2, originals=1)], []) == [], "stands for a copy"
    assert missing_papers(needed, [*both, Paper(component=3)], []) == [3], "counted as none"
    assert missing_papers(needed, both, [3]) == [3], "said so"


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_reason_of_the_list_ends_a_visit(promise: Promise, reason: Reason) -> None:
    visit = await promise()
    await reach(visit, Report.ARRIVED)

    answer = await one(visit, Report.FAILED, 4, reason=reason.value)

    assert answer.outcome is Outcome.APPLIED
    assert await state_of(visit) == "failed"
    assert all(REASONS[reason])


@pytest.mark.parametrize("reason", ["", "dog", "Absent", 7, None])
async def test_another_reason_is_none(promise: Promise, reason: object) -> None:
    visit = await promise()
    await reach(visit, Report.ARRIVED)

    answer = await one(visit, Report.FAILED, 4, reason=reason)

    assert answer.outcome is Outcome.REJECTED
    assert await state_of(visit) == "arrived"


async def test_story_11_a_courier_helps_to_submit_and_no_seal_is_ever_made(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    visit = await ask(zone, now, kind=Kind.ASSISTED_ONLINE, procedure_codes=[RESIDENCE])
    await reach(visit, Report.ARRIVED)

    for kind, data in (
        (Report.COUNTED, {"papers": PAPERS}),
        (Report.SEALED, {"seal": new_seal(), "papers": PAPERS}),
        (Report.REACHED_HUB, {"hub": "BC-14638"}),
        (Report.DELIVERED, {"receiver": "self", "code": queries.hand_over_code(visit.id)}),
    ):
        refused = await one(visit, kind, 5, **data)
        assert (refused.outcome, refused.reason) == (Outcome.REJECTED, "no_papers_taken")
    without = await one(visit, Report.HANDED_OVER, 6)
    assert without.reason == "missing_fact: submission"
    await one(visit, Report.HANDED_OVER, 7, submission="G01.899-261127-0042")

    assert await state_of(visit) == "submitted"
    assert await custody.of_visit(visit.id) is None


async def test_help_online_is_for_procedures_that_take_no_paper(
    zone: Zone, tu: CourierRow, now: datetime
) -> None:
    with pytest.raises(NotAtHome):
        await ask(zone, now, kind=Kind.ASSISTED_ONLINE, procedure_codes=[DISABILITY])


async def test_what_a_collection_cannot_hear_is_refused(promise: Promise) -> None:
    visit = await promise()

    answer = await one(visit, Report.ATTEMPT_FAILED, 1, reason="absent")

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "not_of_this_kind")


async def failed_twice(deliver: Deliver) -> HomeVisitRow:
    visit = await at_the_door(deliver)
    await one(visit, Report.ATTEMPT_FAILED, 5, reason="absent")
    await one(visit, Report.EN_ROUTE, 6)
    await one(visit, Report.ATTEMPT_FAILED, 7, reason="absent")
    return visit


async def test_after_two_attempts_a_result_is_kept_five_working_days_and_fetched(deliver: Deliver) -> None:
    visit = await failed_twice(deliver)

    third = await one(visit, Report.EN_ROUTE, 8)
    await one(visit, Report.REACHED_HUB, 9, hub="BC-14638")

    assert (third.outcome, third.reason) == (Outcome.REJECTED, "attempts_used_up")
    held = await queries.by_id(visit.id)
    assert held is not None
    assert held.held_until is not None
    calendar = await centres.load_working_calendar()
    first = local_date(visit.starts_at)
    days = [first + timedelta(days=n) for n in range(1, (held.held_until - first).days + 1)]
    assert (held.state, sum(calendar.is_working_day(day) for day in days)) == ("held_at_post_office", 5)
    early = await one(visit, Report.RETURNED, 10)
    assert (early.outcome, early.reason) == (Outcome.REJECTED, "still_held")
    await one(visit, Report.DELIVERED, 11, receiver="self", code=queries.hand_over_code(visit.id))
    assert await state_of(visit) == "delivered"
    chain = await custody.chain((await package_of(visit)).id)
    assert [(link.giver_kind, link.receiver_kind) for link in chain] == [
        ("officer", "courier"),
        ("courier", "post_office"),
        ("post_office", "citizen"),
    ]


async def test_nobody_fetched_it_and_it_comes_back_to_the_centre(deliver: Deliver) -> None:
    visit = await failed_twice(deliver)
    await one(visit, Report.REACHED_HUB, 9, hub="BC-14638")
    held_until = (await queries.by_id(visit.id) or visit).held_until
    assert held_until is not None
    over = event(visit, Report.RETURNED, 10)
    over = over._replace(occurred_at=over.occurred_at + timedelta(days=30))

    assert await operations.call_for_ended_holds(now=over.occurred_at) == 1
    assert await operations.call_for_ended_holds(now=over.occurred_at) == 0
    [answer] = await report(over)
    package = await package_of(visit)
    received = await receive(visit, package.seal_number, contents=(Paper(component=1, originals=3),))

    assert answer.outcome is Outcome.APPLIED
    assert [incident.kind for incident in await open_at(visit.centre_id, limit=9)] == ["hold_is_over"]
    assert (received.package.state, received.visit_state) == ("returned", "returned")


@pytest.mark.parametrize("officer", ["nobody", str(uuid.UUID(int=99)), "MAI"])
async def test_only_an_officer_of_the_centre_gives_a_result_away(deliver: Deliver, officer: str) -> None:
    visit = await deliver()
    await one(visit, Report.ACCEPTED, 1)

    answer = await one(visit, Report.SEALED, 2, seal=new_seal(), officer=officer, papers=PAPERS[:1])

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, "unknown_officer")
    assert await state_of(visit) == "taken"
    right = await one(visit, Report.SEALED, 3, seal=new_seal(), officer="mai", papers=PAPERS[:1])
    assert right.outcome is Outcome.APPLIED
    assert (await custody.chain((await package_of(visit)).id))[0].giver_id == str(OFFICER)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"receiver": "sister", "authorisation": "she said so"}, "invalid_fact"),
        ({"receiver": "a stranger", "authorisation": "UQ-2026-17"}, "missing_fact: relation"),
        (
            {"receiver": "Hoa", "relation": "friend", "authorisation": "UQ-2026-17"},
            "missing_fact: relation",
        ),
        ({"receiver": "sister", "authorisation": str(uuid.UUID(int=3))}, "missing_fact: authorisation"),
    ],
)
async def test_whoever_takes_it_for_the_citizen_says_who_they_are_and_proves_it(
    deliver: Deliver, data: dict[str, Any], why: str
) -> None:
    visit = await at_the_door(deliver)

    answer = await one(visit, Report.DELIVERED, 5, **data)

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, why)
    assert await state_of(visit) == "arrived"


async def test_a_scan_that_comes_later_proves_an_authorisation_all_the_same(deliver: Deliver) -> None:
    visit = await at_the_door(deliver)
    scan = await documents.upload(
        sha256=bytes(32),
        size_bytes=9,
        content_type="application/pdf",
        kind="component",
        home_visit_id=visit.id,
        now=visit.ends_at,
    )
    other = await documents.upload(
        sha256=bytes(32), size_bytes=9, content_type="application/pdf", kind="component", now=visit.ends_at
    )

    wrong = await one(visit, Report.DELIVERED, 5, receiver="sister", authorisation=str(other.id))
    right = await one(visit, Report.DELIVERED, 6, receiver="sister", authorisation=str(scan.id))

    assert (wrong.reason, right.outcome) == ("missing_fact: authorisation", Outcome.APPLIED)
    assert await state_of(visit) == "delivered"


async def test_papers_collected_after_a_cancellation_go_back_by_the_citizens_code(
    promise: Promise, now: datetime
) -> None:
    visit = await promise()
    await one(visit, Report.ACCEPTED, 1)
    await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)
    await report(*collection(visit, new_seal())[1:5])

    wrong = await one(visit, Report.RETURNED, 7, code="x")
    right = await one(visit, Report.RETURNED, 8, code=queries.hand_over_code(visit.id))

    assert (wrong.reason, right.outcome) == ("wrong_code", Outcome.APPLIED)
    package = await package_of(visit)
    assert (await state_of(visit), package.state, package.custodian_kind) == (
        "returned",
        "returned",
        "citizen",
    )


async def look(
    client: httpx.AsyncClient, officer: SignedIn, seal: str, outcome: str
) -> tuple[int, dict[str, Any]]:
    answer = await client.post(
        f"/v1/staff/packages/{seal}/outcome",
        json={"outcome": outcome, "reason": "Thiếu chữ ký"},
        headers=officer.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )
    return answer.status_code, answer.json()


async def test_the_centre_asks_for_more_and_accepts_it_then(
    promise: Promise, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    visit, seal = await promise(), new_seal()
    await report(*collection(visit, seal))
    officer = await sign_in(Caller.OFFICER, centre_id=visit.centre_id)
    assert (await look(client, officer, seal, "supplement"))[1]["code"] == "package_not_received"
    package = (await receive(visit, seal)).package

    status, body = await look(client, officer, seal, "supplement")
    await operations.note_acceptance(package_id=package.id, dossier_number="H42-1", now=visit.ends_at)

    assert (status, body["home_visit_status"]) == (200, "supplement")
    assert await state_of(visit) == State.ACCEPTED
    assert (await look(client, officer, seal, "refused_back"))[0] == 409
    elsewhere = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    assert (await look(client, elsewhere, seal, "refused_back"))[0] == 404


async def test_what_the_centre_gives_back_a_courier_brings_home_in_a_bag_of_its_own(
    promise: Promise, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    visit, seal = await promise(), new_seal()
    await report(*collection(visit, seal))
    await receive(visit, seal)
    await at_work(visit.centre_id)
    officer = await sign_in(Caller.OFFICER, centre_id=visit.centre_id)
    await look(client, officer, seal, "refused_back")
    assert (await queries.by_id(visit.id) or visit).looked_into == "Thiếu chữ ký"

    alone = await one(visit, Report.SEALED, 20, seal=new_seal(), papers=PAPERS)
    await one(visit, Report.SEALED, 21, seal=new_seal(), papers=PAPERS, officer="mai")
    assert alone.reason == "missing_fact: officer"
    assert await state_of(visit) == "returning"
    await one(visit, Report.RETURNED, 22, code=queries.hand_over_code(visit.id))

    assert await state_of(visit) == "returned"
    assert DB.pool is not None
    ways = await DB.pool.fetch("SELECT direction, state FROM package ORDER BY id")
    assert [tuple(way) for way in ways] == [("collection", "received"), ("delivery", "returned")]
    assert (await verify()).faults == []


async def test_a_visit_that_was_done_is_not_moved_to_another_day(
    promise: Promise, zone: Zone, now: datetime
) -> None:
    visit = await promise()
    await reach(visit, Report.SEALED)

    with pytest.raises(VisitUnderWay):
        await operations.reschedule(
            home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=zone.windows[2].id, now=now
        )
    assert rules.ATTEMPTS == 2


async def test_an_item_number_of_the_post_is_bound_to_one_package(promise: Promise) -> None:
    first, second = await promise(), await promise()
    await reach(first, Report.COUNTED)
    await reach(second, Report.COUNTED)
    await one(first, Report.SEALED, 5, seal=new_seal(), item="EJ012345675VN")

    answer = await one(second, Report.SEALED, 5, seal=new_seal(), item="EJ012345675VN")

    assert (await package_of(first)).item_number == "EJ012345675VN"
    assert answer.reason == "item_number_bound"
    assert await state_of(second) == "counted"
