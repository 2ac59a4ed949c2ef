"""Story 23: a record of 2022 says "xã Gia Tân": which commune is that now? And 2022 stays 2022."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.centres import steps as centre_steps
from app.centres.queries import DayRow
from app.core.clock import current_time, machine_time
from app.core.database import DB, fetch
from app.core.operation import operation
from app.http.principals import Caller
from app.sample.files import sample_id
from tests.journeys.conftest import Person, Town
from tests.journeys.offices import PHAT_DIEM, PROVINCE, on_the_roster
from tests.journeys.test_hall import a_desk

GIA_VIEN = sample_id("centre", "MCH-373")  # a district's one-stop unit, until 30 June 2025
TAY_HOA_LU = sample_id("centre", "HCC-14533")
IDENTITY_CARD = "2.000200"
GIA_TAN, GIA_VAN, WEST = "14503", "14488", "14533"
MARCH_2022 = datetime(2022, 3, 15, 1, 30, tzinfo=UTC)  # 08:30 there, a Tuesday


@operation
async def the_calendar_of_2022() -> None:
    await centre_steps.put_days(
        [DayRow(date(2022, 4, 11), "holiday", "Giỗ Tổ", "Hung Kings", "seen", None, "Thông báo 2022")]
    )


async def officer_of(town: Town, centre_id: object, *roles: Caller) -> Person:
    signed_in = await town.sign_in(Caller.OFFICER, *roles, centre_id=centre_id)
    return Person(town.http, signed_in.headers)


@pytest.fixture
async def of_2022(town: Town) -> dict[str, Any]:
    """What was handed in at the district's counter in 2022, by somebody of xã Gia Tân."""
    town.centre_id = GIA_VIEN
    await the_calendar_of_2022()
    await on_the_roster(GIA_VIEN)
    town.at(MARCH_2022)
    minh, kiosk = await town.officer(), await town.kiosk()
    counter = await a_desk(town, minh)
    assert (await kiosk.post("/v1/device/tickets", {"procedures": [IDENTITY_CARD]})).status_code == 201
    called = (await minh.post(f"/v1/staff/counters/{counter}/next")).json()
    serving = await minh.post(f"/v1/staff/tickets/{called['id']}/start", version=called["version"])
    answer = await minh.post(
        "/v1/staff/dossiers",
        {
            "procedure": IDENTITY_CARD,
            "ticket_id": serving.json()["id"],
            "applicant": {"name": "Nguyễn Thị Lan"},
            "commune": GIA_TAN,
            "address": "Thôn Thiện Hối",
        },
    )
    assert answer.status_code == 201, answer.text
    town.at(machine_time())
    dossier: dict[str, Any] = answer.json()
    return dossier


async def opened(person: Person, dossier: dict[str, Any], whose: str = "staff/") -> dict[str, Any]:
    answer = await person.get(f"/v1/{whose}dossiers/{dossier['number']}/residence")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def figures(person: Person, year: int) -> dict[str, int]:
    answer = await person.get("/v1/staff/indicators/units", year=year)
    assert answer.status_code == 200, answer.text
    return {unit["name_vi"]: unit["received"] for unit in answer.json()["items"]}


async def test_gia_tan_is_asked_for_both_are_kept_and_2022_still_shows_the_district(
    town: Town, of_2022: dict[str, Any]
) -> None:
    an = await officer_of(town, TAY_HOA_LU)
    yen = Person(town.http, (await town.sign_in(Caller.MONITOR, centre_id=PROVINCE)).headers)
    before = await figures(yen, 2022)

    asked = await opened(an, of_2022)
    read = await an.get("/v1/communes", text="Thôn Thiện Hối, xã Gia Tân, huyện Gia Viễn")
    wrong = await an.post(f"/v1/staff/dossiers/{of_2022['number']}/residence", {"commune": "14620"})
    answer = await an.post(f"/v1/staff/dossiers/{of_2022['number']}/residence", {"commune": WEST})
    again = await an.post(f"/v1/staff/dossiers/{of_2022['number']}/residence", {"commune": WEST})

    assert (asked["then"]["name_vi"], asked["address"]) == ("Xã Gia Tân", "Thôn Thiện Hối")
    assert asked["now"] is None
    assert [unit["name_vi"] for unit in asked["belonged_to"]] == ["Huyện Gia Viễn", "Tỉnh Ninh Bình"]
    assert [(unit["code"], unit["name_vi"]) for unit in asked["candidates"]] == [
        (GIA_VAN, "Xã Gia Vân"),
        (WEST, "Phường Tây Hoa Lư"),
    ]
    assert [each["candidates"] for each in read.json()["items"]] == [asked["candidates"]]
    assert (wrong.status_code, wrong.json()["code"]) == (422, "commune_not_a_candidate")
    assert answer.status_code == again.status_code == 200, answer.text
    after = await opened(an, of_2022)
    assert (after["then"], after["belonged_to"]) == (asked["then"], asked["belonged_to"])
    assert (after["now"]["name_vi"], after["candidates"]) == ("Phường Tây Hoa Lư", [])
    assert after["answered_at"] is not None
    assert before == await figures(yen, 2022) == {"Xã Gia Tân": 1, "Huyện Gia Viễn": 1}
    assert await figures(yen, current_time().year) == {}
    lines = await fetch("SELECT 1 FROM journal WHERE action = 'dossier.residence_settled'")
    assert len(lines) == 1, "the same answer again changes nothing"


