"""What was decided and what happened meanwhile: the papers are where they are, and somebody is told."""

import itertools
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
import pytest

from app.core.database import DB
from app.custody import proof
from app.custody import queries as custody
from app.custody.steps import Party
from app.home_service import incidents, operations, queries
from app.home_service.operations.report import Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.rules import KEPT_WAITING
from app.home_service.states import Report
from app.http.principals import Caller
from app.rounds import queries as rounds
from app.rounds.queries import CourierRow
from jobs.schedules import retry_reports
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    PARTNER,
    Hire,
    Promise,
    Zone,
    collection,
    event,
    facts_of,
    new_seal,
    package_of,
    reach,
    receive,
    report,
    state_of,
)

SignIn = Callable[..., Awaitable[SignedIn]]


async def incidents_of(visit: HomeVisitRow) -> list[str]:
    return [one.kind for one in await incidents.open_at(visit.centre_id, limit=100)]


async def cancel(visit: HomeVisitRow, now: datetime) -> None:
    await operations.cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)


@pytest.mark.parametrize("dice", range(6))
async def test_cancelled_while_a_courier_without_signal_collects_ends_collected(
    promise: Promise, now: datetime, dice: int
) -> None:
    """In any order: the bag is there, its papers are counted, and a supervisor decides where it goes."""
    visit, seal = await promise(), new_seal()
    accepted, *rest = collection(visit, seal)
    await report(accepted)
    await cancel(visit, now)
    order = next(itertools.islice(itertools.permutations(rest), dice * 700, None))

    answers = {answer.event_id: answer for answer in await report(*order)}

    assert {answer.outcome for answer in answers.values()} == {Outcome.APPLIED}
    [sealed] = [one for one in rest if one.type is Report.SEALED]
    assert answers[sealed.event_id].reason == "conflict"
    assert await state_of(visit) == "handed_over"
    assert "collected_after_cancellation" in await incidents_of(visit)
    package = await package_of(visit)
    assert (package.seal_number, package.custodian_kind) == (seal, "post_office")
    assert proof.fault(package, await custody.chain(package.id)) is None
    assert (await facts_of(visit.id)).count("home_visit.collected") == 1


async def test_the_papers_of_a_cancelled_visit_are_in_the_bag_as_they_were_counted(
    promise: Promise, now: datetime
) -> None:
    visit = await promise()
    await report(event(visit, Report.ACCEPTED, 1))
    await cancel(visit, now)

    await report(*collection(visit, new_seal())[1:5])

    assert '"originals": 3' in (await package_of(visit)).contents


async def test_money_taken_for_a_cancelled_visit_is_kept_and_told(promise: Promise, now: datetime) -> None:
    visit = await promise()
    await report(event(visit, Report.ACCEPTED, 1))
    await cancel(visit, now)

    taken = {"amount": 30_000, "kind": "postage", "receipt": "BL-7"}
    [fee] = await report(event(visit, Report.FEE_COLLECTED, 6)._replace(data=taken))

    assert (fee.outcome, fee.reason) == (Outcome.APPLIED, "conflict")
    assert await state_of(visit) == "cancelled"
    assert await incidents_of(visit) == ["fact_after_the_end"]


async def test_who_only_rode_to_a_cancelled_door_is_told_so_and_nobody_is_called(
    promise: Promise, now: datetime
) -> None:
    visit = await promise()
    await report(event(visit, Report.ACCEPTED, 1))
    await cancel(visit, now)

    answers = await report(*collection(visit, new_seal())[1:3])

    assert [(answer.outcome, answer.reason) for answer in answers] == [(Outcome.APPLIED, "conflict")] * 2
    assert await state_of(visit) == "cancelled"
    assert await incidents_of(visit) == []


async def test_a_bag_sealed_by_a_courier_of_before_is_a_bag(
    promise: Promise, tu: CourierRow, zone: Zone, now: datetime
) -> None:
    """Lan moved the visit to the afternoon; Tú had no signal, and came in the morning."""
    visit, seal = await promise(), new_seal()
    story = collection(visit, seal)
    await operations.reschedule(
        home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=zone.windows[2].id, now=now
    )

    answers = await report(*story)

    assert {answer.outcome for answer in answers} == {Outcome.APPLIED}
    assert await state_of(visit) == "handed_over"
    assert (await package_of(visit)).seal_number == seal


async def test_a_bag_sealed_after_the_visit_went_to_another_stays_with_who_has_it(
    promise: Promise, tu: CourierRow, hire: Hire
) -> None:
    visit, seal = await promise(), new_seal()
    ha = await hire("ha", lat=20.12)
    await report(event(visit, Report.DECLINED, 9, reason="vehicle"))
    assert (await queries.by_id(visit.id) or visit).courier_id == ha.id

    [sealed] = await report(event(visit, Report.SEALED, 10, seal=seal))

    found = await queries.by_id(visit.id)
    assert found is not None
    assert (sealed.outcome, sealed.reason) == (Outcome.APPLIED, "conflict")
    assert (found.state, found.courier_id, found.seal_number) == ("sealed", tu.id, seal)
    assert await incidents_of(visit) == ["collected_by_another"]


async def test_a_report_that_waits_says_so_also_when_it_comes_again(promise: Promise) -> None:
    visit = await promise()
    accepted, en_route = collection(visit, new_seal())[:2]

    [early] = await report(en_route)
    [again] = await report(en_route)
    [first] = await report(accepted)
    [after] = await report(en_route)

    assert (early.outcome, early.reason) == (Outcome.APPLIED, "deferred")
    assert (again.outcome, again.reason) == (Outcome.DUPLICATE, "deferred")
    assert (first.outcome, first.reason) == (Outcome.APPLIED, None)
    assert (after.outcome, after.reason) == (Outcome.DUPLICATE, None)


