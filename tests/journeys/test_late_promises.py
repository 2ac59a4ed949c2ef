"""Stories 19 and 21: what a second supplement costs, and a promise that cannot be kept."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.centres import queries as centres
from app.core.clock import at_local
from app.http.principals import Caller
from jobs.schedules import warn_of_promises
from tests.forms.conftest import Read
from tests.journeys.conftest import LAN, Person, Town
from tests.journeys.test_reuse import Desk

MATERNITY = "2.000693"
DAY = timedelta(days=1)


class Office:
    """Lan's dossier at Hoa Lư, an officer and the leader there."""

    def __init__(self, desk: Desk, leader: Person, dossier: dict[str, Any]) -> None:
        self.town, self.desk, self.leader, self.dossier = desk.town, desk, leader, dossier

    async def ask(self, who: Person, route: str, body: Any = None) -> Any:
        return await who.post(
            f"/v1/staff/dossiers/{self.dossier['number']}/{route}", body, version=self.dossier["version"]
        )

    async def does(self, who: Person, route: str, body: Any = None) -> dict[str, Any]:
        answer = await self.ask(who, route, body)
        assert answer.status_code == 200, answer.text
        self.dossier = answer.json()
        return self.dossier

    async def words(self, who: Person, body: dict[str, Any]) -> Any:
        answer = await self.town.http.put(
            f"/v1/staff/dossiers/{self.dossier['number']}/apology",
            json=body,
            headers=who.headers | {"If-Match": f'"{self.dossier["version"]}"'},
        )
        if answer.status_code == 200:
            self.dossier = answer.json()
        return answer

    async def due(self) -> dict[str, Any]:
        """The dossier in the list of what is due, once the clock was looked at; nothing when it is not."""
        await warn_of_promises({})
        items = (await self.officer.get("/v1/staff/due-dossiers")).json()["items"]
        return next((item for item in items if item["number"] == self.dossier["number"]), {})

    async def apology(self) -> Read:
        answer = await self.officer.get(f"/v1/staff/dossiers/{self.dossier['number']}/forms/04.pdf")
        assert answer.status_code == 200, answer.text
        return Read(answer.content)

    @property
    def officer(self) -> Person:
        return self.desk.officer

    @property
    def promised(self) -> datetime:
        return datetime.fromisoformat(self.dossier["promised_at"])


@pytest.fixture
async def office(town: Town, day: date) -> Office:
    desk = await Desk(town, day).begin()
    desk.officer = await town.officer()
    ticket = await desk.serving(await town.citizen())
    answer = await desk.accept(MATERNITY, ticket)
    assert answer.status_code == 201, answer.text
    return Office(desk, await town.officer(Caller.CENTRE_LEADER), answer.json())


async def before(day: date, working_days: int) -> date:
    """So many working days before."""
    calendar = await centres.load_working_calendar()
    while working_days:
        day -= DAY
        working_days -= calendar.is_working_day(day)
    return day


async def test_story_19_a_second_supplement_is_warned_of_needs_a_leader_and_stops_no_clock(
    office: Office, day: date
) -> None:
    town, first = office.town, office.promised
    calendar = await centres.load_working_calendar()
    town.at(began := at_local(day, 14))
    await office.does(office.officer, "supplement", {"reason": "Thiếu giấy ra viện."})
    town.at(ended := at_local(calendar.next_working_day(day), 10))
    await office.does(office.officer, "supplement-received")
    once = office.promised

    refused = await office.ask(office.officer, "supplement", {"reason": "Thiếu chữ ký."})
    office.officer.headers["Accept-Language"] = "en"
    in_english = await office.ask(office.officer, "supplement", {"reason": "Thiếu chữ ký."})
    unsaid = await office.ask(office.leader, "supplement", {"reason": "  "})
    town.at(at_local(calendar.next_working_day(day), 11))
    second = await office.does(office.leader, "supplement", {"reason": "Thiếu chữ ký."})
    town.at(at_local(calendar.next_working_day(day) + 7 * DAY, 11))
    after = await office.does(office.officer, "supplement-received")

    assert (refused.status_code, refused.json()["code"]) == (409, "second_supplement")
    assert "bị tính là trễ hạn trong điểm quốc gia" in refused.json()["detail"]
    assert "counts as late in the national score" in in_english.json()["detail"]
    assert unsaid.json()["code"] == "reason_missing"
    paused = calendar.worked(began, ended)
    assert paused == timedelta(hours=6)
    assert abs(once - calendar.add_worked(first, paused)) < timedelta(minutes=1)
    assert office.promised == once, "the second one stopped no clock"
    assert [pause["stops_clock"] for pause in after["supplements"]] == [True, False]
    assert (second["counts_as_late"], second["supplement_count"]) == (True, 2)
    assert [each["counts_as_late"] for each in after["decisions"]] == [False, True]
    figures = (
        await office.leader.get(
            "/v1/staff/indicators/dossiers", **{"from": str(day), "to": str(day + 30 * DAY)}
        )
    ).json()
    assert figures["on_time"] == {"numerator": 0, "denominator": 1, "value": 0.0}


