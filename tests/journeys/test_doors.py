"""Stories 12, 13 and 17: papers fetched at a door, papers missing there, a result that is brought."""

import hashlib
import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from app.core.clock import at_local, local
from app.core.database import DB
from app.custody.audit import verify
from app.documents.one_page import one_page
from app.home_service import queries
from app.http.principals import Caller
from partners.postal import scopes
from tests.home_service.conftest import at_work
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import DISABILITY, EVERY, LAT, LON, Post, officers

HOA = "+84987654321"  # the contact of every visit here
COUNTED = [{"component": 1, "originals": 3}, {"component": 2, "copies": 2}]
PDF = {"Content-Type": "application/pdf"}


class Door:
    """A visit at bà Hoa's door, told by Tú's telephone as the clock of the town stands."""

    def __init__(self, town: Town, post: Post, visit: dict[str, Any], seq: int = 0) -> None:
        self.town, self.post, self.visit, self.seq = town, post, visit, seq
        self.opens = datetime.fromisoformat(visit["window"]["starts_at"])

    async def at(self, minutes: int, kind: str, **data: Any) -> dict[str, Any]:
        """So many minutes after the window has opened."""
        moment = self.town.at(self.opens + timedelta(minutes=minutes))
        self.seq += 1
        answer = await self.post.program.post(
            "/v1/partner/events",
            {
                "sent_at": local(moment).isoformat(),
                "events": [
                    {
                        "event_id": str(uuid.uuid4()),
                        "task_id": self.visit["id"],
                        "type": kind,
                        "occurred_at": local(moment).isoformat(),
                        "device_seq": self.seq,
                        "courier": "tu",
                        "data": data,
                    }
                ],
            },
        )
        assert answer.status_code == 200, answer.text
        [result] = answer.json()["results"]
        found: dict[str, Any] = result
        return found

    async def to_the_door(self) -> None:
        for minutes, kind in ((-60, "accepted"), (0, "en_route"), (20, "arrived")):
            assert (await self.at(minutes, kind))["outcome"] == "applied"

    async def pays(self, minutes: int, bill: dict[str, Any]) -> None:
        """Whatever is still owed, each purse with a receipt of its own."""
        for purse in ("state", "postage"):
            if bill[f"owed_{purse}_vnd"]:
                paid = await self.at(
                    minutes,
                    "fee_collected",
                    amount=bill[f"owed_{purse}_vnd"],
                    kind=purse,
                    receipt=f"BL-17-{purse}",
                )
                assert paid["outcome"] == "applied"


async def windows(citizen: Person, day: date, kind: str) -> list[dict[str, Any]]:
    found = await citizen.get(
        "/v1/visit-windows",
        procedure=DISABILITY,
        lat=LAT,
        lon=LON,
        kind=kind,
        **{"from": day.isoformat(), "to": day.isoformat()},
    )
    listed: list[dict[str, Any]] = found.json()["windows"]
    return listed


async def called(citizen: Person, day: date, **asked: Any) -> dict[str, Any]:
    """In the window that opens at two in the afternoon."""
    kind = asked.get("kind", "collection")
    at_two = next(
        window
        for window in await windows(citizen, day, kind)
        if datetime.fromisoformat(window["starts_at"]).time() == time(14)
    )
    made = await citizen.post(
        "/v1/home-visits",
        {
            "kind": kind,
            "procedures": [DISABILITY],
            "window_id": at_two["id"],
            "address": {"text": "Xóm 4", "commune": "14638", "lat": LAT, "lon": LON},
            "contact": {"name": "Bùi Thị Hoa", "phone": HOA},
        }
        | asked,
    )
    assert made.status_code == 201, made.text
    visit: dict[str, Any] = made.json()
    return visit


@pytest.fixture
async def post(town: Town, day: date) -> Post:
    found = await town.sign_in(Caller.PARTNER, scopes=EVERY | {scopes.DOCUMENTS_WRITE})
    post = Post(town, Person(town.http, found.headers), day)
    await post.hires("tu")
    return post


