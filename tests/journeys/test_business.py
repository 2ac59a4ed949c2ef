"""Story 22: an accountant books for a company that delegated her, and hands in two dossiers at once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from tests.journeys.conftest import Person, Town
from tests.journeys.test_reuse import Desk

CHANGE, PAUSE = "2.000720", "1.001570"  # thay đổi đăng ký kinh doanh; tạm ngừng kinh doanh
COMPANY, WRONG_DIGIT, OTHER_COMPANY = "0100109106", "0100109107", "0101243150"
DIRECTOR, ACCOUNTANT, STRANGER = "+84912000001", "+84912000002", "+84912000003"
OF_BUSINESSES = 6  # the last counter of the ward: land and business
HALF_AN_HOUR = timedelta(minutes=30)


class Company:
    """A company with its director, registered at a counter, and its accountant, delegated by him."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def begin(self) -> "Company":
        self.officer = await self.town.officer()
        self.director = await self.town.citizen(DIRECTOR)
        self.accountant = await self.town.citizen(ACCOUNTANT)
        noted = await self.officer.post(
            "/v1/staff/delegations",
            {
                "tax_code": "0100109106",
                "name": "Công ty TNHH Cúc Phương",
                "phone": DIRECTOR,
                "role": "representative",
                "reference": "GCN 0100109106 ngày 01/7/2025",
            },
        )
        assert noted.status_code == 201, noted.text
        granted = await self.director.post(
            f"/v1/me/businesses/{COMPANY}/delegations", {"phone": ACCOUNTANT}
        )
        assert granted.status_code == 201, granted.text
        self.delegation: dict[str, Any] = granted.json()
        return self

    def wish(self, starts_at: datetime, tax_code: str = COMPANY) -> dict[str, Any]:
        """Two dossiers in one visit."""
        items = [{"procedure": code, "quantity": 1} for code in (CHANGE, PAUSE)]
        return self.town.wish(starts_at) | {"items": items, "tax_code": tax_code}

    async def booked(self, starts_at: datetime) -> dict[str, Any]:
        held = await self.accountant.post("/v1/appointments", self.wish(starts_at))
        assert held.status_code == 201, held.text
        confirmed = await self.accountant.post(f"/v1/appointments/{held.json()['id']}/confirm", {})
        assert confirmed.status_code == 200, confirmed.text
        found: dict[str, Any] = confirmed.json()
        return found

    async def seen_by(self, person: Person, what: str) -> list[dict[str, Any]]:
        """What a person finds among the company's, and that it is none of their own."""
        own, answer = await person.get(f"/v1/{what}"), await person.get(f"/v1/{what}", tax_code=COMPANY)
        assert answer.status_code == 200, answer.text
        assert own.json()["items"] == []
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
async def company(town: Town, day: date) -> Company:
    return await Company(town).begin()


async def test_an_accountant_books_two_dossiers_in_one_block_of_half_an_hour(
    town: Town, day: date, company: Company
) -> None:
    appointment = await company.booked(at_local(day, 9))

    starts, ends = (datetime.fromisoformat(appointment[field]) for field in ("starts_at", "ends_at"))
    assert (starts, ends - starts) == (at_local(day, 9), HALF_AN_HOUR)
    assert [item["procedure"] for item in appointment["items"]] == [CHANGE, PAUSE]
    assert (appointment["status"], appointment["tax_code"]) == ("confirmed", COMPANY)
    assert appointment["reference"] in (await town.texts(ACCOUNTANT))[-1]
    for person in (company.director, company.accountant):
        assert await company.seen_by(person, "appointments") == [appointment]


async def test_a_wrong_check_digit_is_refused_in_plain_words_and_a_strangers_company_is_not_there(
    town: Town, day: date, company: Company
) -> None:
    stranger = await town.citizen(STRANGER)
    at_nine = at_local(day, 9)
    said = {}
    for language in ("vi", "en"):
        company.accountant.headers["Accept-Language"] = language
        refused = await company.accountant.post("/v1/appointments", company.wish(at_nine, WRONG_DIGIT))
        assert (refused.status_code, refused.json()["code"]) == (422, "tax_code_check_digit")
        assert refused.json()["errors"][0]["pointer"] == "/tax_code"
        assert WRONG_DIGIT not in refused.text
        said[language] = refused.json()["detail"]

    assert "chữ số kiểm tra" in said["vi"]
    assert "check digit" in said["en"]
    for person, tax_code in ((stranger, COMPANY), (company.accountant, OTHER_COMPANY)):
        answers = [
            await person.post("/v1/appointments", company.wish(at_nine, tax_code)),
            await person.get("/v1/appointments", tax_code=tax_code),
        ]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [
            (404, "business_not_found")
        ] * 2
    held = await company.accountant.post("/v1/appointments", company.wish(at_nine))
    path = f"/v1/appointments/{held.json()['id']}"
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/confirm", {})).status_code == 404
    assert (await stranger.post(f"{path}/cancel", {})).status_code == 404
    assert (await company.accountant.get(path)).json()["status"] == "held"


