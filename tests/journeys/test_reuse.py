"""Story 20: a certificate that is in the store is not asked for, and its owner sees who used it."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.clock import at_local, current_time
from app.core.database import fetch
from app.core.errors import Unavailable, Words
from app.documents.backfile.importing import import_folder
from app.documents.one_page import one_page
from app.dossiers import registries
from app.dossiers.registries import Held
from app.http.principals import Caller
from app.procedures.queries import PaperRow
from tests.journeys.conftest import LAN, Person, Town
from tests.journeys.test_hall import a_desk

BIRTH, MATERNITY, LOST_BIRTH = "1.001193", "2.000693", "1.004884"
CERTIFICATE = "KQ.G15.000031"
HUNG = "+84912345670"
MINUTE = timedelta(minutes=1)


class Desk:
    """A counter, its officer, and the people who are called to it."""

    def __init__(self, town: Town, day: date, *, number: int = 1) -> None:
        self.town, self.day, self.number = town, day, number
        self.moment = at_local(day, 8)

    async def begin(self) -> "Desk":
        self.officer = await self.town.officer(Caller.SHIFT_LEAD, Caller.CENTRE_LEADER)
        self.counter = await a_desk(self.town, self.officer, number=self.number)
        return self

    async def serving(self, person: Person) -> dict[str, Any]:
        """The person had an appointment, and stands at the counter."""
        self.moment += 30 * MINUTE
        return await self.serving_appointment(person, await self.town.booked(person, self.moment))

    async def serving_appointment(self, person: Person, appointment: dict[str, Any]) -> dict[str, Any]:
        """The person comes when they said, is called and stands at the counter."""
        self.moment = self.town.at(datetime.fromisoformat(appointment["starts_at"]))
        arrived = await person.post(f"/v1/appointments/{appointment['id']}/check-in", version=None)
        assert arrived.status_code == 200, arrived.text
        called = (await self.officer.post(f"/v1/staff/counters/{self.counter}/next")).json()
        started = await self.officer.post(
            f"/v1/staff/tickets/{called['id']}/start", version=called["version"]
        )
        assert started.status_code == 200, started.text
        ticket: dict[str, Any] = started.json()
        return ticket

    async def leaves(self, ticket: dict[str, Any]) -> None:
        done = await self.officer.post(
            f"/v1/staff/tickets/{ticket['id']}/finish", version=ticket["version"]
        )
        assert done.status_code == 200, done.text

    async def scan(self, kind: str, **params: Any) -> str:
        """A file laid on the scanner, inspected a moment later."""
        answer = await self.town.http.post(
            "/v1/staff/documents",
            params={"kind": kind} | params,
            content=one_page(str(uuid.uuid4())),
            headers=self.officer.headers
            | {"Content-Type": "application/pdf", "Idempotency-Key": str(uuid.uuid4())},
        )
        assert answer.status_code == 201, answer.text
        await self.town.drainer.drain()
        found: str = answer.json()["id"]
        return found

    async def accept(
        self, procedure: str, ticket: dict[str, Any], *papers: dict[str, Any], phone: str = LAN
    ) -> httpx.Response:
        return await self.officer.post(
            "/v1/staff/dossiers",
            {
                "procedure": procedure,
                "ticket_id": ticket["id"],
                "applicant": {"name": "Nguyễn Thị Lan", "phone": phone},
                "components": list(papers),
            },
        )

    async def with_result(self, ticket: dict[str, Any]) -> str:
        """A birth was registered, and its certificate is digitised."""
        dossier = (await self.accept(BIRTH, ticket)).json()
        result = await self.scan("result", dossier=dossier["number"])
        done = await self.officer.post(
            f"/v1/staff/dossiers/{dossier['number']}/complete",
            {"result_document_id": result},
            version=dossier["version"],
        )
        assert done.status_code == 200, done.text
        return result

    async def look(self, ticket: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = await self.officer.post(
            "/v1/staff/reusable-papers", {"procedure": MATERNITY, "ticket_id": ticket["id"]} | more
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def figure(self) -> tuple[int, int]:
        answer = (await self.officer.get("/v1/staff/indicators/reuse", year=self.day.year)).json()
        return answer["reuse"]["numerator"], answer["reuse"]["denominator"]


async def readers_of(document_id: str) -> list[str]:
    """Who is listed for its owner."""
    rows = await fetch(
        "SELECT reader_kind FROM document_read WHERE document_id = $1 ORDER BY id", uuid.UUID(document_id)
    )
    return [row["reader_kind"] for row in rows]


@pytest.fixture
async def desk(town: Town, day: date) -> Desk:
    return await Desk(town, day).begin()


@pytest.fixture(autouse=True)
def nothing_plugged_in_afterwards() -> Iterator[None]:
    yield
    registries.plug()


async def test_a_certificate_in_the_store_is_not_asked_for_and_its_owner_sees_who_used_it(
    town: Town, desk: Desk
) -> None:
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    certificate = await desk.with_result(ticket)
    before = await desk.figure()

    proposed = await desk.look(ticket)
    answer = await desk.accept(MATERNITY, ticket, {"component": 1, "document_id": certificate})

    [paper] = proposed["items"]
    assert (paper["component"], paper["document_id"], paper["reuse"]) == (1, certificate, 2)
    assert paper["result_code"] == CERTIFICATE
    assert answer.status_code == 201, answer.text
    number = answer.json()["number"]
    [kept] = (await desk.officer.get(f"/v1/staff/dossiers/{number}/components")).json()["items"]
    assert (kept["reuse"], kept["local_state"], kept["result_code"]) == (2, 3, CERTIFICATE)
    assert (kept["originals"], kept["from_national_store"]) == (0, False)
    assert before == (0, 1)
    assert await desk.figure() == (1, 2)
    assert await readers_of(certificate) == ["officer"]
    [reading] = (await lan.get(f"/v1/documents/{certificate}/reads")).json()["items"]
    assert (reading["purpose"], reading["dossier"]) == ("reuse", number)


async def test_nobody_elses_certificate_stands_for_a_paper(town: Town, desk: Desk) -> None:
    lan, hung = await town.citizen(), await town.citizen(HUNG)
    ticket = await desk.serving(lan)
    certificate = await desk.with_result(ticket)
    await desk.leaves(ticket)

    ticket = await desk.serving(hung)
    proposed = await desk.look(ticket)
    answer = await desk.accept(MATERNITY, ticket, {"component": 1, "document_id": certificate})

    assert proposed["items"] == []
    assert (answer.status_code, answer.json()["code"]) == (422, "not_reusable")
    assert await desk.figure() == (0, 1)
    assert await readers_of(certificate) == []


async def test_a_certificate_stands_only_for_the_paper_it_replaces(town: Town, desk: Desk) -> None:
    """The second paper of maternity is a hospital's: a birth certificate does not replace it."""
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    certificate = await desk.with_result(ticket)

    answer = await desk.accept(MATERNITY, ticket, {"component": 2, "document_id": certificate})

    assert (answer.status_code, answer.json()["code"]) == (422, "not_reusable")