async def seen(citizen: Person, visit: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await citizen.get(f"/v1/home-visits/{visit['id']}")).json()
    return found


async def collected(town: Town, post: Post, hoa: Person, day: date) -> tuple[Door, dict[str, Any]]:
    """Story 12, until the centre has accepted the dossier the next morning."""
    visit = await called(hoa, day)
    door = Door(town, post, visit)
    await door.to_the_door()
    await door.at(30, "counted", papers=COUNTED)
    await door.at(35, "sealed", seal="NIEM-12")
    await door.at(36, "fee_collected", amount=0)
    await door.at(130, "reached_hub", hub="BC-14638")
    await door.at(170, "handed_over", to="centre")
    mai, _ = await officers(town, visit)
    town.at(at_local(day, 17))
    received = await mai.post(
        "/v1/staff/packages/NIEM-12/receive", {"seal_intact": True, "contents": COUNTED}
    )
    assert (received.json()["state"], received.json()["missing"]) == ("received", [])
    town.at(at_local(day + timedelta(days=1), 8))
    accepted = await mai.post(
        "/v1/staff/dossiers",
        {
            "procedure": DISABILITY,
            "seal": "NIEM-12",
            "applicant": {"name": "Bùi Thị Hoa", "phone": HOA},
            "components": COUNTED,
            "return_mode": "home",
        },
    )
    assert accepted.status_code == 201, accepted.text
    dossier: dict[str, Any] = accepted.json()
    return door, dossier


async def test_story_12_papers_fetched_in_the_afternoon_are_a_dossier_in_the_morning(
    town: Town, post: Post, day: date
) -> None:
    hoa = await town.citizen()

    door, dossier = await collected(town, post, hoa, day)

    told = await town.texts_later(HOA)
    assert any(dossier["number"] in text for text in told), told
    visit = await seen(hoa, door.visit)
    assert (visit["status"], visit["seal"], visit["dossier"]) == ("accepted", "NIEM-12", dossier["number"])
    happened = {
        step["type"]: datetime.fromisoformat(step["at"]).replace(second=0, microsecond=0)
        for step in visit["timeline"]
    }
    assert happened["arrived"] == door.opens + timedelta(minutes=20)
    assert happened["reached_hub"] == door.opens + timedelta(minutes=130)
    assert (await verify()).faults == []


async def test_story_13_a_paper_is_missing_at_the_door(town: Town, post: Post, day: date) -> None:
    hoa = await town.citizen()
    visit = await called(hoa, day)
    door = Door(town, post, visit)
    await door.to_the_door()

    await door.at(30, "counted", papers=COUNTED[1:], missing=[1])
    at_the_door = await seen(hoa, visit)
    refused = await door.at(31, "sealed", seal="NIEM-13")

    assert (at_the_door["status"], at_the_door["missing"]) == ("incomplete", [1])
    assert (refused["outcome"], refused["reason"]) == ("rejected", "missing_fact: partial")
    assert (await seen(hoa, visit))["seal"] is None

    await door.at(33, "failed", reason="incomplete_papers")
    [other] = [
        window
        for window in await windows(hoa, day, "collection")
        if datetime.fromisoformat(window["starts_at"]) > door.opens
    ][:1]
    moved = await hoa.post(f"/v1/home-visits/{visit['id']}/reschedule", {"window_id": other["id"]})
    assert (moved.status_code, moved.json()["status"]) == (200, "assigned"), moved.text
    again = Door(town, post, moved.json(), door.seq)
    await again.to_the_door()
    await again.at(30, "counted", papers=COUNTED[1:])
    assert (await again.at(31, "sealed", seal="NIEM-13", partial=True))["outcome"] == "applied"
    [mai, _] = await officers(town, visit)
    counted = await mai.get(
        "/v1/staff/home-visit-reasons", **{"from": day.isoformat(), "to": day.isoformat()}
    )
    assert counted.json()["partial_hand_ins"] == 1
    assert [(row["reason"], row["count"]) for row in counted.json()["items"]] == [("incomplete_papers", 1)]