async def test_an_answer_may_be_put_right_and_its_owner_gives_it_too(
    town: Town, of_2022: dict[str, Any]
) -> None:
    lan, other = await town.citizen(), await town.citizen("+84912345670")
    assert DB.pool is not None
    account = await DB.pool.fetchval("SELECT id FROM phone_account WHERE phone = '+84912345678'")
    await DB.pool.execute(
        "UPDATE dossier SET citizen_id = $2 WHERE number = $1", of_2022["number"], account
    )
    path = f"/v1/dossiers/{of_2022['number']}/residence"

    first = await lan.post(path, {"commune": WEST})
    second = await lan.post(path, {"commune": GIA_VAN})
    strangers = [await other.get(path), await other.post(path, {"commune": WEST})]

    assert (first.status_code, first.json()["now"]["code"]) == (200, WEST)
    assert (second.status_code, second.json()["now"]["code"]) == (200, GIA_VAN)
    assert (await opened(lan, of_2022, whose=""))["then"]["name_vi"] == "Xã Gia Tân"
    assert [each.status_code for each in strangers] == [404, 404]


async def test_an_old_record_is_open_where_its_people_are_now_and_nowhere_else(
    town: Town, of_2022: dict[str, Any]
) -> None:
    path = f"/v1/staff/dossiers/{of_2022['number']}/residence"
    seen = {
        name: (await (await officer_of(town, centre)).get(path)).status_code
        for name, centre in {
            "tây hoa lư": TAY_HOA_LU,
            "province": PROVINCE,
            "phát diệm": PHAT_DIEM,
            "hoa lư": sample_id("centre", "HCC-14329"),
        }.items()
    }

    assert seen == {"tây hoa lư": 200, "province": 200, "phát diệm": 404, "hoa lư": 404}
    await (await officer_of(town, PROVINCE)).post(path, {"commune": GIA_VAN})
    assert (await (await officer_of(town, TAY_HOA_LU)).get(path)).status_code == 404


async def test_whoever_stays_in_one_commune_is_not_asked(town: Town, of_2022: dict[str, Any]) -> None:
    """Xã Gia Trấn became xã Gia Trấn, whole; the code of a unit does not tell it from the one before."""
    assert DB.pool is not None
    gia_tran = sample_id("unit", "14494@2021")
    await DB.pool.execute("UPDATE dossier_residence SET unit_id = $1", gia_tran)
    found = await opened(await officer_of(town, PROVINCE), of_2022)

    assert (found["then"]["code"], found["then"]["valid_to"]) == ("14494", "2025-06-30")
    assert (found["now"]["code"], found["now"]["valid_from"]) == ("14494", "2025-07-01")
    assert found["candidates"] == []


async def test_a_dossier_that_says_no_commune_says_so(town: Town, of_2022: dict[str, Any]) -> None:
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM dossier_residence")
    yen = Person(town.http, (await town.sign_in(Caller.MONITOR, centre_id=PROVINCE)).headers)
    answer = await (await officer_of(town, PROVINCE)).get(
        f"/v1/staff/dossiers/{of_2022['number']}/residence"
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "residence_unknown")
    assert await figures(yen, 2022) == {"Huyện Gia Viễn": 1}, "it counts where its centre is"


async def test_an_address_comes_with_its_commune(town: Town, of_2022: dict[str, Any]) -> None:
    town.centre_id = sample_id("centre", "HCC-14533")
    answer = await (await officer_of(town, TAY_HOA_LU)).post(
        "/v1/staff/dossiers",
        {
            "procedure": "1.001193",
            "ticket_id": str(GIA_VIEN),
            "applicant": {"name": "Nguyễn Thị Lan"},
            "address": "Thôn Thiện Hối",
        },
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "address_without_commune")
