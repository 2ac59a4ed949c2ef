"""Forms 02 to 05 say what an officer decided, in the officer's words; and only then."""

from datetime import date, datetime
from typing import Any, Final

import pytest

from app.core.clock import at_local
from app.core.database import DB
from app.dossiers.states import Status
from app.forms import wording
from app.forms.editions import TITLES, Form
from app.forms.rules import DECISIONS
from app.http.principals import Caller
from jobs.schedules import warn_of_promises
from tests.dossiers.conftest import Counter, it_is, working_moment
from tests.dossiers.test_clock import DAY, accepted, calendar, monday  # noqa: F401 - fixtures
from tests.forms.conftest import Read

WORDS: Final = 'Thiếu *Giấy chứng sinh*: #panic("x").\n\nBản sao trích lục đã hết hạn dùng.'
# Which move each form tells, and how far a dossier must be for it.
MADE: Final = {
    Form.SUPPLEMENT_REQUEST: (["accept"], "supplement"),
    Form.REFUSAL: ([], "refuse"),
    Form.APOLOGY: (["accept", "start"], "extend"),
    Form.STOP_NOTICE: (["accept", "start"], "stop"),
}


async def printed(counter: Counter, dossier: dict[str, Any], form: Form, who: str = "officer") -> Any:
    return await counter.http.get(
        f"/v1/staff/dossiers/{dossier['number']}/forms/{form.value}.pdf", headers=counter.people[who]
    )


async def decided(counter: Counter, form: Form, **body: Any) -> dict[str, Any]:
    before, move = MADE[form]
    dossier = await counter.moved(await counter.registered(), *before)
    return await counter.moved(dossier, move, reason=WORDS, **body)


@pytest.mark.parametrize("form", MADE)
async def test_a_notice_says_what_was_decided_and_why(counter: Counter, form: Form) -> None:
    dossier = await decided(counter, form)

    answer = await printed(counter, dossier, form)

    assert answer.status_code == 200, answer.text
    read = Read(answer.content)
    for fact in (
        TITLES[form].upper(),
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        dossier["number"],
        "NGUYỄN THỊ LAN",
        *wording.paragraphs(WORDS),
    ):
        assert read.says(fact), fact
    assert read.root["/Lang"] == "vi-VN"
    assert read.alternatives() == [f"Mã QR của hồ sơ {dossier['number']}"]
    assert read.structure() >= {"/H1", "/P"}
    assert read.unmarked() == []


@pytest.mark.parametrize("form", MADE)
async def test_no_other_notice_fits(counter: Counter, form: Form) -> None:
    dossier = await decided(counter, form)

    for other in DECISIONS.keys() - {form}:
        answer = await printed(counter, dossier, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "form_not_fitting"), other


async def test_the_apology_says_both_promises(counter: Counter) -> None:
    later = await working_moment(days=45)
    dossier = await counter.moved(await counter.registered(), "accept")
    before = datetime.fromisoformat(dossier["promised_at"])
    dossier = await counter.moved(dossier, "extend", reason=WORDS, promised_at=later.isoformat())

    read = Read((await printed(counter, dossier, Form.APOLOGY)).content)

    assert read.says(f"Thời gian hẹn trả kết quả: {wording.moment(before)}")
    assert read.says(f"sẽ trả kết quả vào: {wording.moment(later)}.")
    receipt = Read((await printed(counter, dossier, Form.RECEIPT)).content)
    assert receipt.says(f"Thời gian trả kết quả: {wording.moment(later)}")