async def finished(town: Town, hoa: Person, door: Door, dossier: dict[str, Any]) -> None:
    """Its result is digitised, and an officer is there who can give it to the courier."""
    mai, _ = await officers(town, door.visit)
    row = await queries.by_id(uuid.UUID(door.visit["id"]))
    assert row is not None
    await at_work(row.centre_id)
    scan = await town.http.post(
        "/v1/staff/documents",
        params={"kind": "result", "dossier": dossier["number"]},
        content=one_page("decision"),
        headers=mai.headers | PDF,
    )
    await town.drainer.drain()
    done = await mai.post(
        f"/v1/staff/dossiers/{dossier['number']}/complete",
        {"result_document_id": scan.json()["id"]},
        version=dossier["version"],
    )
    assert done.status_code == 200, done.text


async def asked_the_next_morning(town: Town, morning: date) -> None:
    """How it was: owed at once, brought out from seven o'clock on, with a link."""
    before = await town.texts_later(HOA)
    assert DB.pool is not None
    due = await DB.pool.fetchval("SELECT not_before FROM message WHERE template = 'survey_invitation'")
    assert due == at_local(morning, 7)
    town.at(at_local(morning, 7) + timedelta(minutes=5))
    await DB.pool.execute("UPDATE outbox_work SET next_at = now() WHERE state = 'ready'")
    [text] = (await town.texts(HOA))[len(before) :]
    assert "http" in text


async def test_story_17_absent_first_then_the_sister_with_an_authorisation(
    town: Town, post: Post, day: date
) -> None:
    hoa = await town.citizen()
    door, dossier = await collected(town, post, hoa, day)
    await finished(town, hoa, door, dossier)
    tomorrow = day + timedelta(days=1)
    post = Post(town, post.program, tomorrow)
    await post.hires("tu")
    visit = await called(hoa, tomorrow, kind="delivery", dossier=dossier["number"])
    door = Door(town, post, visit, door.seq)
    await door.at(-240, "accepted")
    await door.at(-200, "sealed", seal="NIEM-17", officer="mai", papers=[])
    await door.at(0, "en_route")
    await door.at(10, "arrived")

    await door.at(15, "attempt_failed", reason="absent")
    assert (await seen(hoa, visit))["status"] == "attempt_failed"
    await door.at(80, "en_route")
    await door.at(100, "arrived")
    stranger = await door.at(101, "delivered", receiver="sister", authorisation=str(uuid.uuid4()))
    scan = await town.http.post(
        "/v1/partner/documents",
        params={"task_id": visit["id"]},
        content=one_page("authorisation"),
        headers=post.program.headers | PDF,
    )
    assert (scan.status_code, scan.json()["state"]) == (201, "quarantined")
    owed = (await seen(hoa, visit))["bill"]
    await door.pays(104, owed)
    given = await door.at(105, "delivered", receiver="sister", authorisation=scan.json()["id"])

    assert (stranger["outcome"], stranger["reason"]) == ("rejected", "missing_fact: authorisation")
    assert given["outcome"] == "applied", given
    assert (await seen(hoa, visit))["status"] == "delivered"
    returned = (await hoa.get(f"/v1/dossiers/{dossier['number']}")).json()
    assert returned["status"] == 10
    [mai, _] = await officers(town, visit)
    proof = (await mai.get(f"/v1/staff/documents/{scan.json()['id']}")).json()
    assert proof["sha256"] == hashlib.sha256(one_page("authorisation")).hexdigest()
    await asked_the_next_morning(town, tomorrow + timedelta(days=1))
    assert (await verify()).faults == []