async def test_after_72_hours_a_supervisor_is_called_once_and_the_report_still_counts(
    promise: Promise,
) -> None:
    visit = await promise()
    accepted, en_route = collection(visit, new_seal())[:2]
    await operations.apply_partner_event(partner_id=PARTNER, event=en_route, now=visit.ends_at)

    for hours, called in ((71, 0), (72, 1), (80, 0)):
        now = visit.ends_at + timedelta(hours=hours)
        due = await operations.visits_to_retry(partner_id=None, received_before=now - KEPT_WAITING)
        assert due == [visit.id] * called
        assert [await operations.retry_waiting(home_visit_id=one, now=now) for one in due] == [1] * called
    assert await incidents_of(visit) == ["report_waited_too_long"]
    assert (await facts_of(visit.id)).count("home_visit.incident_opened") == 1

    await report(accepted)
    assert await state_of(visit) == "en_route"


async def test_the_clock_calls_where_no_batch_ever_comes_again(promise: Promise, now: datetime) -> None:
    visit = await promise()
    long_ago = now - timedelta(hours=80)
    await operations.apply_partner_event(
        partner_id=PARTNER, event=event(visit, Report.EN_ROUTE, 2), now=long_ago
    )

    await retry_reports({})

    assert await incidents_of(visit) == ["report_waited_too_long"]


async def test_what_waits_is_tried_again_with_the_next_batch_of_the_partner(
    promise: Promise, client: httpx.AsyncClient, sign_in: SignIn, hire: Hire, now: datetime
) -> None:
    """The visit came to Hà meanwhile, on another way than by a report."""
    one, other = await promise(), await promise()
    ha = await hire("ha", lat=20.2)
    [early] = await report(event(one, Report.ACCEPTED, 1))
    assert early.reason is None
    await report(event(one, Report.DECLINED, 2, reason="vehicle"))
    waits = await operations.apply_partner_event(
        partner_id=PARTNER, event=event(one, Report.EN_ROUTE, 2, courier="ha"), now=now
    )
    assert waits.reason == "deferred"
    assert DB.pool is not None
    await DB.pool.execute("UPDATE home_visit SET state = 'taken' WHERE id = $1", one.id)
    partner = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({"visits:write"}))

    sent = event(other, Report.ACCEPTED, 1)
    answer = await client.post(
        "/v1/partner/events",
        json={
            "sent_at": sent.occurred_at.isoformat(),
            "device_id": "phone-7",
            "events": [
                {
                    "event_id": str(sent.event_id),
                    "task_id": str(other.id),
                    "type": "accepted",
                    "occurred_at": sent.occurred_at.isoformat(),
                    "device_seq": 1,
                    "courier": "tu",
                    "monotonic_ms": 81_000,
                    "boot_id": "b1",
                }
            ],
        },
        headers=partner.headers | {"Idempotency-Key": uuid.uuid4().hex},
    )

    assert answer.status_code == 200, answer.text
    found = await queries.by_id(one.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("en_route", ha.id)


async def test_story_15_who_was_handed_the_bag_goes_on_with_the_visit(
    promise: Promise, tu: CourierRow, hire: Hire
) -> None:
    """The new bearer was never given the visit, and is believed; the old one moves it no more."""
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.SEALED, seal=seal)
    ha = await hire("ha", lat=20.2)
    await operations.hand_over(
        seal_number=seal,
        giver=Party("courier", str(tu.id)),
        receiver=Party("courier", str(ha.id)),
        seal_state="intact",
        occurred_at=visit.starts_at,
        now=visit.ends_at,
    )

    [late] = await report(event(visit, Report.REACHED_HUB, 7, hub="BC-14638"))
    answers = await report(
        event(visit, Report.REACHED_HUB, 1, courier="ha", hub="BC-14638"),
        event(visit, Report.HANDED_OVER, 2, courier="ha"),
    )

    assert (late.outcome, late.reason) == (Outcome.REJECTED, "not_the_custodian")
    assert {(answer.outcome, answer.reason) for answer in answers} == {(Outcome.APPLIED, None)}
    found = await queries.by_id(visit.id)
    assert found is not None
    assert (found.state, found.courier_id) == ("handed_over", ha.id)
    day = visit.starts_at.date()
    assert [stop.home_visit_id for stop in await rounds.round_of(ha, day, now=visit.ends_at)] == [visit.id]
    assert await rounds.round_of(tu, day, now=visit.ends_at) == []
    assert (await receive(visit, seal)).visit_state == "handed_to_centre"


async def test_a_supervisor_sees_what_is_open_at_their_centre_and_closes_it(
    promise: Promise, now: datetime, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    visit = await promise()
    await report(event(visit, Report.ACCEPTED, 1))
    await cancel(visit, now)
    await report(event(visit, Report.FEE_COLLECTED, 6, amount=0))
    here = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=visit.centre_id)
    elsewhere = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=uuid.uuid4())
    path = "/v1/staff/home-visit-incidents"

    [seen] = (await client.get(path, headers=here.headers)).json()["items"]
    assert (seen["kind"], seen["reference"]) == ("fact_after_the_end", visit.reference)
    assert (await client.get(path, headers=elsewhere.headers)).json()["items"] == []
    close, body = f"{path}/{seen['id']}/close", {"note": "Đã trả lại tiền"}
    assert (await client.post(close, json=body, headers=elsewhere.headers)).status_code == 404
    for _ in range(2):
        assert (await client.post(close, json=body, headers=here.headers)).status_code == 204
    assert (await client.get(path, headers=here.headers)).json()["items"] == []