async def test_a_promise_that_cannot_be_kept_has_its_apology_drafted_and_then_signed(
    counter: Counter,
    monday: date,  # noqa: F811
) -> None:
    dossier = await accepted(counter, monday)
    before = await printed(counter, dossier, Form.APOLOGY)
    it_is(at_local(monday + 7 * DAY, 8))
    await warn_of_promises({})
    (late,) = (await counter.http.get("/v1/staff/due-dossiers", headers=counter.people["officer"])).json()[
        "items"
    ]
    proposed = datetime.fromisoformat(late["apology_draft"]["proposed_promised_at"])

    draft = await printed(counter, dossier, Form.APOLOGY)
    later = at_local(monday + 10 * DAY, 9)
    dossier = await counter.moved(dossier, "extend", reason=WORDS, promised_at=later.isoformat())
    letter = await printed(counter, dossier, Form.APOLOGY)

    assert (before.status_code, before.json()["code"]) == (409, "form_not_fitting")
    assert draft.status_code == letter.status_code == 200
    assert Read(draft.content).says("(Dự thảo)")
    assert Read(draft.content).says(f"sẽ trả kết quả vào: {wording.moment(proposed)}.")
    assert Read(draft.content).unmarked() == []
    assert not Read(letter.content).says("(Dự thảo)")
    assert Read(letter.content).says(f"sẽ trả kết quả vào: {wording.moment(later)}.")


async def test_the_last_decision_of_its_kind_is_told(counter: Counter) -> None:
    dossier = await counter.moved(await counter.registered(), "accept")
    dossier = await counter.moved(dossier, "supplement", reason="Thiếu ảnh chân dung.")
    dossier = await counter.moved(dossier, "supplement-received")
    dossier = await counter.moved(dossier, "supplement", reason="Thiếu chữ ký.")

    read = Read((await printed(counter, dossier, Form.SUPPLEMENT_REQUEST)).content)

    assert read.says("Thiếu chữ ký.")
    assert not read.says("Thiếu ảnh chân dung.")


@pytest.mark.parametrize("form", [Form.RECEIPT, Form.CONTROL_SLIP, Form.REGISTER])
@pytest.mark.parametrize("status", ["1", "3", "7"])
async def test_what_was_not_accepted_has_no_receipt(counter: Counter, form: Form, status: str) -> None:
    dossier = await counter.brought_to(status)

    answer = await printed(counter, dossier, form)

    assert (answer.status_code, answer.json()["dossier_status"]) == (409, int(status))


async def test_what_was_only_registered_or_refused_has_no_line_in_the_register(counter: Counter) -> None:
    registered = await counter.registered()
    refused = await counter.brought_to("3")
    dossier = await counter.brought_to("2")

    read = Read((await printed(counter, dossier, Form.REGISTER)).content)

    assert read.says("tờ 1 / 1, cả ngày 1 hồ sơ")
    assert read.says(f"1{dossier['number']}")
    assert not read.says(registered["number"])
    assert not read.says(refused["number"])


@pytest.mark.parametrize("status", ["2", "4", "5 from 2", "5 from 4", "6", "8", "9", "10"])
async def test_what_was_accepted_has_a_receipt_a_slip_and_a_line(counter: Counter, status: str) -> None:
    dossier = await counter.brought_to(status)

    for form in (Form.RECEIPT, Form.CONTROL_SLIP, Form.REGISTER):
        answer = await printed(counter, dossier, form)
        assert answer.status_code == 200, answer.text
        if form is Form.CONTROL_SLIP:
            read = Read(answer.content)
            ticked = dossier["status"] in {Status.DONE, Status.RETURNED, Status.STOPPED}
            assert read.says("☑Trước hạn") == ticked


async def test_the_competent_centre_prints_the_dossier_and_not_the_others_of_that_day(
    counter: Counter,
) -> None:
    dossier = await counter.moved(await counter.registered(), "accept")
    [other] = await elsewhere(counter)
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE dossier SET competent_centre_id = $2 WHERE number = $1", dossier["number"], other["id"]
    )
    signed = await counter.sign_in(Caller.OFFICER, centre_id=other["id"])
    counter.people["there"] = signed.headers

    receipt = await printed(counter, dossier, Form.RECEIPT, "there")
    register = await printed(counter, dossier, Form.REGISTER, "there")

    assert receipt.status_code == 200
    assert Read(receipt.content).says(f"Cơ quan giải quyết: {other['name_vi']}")
    assert (register.status_code, register.json()["code"]) == (404, "form_not_found")


async def elsewhere(counter: Counter) -> list[Any]:
    assert DB.pool is not None
    return list(
        await DB.pool.fetch("SELECT id, name_vi FROM centre WHERE id <> $1 LIMIT 1", counter.hall.centre_id)
    )