async def test_a_paper_handed_in_once_serves_the_next_dossier(town: Town, desk: Desk) -> None:
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    paper, certificate = await desk.scan("component"), await desk.scan("component")
    first = await desk.accept(
        MATERNITY,
        ticket,
        {"component": 1, "originals": 1, "document_id": certificate},
        {"component": 2, "originals": 1, "document_id": paper},
    )
    assert first.status_code == 201, first.text

    proposed = await desk.look(ticket)
    second = await desk.accept(MATERNITY, ticket, {"component": 2, "document_id": paper})

    assert {(each["component"], each["document_id"], each["reuse"]) for each in proposed["items"]} == {
        (1, certificate, 1),
        (2, paper, 1),
    }
    kept = [
        (await desk.officer.get(f"/v1/staff/dossiers/{each.json()['number']}/components")).json()["items"]
        for each in (first, second)
    ]
    assert [each["local_state"] for each in kept[0]] == [1, 1]
    assert [(each["reuse"], each["local_state"]) for each in kept[1]] == [(1, 2)]
    assert await desk.figure() == (1, 2)


class PopulationStore:
    """What a store that is connected would say."""

    def __init__(self, source: str, *, silent: bool = False) -> None:
        self.source, self.silent = source, silent

    async def find(self, *, citizen_number: str, papers: Sequence[tuple[int, PaperRow]]) -> Sequence[Held]:
        if self.silent:
            raise StoreSilent
        assert citizen_number == "037190999001"
        return [Held(place, CERTIFICATE, paper.name_vi, "REF-1", None, None) for place, paper in papers]