async def test_what_the_company_has_is_gone_for_the_accountant_once_she_is_revoked(
    town: Town, day: date, company: Company
) -> None:
    appointment = await company.booked(at_local(day, 9))

    ended = await company.director.post(f"/v1/me/delegations/{company.delegation['id']}/revoke")

    assert ended.status_code == 200, ended.text
    path = f"/v1/appointments/{appointment['id']}"
    refused = [
        await company.accountant.get("/v1/appointments", tax_code=COMPANY),
        await company.accountant.get(path),
        await company.accountant.get(f"{path}/calendar.ics"),
        await company.accountant.post(f"{path}/cancel", {}),
        await company.accountant.post(f"{path}/check-in"),
        await company.accountant.post("/v1/appointments", company.wish(at_local(day, 10))),
    ]
    assert [answer.status_code for answer in refused] == [404] * 6
    assert (await company.accountant.get("/v1/appointments")).json()["items"] == []
    assert await company.seen_by(company.director, "appointments") == [appointment]
    cancelled = await company.director.post(f"{path}/cancel", {})
    assert cancelled.json()["status"] == "cancelled"
    assert appointment["reference"] in (await town.texts(DIRECTOR))[-1]


class TwoDossiers:
    """The accountant at the counter: two dossiers of the company are accepted, one has its result."""

    def __init__(self, company: Company, desk: Desk) -> None:
        self.company, self.desk = company, desk

    async def begin(self) -> "TwoDossiers":
        self.ticket = await self.desk.serving_appointment(
            self.company.accountant, await self.company.booked(at_local(self.desk.day, 9))
        )
        accepted = [await self.desk.accept(code, self.ticket, phone=ACCOUNTANT) for code in (CHANGE, PAUSE)]
        assert [answer.status_code for answer in accepted] == [201, 201], accepted[0].text
        self.change, self.pause = (answer.json() for answer in accepted)
        self.result = await self.desk.scan("result", dossier=self.change["number"])
        done = await self.desk.officer.post(
            f"/v1/staff/dossiers/{self.change['number']}/complete",
            {"result_document_id": self.result},
            version=self.change["version"],
        )
        assert done.status_code == 200, done.text
        return self


@pytest.fixture
async def handed_in(town: Town, day: date, company: Company) -> TwoDossiers:
    return await TwoDossiers(company, await Desk(town, day, number=OF_BUSINESSES).begin()).begin()


async def test_both_dossiers_are_the_companys_and_whoever_acts_for_it_follows_them(
    handed_in: TwoDossiers, company: Company
) -> None:
    numbers = [handed_in.pause["number"], handed_in.change["number"]]
    assert {handed_in.pause["tax_code"], handed_in.change["tax_code"]} == {COMPANY}

    for person in (company.accountant, company.director):
        assert [each["number"] for each in await company.seen_by(person, "dossiers")] == numbers
        assert [each["id"] for each in await company.seen_by(person, "documents")] == [handed_in.result]
        assert (await person.get(f"/v1/dossiers/{numbers[0]}")).status_code == 200
        content = await person.get(f"/v1/documents/{handed_in.result}/content")
        assert (content.status_code, content.headers["content-type"]) == (200, "application/pdf")


async def test_dossiers_and_results_are_gone_with_the_delegation_and_so_are_messages(
    town: Town, handed_in: TwoDossiers, company: Company
) -> None:
    told = await town.texts_later(ACCOUNTANT)
    assert any(handed_in.pause["number"] in text for text in told)
    await company.accountant.post(f"/v1/me/delegations/{company.delegation['id']}/revoke")

    refused = [
        await company.accountant.get(path, **params)
        for path, params in (
            ("/v1/dossiers", {"tax_code": COMPANY}),
            ("/v1/documents", {"tax_code": COMPANY}),
            (f"/v1/dossiers/{handed_in.change['number']}", {}),
            (f"/v1/documents/{handed_in.result}", {}),
            (f"/v1/documents/{handed_in.result}/content", {}),
            (f"/v1/documents/{handed_in.result}/reads", {}),
        )
    ]
    stopped = await handed_in.desk.officer.post(
        f"/v1/staff/dossiers/{handed_in.pause['number']}/supplement",
        {"reason": "Thiếu nghị quyết của hội đồng thành viên"},
        version=handed_in.pause["version"],
    )

    assert [answer.status_code for answer in refused] == [404] * 6
    assert stopped.status_code == 200, stopped.text
    assert await town.texts_later(ACCOUNTANT) == told
    assert handed_in.pause["number"] in (await town.texts(DIRECTOR))[-1]


async def test_the_persons_own_dossier_from_the_same_ticket_stays_theirs(
    handed_in: TwoDossiers, company: Company
) -> None:
    desk, applicant = handed_in.desk, {"name": "Trần Thị Hoa", "citizen_number": "037190999123"}
    body = {"procedure": CHANGE, "ticket_id": handed_in.ticket["id"]}

    mixed = await desk.officer.post("/v1/staff/dossiers", body | {"applicant": applicant})
    mistyped = await desk.officer.post(
        "/v1/staff/dossiers", body | {"applicant": {"name": "Công ty", "tax_code": WRONG_DIGIT}}
    )
    own = await desk.officer.post(
        "/v1/staff/dossiers", body | {"applicant": applicant | {"tax_code": None}}
    )

    assert (mixed.status_code, mixed.json()["code"]) == (422, "applicant_is_business")
    assert (mistyped.status_code, mistyped.json()["code"]) == (422, "tax_code_check_digit")
    assert own.status_code == 201, own.text
    assert own.json()["tax_code"] is None
    mine = (await company.accountant.get("/v1/dossiers")).json()["items"]
    assert [each["number"] for each in mine] == [own.json()["number"]]
    assert (await company.director.get(f"/v1/dossiers/{own.json()['number']}")).status_code == 404
