"""A broken seal ends with two people and one count, and a package's way can be read by whom it concerns."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.custody import proof
from app.custody import queries as custody
from app.home_service.operations.report import Outcome
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Report
from app.http.principals import Caller
from partners.postal import scopes
from tests.conftest import SignedIn
from tests.home_service.conftest import (
    COUNTED,
    PARTNER,
    Promise,
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
FOUND = [{"component": 1, "originals": 3}, {"component": 2, "copies": 1}]


class Counter:
    """Officers of a centre at their counters."""

    def __init__(self, client: httpx.AsyncClient, sign_in: SignIn) -> None:
        self.client, self.sign_in = client, sign_in

    async def officer(self, centre_id: uuid.UUID) -> SignedIn:
        return await self.sign_in(Caller.OFFICER, centre_id=centre_id)

    async def count(self, officer: SignedIn, seal: str, contents: Any = FOUND) -> httpx.Response:
        return await self.client.post(
            f"/v1/staff/packages/{seal}/inventory",
            json={"contents": contents},
            headers=officer.headers | {"Idempotency-Key": uuid.uuid4().hex},
        )


@pytest.fixture
def counter(client: httpx.AsyncClient, sign_in: SignIn) -> Counter:
    return Counter(client, sign_in)


@pytest.fixture
async def broken(promise: Promise) -> tuple[HomeVisitRow, str]:
    """The post office finds the seal of a package broken."""
    visit, seal = await promise(), new_seal()
    story = collection(visit, seal)
    story[6] = event(visit, Report.REACHED_HUB, 7, hub="BC-14638", seal_state="broken")
    await report(*story[:7])
    assert await state_of(visit) == "quarantined"
    return visit, seal


async def test_two_people_count_and_what_both_found_is_at_the_centre(
    broken: tuple[HomeVisitRow, str], counter: Counter
) -> None:
    visit, seal = broken
    mai, an = await counter.officer(visit.centre_id), await counter.officer(visit.centre_id)

    first = await counter.count(mai, seal)
    alone = await counter.count(mai, seal)
    differs = await counter.count(an, seal, contents=[])
    second = await counter.count(an, seal)
    again = await counter.count(mai, seal)

    assert (first.status_code, first.json()["state"]) == (200, "quarantined")
    assert (alone.status_code, alone.json()["code"]) == (422, "same_party")
    assert (differs.status_code, differs.json()["code"]) == (409, "counts_differ")
    assert (second.status_code, second.json()["state"]) == (200, "received")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_count")
    assert await state_of(visit) == "handed_to_centre"
    package = await package_of(visit)
    links = await custody.chain(package.id)
    assert [link.type for link in links] == ["sealed", "handed_over", "counted", "inventoried"]
    assert (links[-1].giver_id, links[-1].receiver_id) == (str(mai.principal.id), str(an.principal.id))
    assert proof.fault(package, links) is None


async def test_whoever_found_it_short_does_not_count_it_alone(promise: Promise, counter: Counter) -> None:
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.HANDED_OVER, seal=seal)
    mai, an = await counter.officer(visit.centre_id), await counter.officer(visit.centre_id)
    await receive(visit, seal, officer_id=mai.principal.id, contents=COUNTED[:1])

    assert (await counter.count(mai, seal)).json()["code"] == "same_party"
    assert (await counter.count(an, seal)).json()["state"] == "quarantined"
    assert (await counter.count(mai, seal)).json()["state"] == "received"


async def test_only_a_quarantined_package_of_this_centre_is_counted(
    promise: Promise, broken: tuple[HomeVisitRow, str], counter: Counter
) -> None:
    visit, seal = await promise(), new_seal()
    await reach(visit, Report.SEALED, seal=seal)

    here, elsewhere = await counter.officer(visit.centre_id), await counter.officer(uuid.uuid4())

    assert (await counter.count(here, seal)).json()["code"] == "nothing_to_count"
    assert (await counter.count(elsewhere, broken[1])).status_code == 404
    assert (await counter.count(here, "NIEM-NOBODY")).status_code == 404


async def test_a_partner_reads_the_way_of_what_its_courier_held_and_nobody_elses(
    broken: tuple[HomeVisitRow, str], client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    visit, seal = broken
    scope = frozenset({scopes.VISITS_READ})
    ours = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=scope)
    other = await sign_in(Caller.PARTNER, subject_id=uuid.uuid4(), scopes=scope)
    path = f"/v1/partner/packages/{seal}/epcis"

    document = (await client.get(path, headers=ours.headers)).json()

    assert (document["type"], document["schemaVersion"]) == ("EPCISDocument", "2.0")
    events = document["epcisBody"]["eventList"]
    assert [(e["type"], e["action"], e["bizStep"]) for e in events] == [
        ("ObjectEvent", "ADD", "commissioning"),
        ("AggregationEvent", "ADD", "packing"),
        ("ObjectEvent", "OBSERVE", "arriving"),
    ]
    assert events[0]["epcList"] == [events[1]["parentID"]] == [f"urn:motcua:seal:{seal}"]
    assert events[1]["childQuantityList"] == [
        {"epcClass": "urn:motcua:paper:1:original", "quantity": 3},
        {"epcClass": "urn:motcua:paper:2:copy", "quantity": 2},
    ]
    assert events[2]["disposition"] == "container_open"
    assert events[2]["destinationList"][0]["destination"] == "urn:motcua:party:post_office:BC-14638"
    links = await custody.chain((await package_of(visit)).id)
    assert events[2]["motcua:hash"] == links[1].hash.hex()
    assert {e["eventTimeZoneOffset"] for e in events} == {"+07:00"}
    assert str(visit.citizen_id) not in str(document)
    assert (await client.get(path, headers=other.headers)).status_code == 404
    assert (await client.get(path.replace(seal, "NIEM-X"), headers=ours.headers)).status_code == 404


async def test_the_receiving_centre_reads_it_to_the_unpacking(
    broken: tuple[HomeVisitRow, str], client: httpx.AsyncClient, counter: Counter
) -> None:
    visit, seal = broken
    mai, an = await counter.officer(visit.centre_id), await counter.officer(visit.centre_id)
    await counter.count(mai, seal)
    await counter.count(an, seal)
    path = f"/v1/staff/packages/{seal}/epcis"

    document = (await client.get(path, headers=mai.headers)).json()

    events = document["epcisBody"]["eventList"]
    assert [e["bizStep"] for e in events[3:]] == ["inspecting", "accepting", "unpacking"]
    assert events[-1]["childQuantityList"][1] == {"epcClass": "urn:motcua:paper:2:copy", "quantity": 1}
    elsewhere = await counter.officer(uuid.uuid4())
    assert (await client.get(path, headers=elsewhere.headers)).status_code == 404


async def test_an_item_number_of_the_post_with_a_wrong_digit_seals_nothing(promise: Promise) -> None:
    visit = await promise()
    await reach(visit, Report.COUNTED)

    [wrong] = await report(event(visit, Report.SEALED, 5, seal="EJ012345678VN"))
    [right] = await report(event(visit, Report.SEALED, 6, seal="EJ012345675VN"))

    assert (wrong.outcome, wrong.reason) == (Outcome.REJECTED, "wrong_check_digit")
    assert right.outcome is Outcome.APPLIED
    assert (await package_of(visit)).seal_number == "EJ012345675VN"


@pytest.mark.parametrize("seal", ["%00", "NIEM%001", "%ff", "%ED%A0%80", "%F0%9F%93%A6", "a" * 5000])
async def test_a_seal_no_package_can_have_is_not_found(
    seal: str, client: httpx.AsyncClient, counter: Counter, sign_in: SignIn
) -> None:
    officer = await counter.officer(uuid.uuid4())
    partner = await sign_in(Caller.PARTNER, subject_id=PARTNER, scopes=frozenset({scopes.VISITS_READ}))

    read = await client.get(f"/v1/staff/packages/{seal}/epcis", headers=officer.headers)
    held = await client.get(f"/v1/partner/packages/{seal}/epcis", headers=partner.headers)

    assert (read.status_code, held.status_code) == (404, 404)
    assert (await counter.count(officer, seal)).status_code == 404
