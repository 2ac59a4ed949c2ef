"""Stories 14 to 16: a seal breaks, a vehicle fails, a valley has no signal; the papers stay somebody's."""

import random
import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest

from app.core.clock import at_local, local
from app.custody.audit import verify
from app.home_service import queries
from app.http.principals import Caller
from partners.postal import scopes
from tests.journeys.conftest import Person, Town

DISABILITY = "1.001699"
LAT, LON = 20.11, 106.12
EVERY = frozenset({scopes.VISITS_READ, scopes.VISITS_WRITE, scopes.COURIERS_WRITE, scopes.CUSTODY_WRITE})
PAPERS = [{"component": 1, "originals": 3}]


class Post(NamedTuple):
    """The postal enterprise: its program, and the day its couriers work."""

    town: Town
    program: Person
    day: date

    async def hires(self, name: str, *, lat: float = LAT) -> None:
        await self._put(
            f"/v1/partner/couriers/{name}",
            given_name=name.title(),
            phone="+84912345670",
            skills=["*"],
            lat=lat,
            lon=LON,
        )
        await self._put(
            f"/v1/partner/couriers/{name}/shifts/{self.day}",
            starts_at=local(at_local(self.day, 7)).isoformat(),
            ends_at=local(at_local(self.day, 19)).isoformat(),
            capacity=30,
        )
        headers = self.program.headers | {"Idempotency-Key": uuid.uuid4().hex}
        told = await self.town.http.post(f"/v1/partner/runs/{self.day}/publish", headers=headers)
        assert told.status_code == 200, told.text

    async def _put(self, path: str, **body: Any) -> None:
        headers = self.program.headers | {"Idempotency-Key": uuid.uuid4().hex}
        answer = await self.town.http.put(path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text

    async def called_to(self, citizen: Person) -> dict[str, Any]:
        """A citizen has papers fetched at home, in the first window of the day."""
        found = await citizen.get(
            "/v1/visit-windows",
            procedure=DISABILITY,
            lat=LAT,
            lon=LON,
            **{"from": self.day.isoformat(), "to": self.day.isoformat()},
        )
        made = await citizen.post(
            "/v1/home-visits",
            {
                "kind": "collection",
                "procedures": [DISABILITY],
                "window_id": found.json()["windows"][0]["id"],
                "address": {"text": "Xóm 4", "commune": "14638", "lat": LAT, "lon": LON},
                "contact": {"name": "Bùi Thị Hoa", "phone": "0987654321"},
            },
        )
        assert made.status_code == 201, made.text
        visit: dict[str, Any] = made.json()
        return visit

    def to_the_seal(self, visit: dict[str, Any], seal: str) -> list[dict[str, Any]]:
        """What Tú's phone keeps of a visit until the papers are in his bag."""
        starts = datetime.fromisoformat(visit["window"]["starts_at"])
        facts: Sequence[tuple[str, dict[str, Any]]] = [
            ("accepted", {}),
            ("en_route", {}),
            ("arrived", {}),
            ("counted", {"papers": PAPERS}),
            ("sealed", {"seal": seal}),
        ]
        return [
            {
                "event_id": str(uuid.uuid4()),
                "task_id": visit["id"],
                "type": kind,
                "occurred_at": local(starts + timedelta(minutes=n)).isoformat(),
                "device_seq": n,
                "courier": "tu",
                "data": data,
            }
            for n, (kind, data) in enumerate(facts)
        ]

    async def reports(self, events: list[dict[str, Any]]) -> list[str]:
        answer = await self.program.post("/v1/partner/events", {"events": events})
        assert answer.status_code == 200, answer.text
        return [result["outcome"] for result in answer.json()["results"]]

    async def hands_over(self, seal: str, giver: str, receiver: str) -> httpx.Response:
        return await self.program.post(
            f"/v1/partner/packages/{seal}/handovers",
            {
                "giver": {"kind": "courier", "id": giver},
                "receiver": {"kind": "courier", "id": receiver},
                "seal_state": "intact",
                "occurred_at": local(at_local(self.day, 10)).isoformat(),
            },
        )


@pytest.fixture
async def post(town: Town, day: date) -> Post:
    found = await town.sign_in(Caller.PARTNER, scopes=EVERY)
    post = Post(town, Person(town.http, found.headers), day)
    await post.hires("tu")
    return post


async def officers(town: Town, visit: dict[str, Any]) -> list[Person]:
    """Two of the centre the package is for."""
    row = await queries.by_id(uuid.UUID(visit["id"]))
    assert row is not None
    return [
        Person(town.http, (await town.sign_in(Caller.OFFICER, centre_id=row.centre_id)).headers)
        for _ in range(2)
    ]


async def received(officer: Person, seal: str, *, intact: bool = True) -> dict[str, Any]:
    answer = await officer.post(
        f"/v1/staff/packages/{seal}/receive", {"seal_intact": intact, "contents": PAPERS}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_story_14_a_broken_seal_waits_for_two_people(town: Town, post: Post) -> None:
    hoa = await town.citizen()
    visit = await post.called_to(hoa)
    assert await post.reports(post.to_the_seal(visit, "NIEM-14")) == ["applied"] * 5
    mai, an = await officers(town, visit)

    assert (await received(mai, "NIEM-14", intact=False))["state"] == "quarantined"
    path = "/v1/staff/packages/NIEM-14/inventory"
    assert (await mai.post(path, {"contents": PAPERS})).status_code == 422
    assert (await an.post(path, {"contents": PAPERS})).json()["state"] == "quarantined"
    counted = (await mai.post(path, {"contents": PAPERS})).json()

    assert (counted["state"], counted["home_visit_status"]) == ("received", "handed_to_centre")
    seen = (await hoa.get(f"/v1/home-visits/{visit['id']}")).json()
    assert seen["status"] == "handed_to_centre"
    assert (await verify()).faults == []


async def test_story_15_five_packages_change_couriers_and_no_chain_has_a_gap(
    town: Town, post: Post
) -> None:
    hoa = await town.citizen()
    visits = {f"NIEM-15-{n}": await post.called_to(hoa) for n in range(5)}
    await post.hires("ha", lat=20.3)
    for seal, visit in visits.items():
        assert await post.reports(post.to_the_seal(visit, seal)) == ["applied"] * 5

    for seal in visits:
        assert (await post.hands_over(seal, "tu", "ha")).status_code == 201
        assert (await post.hands_over(seal, "tu", "ha")).status_code == 409

    mai, _ = await officers(town, visits["NIEM-15-0"])
    for seal in visits:
        package = await received(mai, seal)
        assert (package["state"], package["hand_overs"]) == ("received", 3)
        way = (await mai.get(f"/v1/staff/packages/{seal}/epcis")).json()["epcisBody"]["eventList"]
        hands = [event for event in way if event["type"] == "ObjectEvent"]
        takers = [event["destinationList"][0]["destination"] for event in hands]
        assert [event["sourceList"][0]["source"] for event in hands][1:] == takers[:-1]
    assert (await verify())[:2] == (5, 15)
    assert (await verify()).faults == []


async def test_story_16_what_a_phone_kept_in_the_valley_comes_late_twice_and_in_any_order(
    town: Town, post: Post
) -> None:
    hoa = await town.citizen()
    visit = await post.called_to(hoa)
    events = post.to_the_seal(visit, "NIEM-16")
    town.at(at_local(post.day, 18))
    kept = events * 2
    random.Random(16).shuffle(kept)

    outcomes = await post.reports(kept)
    again = await post.reports(events)

    assert sorted(outcomes) == ["applied"] * 5 + ["duplicate"] * 5
    assert again == ["duplicate"] * 5
    seen = (await hoa.get(f"/v1/home-visits/{visit['id']}")).json()
    assert (seen["status"], seen["seal"]) == ("sealed", "NIEM-16")
    assert (await verify())[1:] == (1, 0, [])