async def test_story_21_who_is_warned_and_when_and_what_is_sent_once_it_is_signed(office: Office) -> None:
    town, promised = office.town, office.promised
    last = promised.date()
    two, one = await before(last, 2), await before(last, 1)
    at_three = at_local(await before(last, 3), 8)
    town.at(at_three)
    nobody = await office.due()
    town.at(at_local(two, 8))
    officer = await office.due()
    early = await office.words(office.officer, {"reason": "x", "promised_at": promised.isoformat()})
    town.at(at_local(one, 8))
    leader = await office.due()
    town.at(min(at_local(last, 7, 30), promised - timedelta(minutes=1)))
    drafted = await office.due()

    assert nobody == {}
    assert (officer["state"], bool(officer["officer_warned_at"]), officer["leader_warned_at"]) == (
        "due_soon",
        True,
        None,
    )
    assert (early.status_code, early.json()["code"]) == (409, "apology_not_drafted")
    assert bool(leader["leader_warned_at"])
    assert leader["apology_draft"] is None
    assert (drafted["state"], drafted["apology_draft"]["reason"]) == ("due_today", "")

    # On the day: its reason and its new date are written, a leader signs, and only then is it told.
    unsigned = await office.ask(office.leader, "apology/sign")
    calendar = await centres.load_working_calendar()
    later = calendar.add(promised, working_days=2)
    wrong = await office.words(office.officer, {"reason": "x", "promised_at": promised.isoformat()})
    texts = await town.texts_later(LAN)
    told = await office.words(
        office.officer, {"reason": "Chờ cơ quan phối hợp trả lời.", "promised_at": later.isoformat()}
    )
    draft = await office.apology()
    nothing_yet = await town.texts(LAN)
    not_hers = await office.ask(office.officer, "apology/sign")
    signed = await office.does(office.leader, "apology/sign")

    assert (unsigned.status_code, unsigned.json()["code"]) == (422, "reason_missing")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "promised_date_not_valid")
    assert told.status_code == 200, told.text
    assert draft.says("(Dự thảo)")
    assert draft.says("Chờ cơ quan phối hợp trả lời.")
    assert nothing_yet == texts
    assert not_hers.status_code == 403
    assert (office.promised, signed["extension_count"], signed["extended_again"]) == (later, 1, False)
    letter = await office.apology()
    assert letter.says("Chờ cơ quan phối hợp trả lời.")
    assert not letter.says("(Dự thảo)")
    assert await office.due() == {} or (await office.due())["apology_draft"] is None
    town.at(at_local(last, 9))
    [sms] = (await town.texts_later(LAN))[len(texts) :]
    assert office.dossier["number"] in sms

    # A second time an officer cannot; a leader can, and it is flagged.
    again = {"reason": "Vẫn chờ.", "promised_at": calendar.add(later, working_days=2).isoformat()}
    refused = await office.ask(office.officer, "extend", again)
    twice = await office.does(office.leader, "extend", again)
    assert (refused.status_code, refused.json()["code"]) == (409, "second_extension")
    assert (twice["extension_count"], twice["extended_again"]) == (2, True)