class StoreSilent(Unavailable):
    code = "store_silent"
    detail = Words("Kho không trả lời.", "The store does not answer.")


async def test_what_another_store_holds_is_proposed_and_flagged(town: Town, desk: Desk) -> None:
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    registries.plug(PopulationStore("KHO"), PopulationStore("CSDL_YTE", silent=True))

    proposed = await desk.look(ticket, citizen_number="037190999001")
    without = await desk.accept(MATERNITY, ticket, {"component": 1, "from_national_store": True})
    answer = await desk.accept(
        MATERNITY, ticket, {"component": 1, "from_national_store": True, "result_code": CERTIFICATE}
    )

    assert [(each["component"], each["store"], each["document_id"]) for each in proposed["items"]] == [
        (1, "KHO", None)
    ]
    assert (proposed["unavailable"], proposed["not_connected"]) == (["CSDL_YTE"], [])
    assert (await desk.look(ticket))["items"] == []
    assert without.json()["code"] == "not_reusable"
    number = answer.json()["number"]
    [kept] = (await desk.officer.get(f"/v1/staff/dossiers/{number}/components")).json()["items"]
    assert (kept["reuse"], kept["from_national_store"], kept["result_code"]) == (2, True, CERTIFICATE)
    assert await desk.figure() == (1, 1)


async def test_nobody_is_looked_up_who_is_not_there(town: Town, desk: Desk) -> None:
    idle = await desk.officer.post("/v1/staff/reusable-papers", {"procedure": MATERNITY})
    stranger = await desk.officer.post(
        "/v1/staff/reusable-papers", {"procedure": MATERNITY, "ticket_id": str(uuid.uuid4())}
    )

    assert (idle.status_code, idle.json()["code"]) == (422, "dossier_source_missing")
    assert stranger.status_code == 404


async def from_old_file(folder: Path, *lines: str) -> None:
    """A folder of scans from before this system, imported."""
    columns = "dossier_number,owner_number,owner_name,code,file,issued_on"
    (folder / "backfile.csv").write_text("\n".join([columns, *lines]), encoding="utf-8")
    for n in range(len(lines)):
        (folder / f"{n}.pdf").write_bytes(one_page(f"old {n}"))
    report = await import_folder(folder, now=current_time())
    assert (report.taken, report.refused) == (len(lines), [])


async def test_a_result_of_an_old_file_is_not_asked_for_either(
    town: Town, desk: Desk, tmp_path: Path
) -> None:
    """Found by the personal number the officer types, for its owner alone."""
    lan = await town.citizen()
    ticket = await desk.serving(lan)
    await from_old_file(
        tmp_path,
        f"H42.15-190301-0001,037190999001,Nguyễn Thị Lan,{CERTIFICATE},0.pdf,2019-03-01",
        f"H42.15-190301-0002,037090999002,Trần Văn Hùng,{CERTIFICATE},1.pdf,2019-03-01",
    )

    unnamed = await desk.look(ticket)
    proposed = await desk.look(ticket, citizen_number="037190999001")
    [paper] = proposed["items"]
    attached = {"component": 1, "document_id": paper["document_id"]}
    stranger = await desk.accept(MATERNITY, ticket, attached)
    answer = await desk.officer.post(
        "/v1/staff/dossiers",
        {
            "procedure": MATERNITY,
            "ticket_id": ticket["id"],
            "applicant": {"name": "Nguyễn Thị Lan", "citizen_number": "037190999001"},
            "components": [attached],
        },
    )

    assert unnamed["items"] == []
    assert (paper["component"], paper["reuse"], paper["result_code"]) == (1, 2, CERTIFICATE)
    assert (paper["dossier"], paper["issued_on"]) == ("H42.15-190301-0001", "2019-03-01")
    assert stranger.status_code in (404, 422)
    assert answer.status_code == 201, answer.text
    number = answer.json()["number"]
    [kept] = (await desk.officer.get(f"/v1/staff/dossiers/{number}/components")).json()["items"]
    assert (kept["reuse"], kept["local_state"], kept["result_code"]) == (2, 3, CERTIFICATE)
    assert await readers_of(paper["document_id"]) == ["officer"]
