"""Story 22: an accountant books for a company that delegated her, and hands in two dossiers at once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import at_local
from tests.journeys.conftest import Person, Town

CHANGE, PAUSE = "2.000720", "1.001570"  # thay đổi đăng ký kinh doanh; tạm ngừng kinh doanh
COMPANY, WRONG_DIGIT, OTHER_COMPANY = "0100109106", "0100109107", "0101243150"
DIRECTOR, ACCOUNTANT, STRANGER = "+84912000001", "+84912000002", "+84912000003"
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
