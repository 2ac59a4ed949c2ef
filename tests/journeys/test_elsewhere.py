"""Story 18: somebody of Kim Sơn hands in at Tam Điệp, who is competent decides, both count it rightly."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from app.documents.one_page import one_page
from app.http.principals import Caller
from tests.journeys.conftest import Person, Town
from tests.journeys.offices import PHAT_DIEM, PROVINCE, TAM_DIEP, office
from tests.journeys.test_reuse import Desk

BIRTH, ADOPTION, BURIAL, LICENCE = "1.001193", "2.001263", "1.001731", "3.000346"
OF_PHAT_DIEM = "14620"  # a commune of what was Kim Sơn district
WITHOUT_CENTRE = "14638"
DAY = timedelta(days=1)


@pytest.fixture
async def tam_diep(town: Town, day: date) -> Desk:
    return await office(town, day, TAM_DIEP)


@pytest.fixture
async def phat_diem(town: Town, day: date) -> Desk:
    return await office(town, day, PHAT_DIEM)


async def hand_in(
    desk: Desk, ticket: dict[str, Any], procedure: str, **more: Any
) -> tuple[int, dict[str, Any]]:
    answer = await desk.officer.post(
        "/v1/staff/dossiers",
        {
            "procedure": procedure,
            "ticket_id": ticket["id"],
            "applicant": {"name": "Nguyễn Thị Lan", "phone": "0912345678"},
        }
        | more,
    )
    return answer.status_code, answer.json()


async def figures(desk: Desk) -> tuple[int, int, int, int, int]:
    """Received, of those sent on, decided here, of those received elsewhere, ended."""
    answer = await desk.officer.get("/v1/staff/indicators/dossiers")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return (
        found["received"],
        found["sent_on"],
        found["decided_here"],
        found["from_elsewhere"],
        found["ended"],
    )


async def tray(desk: Desk, name: str, **asked: Any) -> list[str]:
    answer = await desk.officer.get("/v1/staff/dossiers", tray=name, **asked)
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]]


async def move(person: Person, dossier: dict[str, Any], route: str, body: Any = None) -> dict[str, Any]:
    answer = await person.post(
        f"/v1/staff/dossiers/{dossier['number']}/{route}", body, version=dossier["version"]
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_somebody_of_kim_son_hands_in_at_tam_diep_and_both_centres_count_it_once(
    town: Town, tam_diep: Desk, phat_diem: Desk
) -> None:
    lan = await town.citizen()
    ticket = await tam_diep.serving(lan)
    status, own = await hand_in(tam_diep, ticket, BIRTH)
    assert status == 201, own

    status, dossier = await hand_in(tam_diep, ticket, BIRTH, commune=OF_PHAT_DIEM)

    assert status == 201, dossier
    assert dossier["number"].startswith("H42.12-"), "the number is of who received it"
    assert (dossier["centre_id"], dossier["competent_centre_id"]) == (str(TAM_DIEP), str(PHAT_DIEM))
    assert await tray(phat_diem, "from_elsewhere") == [dossier["number"]]
    assert await tray(tam_diep, "sent_on") == [dossier["number"]]
    assert await tray(tam_diep, "received") == [dossier["number"], own["number"]]
    assert await tray(phat_diem, "received") == []
    assert await figures(tam_diep) == (2, 1, 1, 0, 0)
    assert await figures(phat_diem) == (0, 0, 1, 1, 0)

    # Who received it does not decide it; who decides sees it through, and it is returned where it came in.
    refused = await tam_diep.officer.post(
        f"/v1/staff/dossiers/{dossier['number']}/start", version=dossier["version"]
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "other_centre_decides")
    started = await move(phat_diem.officer, dossier, "start")
    result = await phat_diem.scan("result", dossier=dossier["number"])
    done = await move(phat_diem.officer, started, "complete", {"result_document_id": result})
    at_receiver = await tam_diep.officer.get(
        f"/v1/staff/dossiers/{dossier['number']}/documents/{result}/content"
    )
    returned = await move(tam_diep.officer, done, "return")

    assert (at_receiver.status_code, at_receiver.headers["content-type"]) == (200, "application/pdf")
    assert returned["status"] == 10
    assert await figures(tam_diep) == (2, 1, 1, 0, 0)
    assert await figures(phat_diem) == (0, 0, 1, 1, 1)
    lans = (await lan.get(f"/v1/dossiers/{dossier['number']}")).json()
    assert lans["competent_centre_id"] == str(PHAT_DIEM)


async def test_a_provincial_monitor_sees_as_many_received_as_decided(
    town: Town, tam_diep: Desk, phat_diem: Desk
) -> None:
    lan = await town.citizen()
    ticket = await tam_diep.serving(lan)
    for commune in ({}, {"commune": OF_PHAT_DIEM}, {"commune": "14362"}):
        assert (await hand_in(tam_diep, ticket, BIRTH, **commune))[0] == 201
    assert (await hand_in(tam_diep, ticket, LICENCE))[0] == 201
    yen = Person(town.http, (await town.sign_in(Caller.MONITOR, centre_id=PROVINCE)).headers)

    found = [
        (await yen.get("/v1/staff/indicators/dossiers", centre=str(centre))).json()
        for centre in (TAM_DIEP, PHAT_DIEM, PROVINCE)
    ]

    assert [each["received"] for each in found] == [4, 0, 0]
    assert [each["decided_here"] for each in found] == [2, 1, 1]
    assert [each["on_time"]["denominator"] for each in found] == [2, 1, 1]


@pytest.mark.parametrize(
    ("procedure", "code"), [(ADOPTION, "site_inspection_needed"), (BURIAL, "only_where_decided")]
)
async def test_what_needs_a_look_at_the_place_is_refused_elsewhere_with_the_reason(
    town: Town, tam_diep: Desk, procedure: str, code: str
) -> None:
    ticket = await tam_diep.serving(await town.citizen())

    status, refused = await hand_in(tam_diep, ticket, procedure, commune=OF_PHAT_DIEM)
    own, _ = await hand_in(tam_diep, ticket, procedure, commune="14362")

    assert (status, refused["code"]) == (409, code)
    assert refused["competent_centre_id"] == str(PHAT_DIEM)
    assert "Phát Diệm" in refused["detail"]
    assert own == 201
    assert await figures(tam_diep) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("commune", "status", "code"),
    [
        ("14503", 422, "commune_unknown"),  # xã Gia Tân ended on 30 June 2025
        ("37", 422, "commune_unknown"),  # a province is no commune
        ("99999", 422, "commune_unknown"),
        (WITHOUT_CENTRE, 409, "competent_centre_unknown"),
        ("x", 422, "invalid_value"),
        ("14620\n", 422, "invalid_value"),
    ],
)
async def test_a_commune_that_cannot_be_asked_is_refused(
    town: Town, tam_diep: Desk, commune: str, status: int, code: str
) -> None:
    ticket = await tam_diep.serving(await town.citizen())

    answer = await hand_in(tam_diep, ticket, BIRTH, commune=commune)

    assert (answer[0], answer[1]["code"]) == (status, code)
    assert await figures(tam_diep) == (0, 0, 0, 0, 0)


async def test_the_provinces_centre_is_told_a_commune(town: Town, day: date) -> None:
    province = await office(town, day, PROVINCE)
    ticket = await province.serving(await town.citizen())

    asked = await hand_in(province, ticket, BIRTH)
    told = await hand_in(province, ticket, BIRTH, commune=OF_PHAT_DIEM)

    assert (asked[0], asked[1]["code"]) == (422, "commune_needed")
    assert (told[0], told[1]["competent_centre_id"]) == (201, str(PHAT_DIEM))


async def test_both_centres_read_what_was_handed_in_and_nobody_else_does(
    town: Town, day: date, tam_diep: Desk, phat_diem: Desk
) -> None:
    ticket = await tam_diep.serving(await town.citizen())
    paper, other = await tam_diep.scan("component"), await tam_diep.scan("component")
    _, dossier = await hand_in(
        tam_diep,
        ticket,
        BIRTH,
        commune=OF_PHAT_DIEM,
        components=[{"component": 1, "originals": 1, "document_id": paper}],
    )
    stranger = Person(town.http, (await town.officer()).headers)  # of Hoa Lư
    place = f"/v1/staff/dossiers/{dossier['number']}/documents"

    there = await phat_diem.officer.get(f"{place}/{paper}/content")
    not_of_it = await phat_diem.officer.get(f"{place}/{other}/content")
    nobodys = await stranger.get(f"{place}/{paper}/content")

    assert (there.status_code, there.content[:5]) == (200, one_page("x")[:5])
    assert (not_of_it.status_code, not_of_it.json()["code"]) == (404, "document_not_found")
    assert (nobodys.status_code, nobodys.json()["code"]) == (404, "dossier_not_found")


async def test_trays_go_page_by_page_and_by_status(town: Town, tam_diep: Desk, phat_diem: Desk) -> None:
    ticket = await tam_diep.serving(await town.citizen())
    numbers = []
    for minute in range(5):
        town.at(at_local(tam_diep.day, 9, minute))
        numbers.append((await hand_in(tam_diep, ticket, BIRTH, commune=OF_PHAT_DIEM))[1])
    await move(phat_diem.officer, numbers[0], "start")
    found: list[str] = []
    asked: dict[str, Any] = {"tray": "from_elsewhere", "limit": 2}
    while True:
        page = (await phat_diem.officer.get("/v1/staff/dossiers", **asked)).json()
        found += [item["number"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        asked["cursor"] = page["next_cursor"]

    assert found == [each["number"] for each in reversed(numbers)]
    assert await tray(phat_diem, "from_elsewhere", status=4) == [numbers[0]["number"]]
    bad = [
        (await phat_diem.officer.get("/v1/staff/dossiers", **wrong)).status_code
        for wrong in ({"tray": "mine"}, {"status": 11}, {"cursor": "WzEsMl0"}, {"cursor": "x"})
    ]
    assert bad == [400, 400, 422, 422]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"from": "2026-01-01", "to": "2026-12-31"}, 422),
        ({"from": "2026-01-02", "to": "2026-01-01"}, 422),
        ({"from": "0001-01-01"}, 422),
        ({"from": "9999-12-31"}, 422),
    ],
)
async def test_a_period_is_in_order_and_not_too_long(
    tam_diep: Desk, asked: dict[str, str], status: int
) -> None:
    answer = await tam_diep.officer.get("/v1/staff/indicators/dossiers", **asked)

    assert answer.status_code == status, answer.text


async def test_what_has_no_end_is_late_once_its_promise_is_over(town: Town, tam_diep: Desk) -> None:
    ticket = await tam_diep.serving(await town.citizen())
    await hand_in(tam_diep, ticket, BIRTH)  # promised in a working day
    first = tam_diep.day

    async def share() -> tuple[int, int]:
        answer = await tam_diep.officer.get(
            "/v1/staff/indicators/dossiers", **{"from": first.isoformat(), "to": str(first + 30 * DAY)}
        )
        return answer.json()["on_time"]["numerator"], answer.json()["on_time"]["denominator"]

    today = await share()
    town.at(at_local(first + 20 * DAY, 9))

    assert (today, await share()) == ((1, 1), (0, 1))


async def test_where_somebody_of_phat_diem_may_hand_in_is_asked_before_the_way_is_made(
    town: Town, day: date
) -> None:
    async def where(procedure: str, **asked: str) -> list[str]:
        answer = await town.http.get(
            "/v1/centres", params={"procedure": procedure, "on": str(day), "limit": 50} | asked
        )
        assert answer.status_code == 200, answer.text
        return [centre["id"] for centre in answer.json()["items"]]

    anywhere = await where(BIRTH, commune=OF_PHAT_DIEM)
    inspected = await where(ADOPTION)
    there_only = await where(ADOPTION, commune=OF_PHAT_DIEM)
    nowhere = await where(ADOPTION, commune=WITHOUT_CENTRE)
    unknown = await town.http.get("/v1/centres", params={"procedure": BIRTH, "commune": "14503"})

    assert set(anywhere) == set(await where(BIRTH))
    assert {str(TAM_DIEP), str(PROVINCE)} <= set(anywhere)
    assert str(TAM_DIEP) in inspected
    assert (there_only, nowhere) == ([str(PHAT_DIEM)], [])
    assert (unknown.status_code, unknown.json()["code"]) == (422, "commune_unknown")
