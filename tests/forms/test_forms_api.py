"""The forms over HTTP: what they say, who gets them, and what is written down."""

import asyncio
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.core import journal
from app.core.database import DB
from app.core.links import tracking_token
from app.dossiers.queries import DossierRow
from app.forms import operations, qr, wording
from app.forms.editions import TITLES, Form
from app.forms.rules import DECISIONS
from app.http.principals import Caller
from app.sample import seed
from tests.forms.conftest import NUMBER, Read, taken
from tests.queue.conftest import MINH, Hall

TODAY = (Form.RECEIPT, Form.CONTROL_SLIP, Form.REGISTER)


@pytest.fixture
async def minh(sign_in: Any) -> dict[str, str]:
    """An officer of the dossier's centre."""
    signed = await sign_in(Caller.OFFICER, subject_id=MINH, centre_id=seed.DEMO_CENTRE_ID)
    return dict(signed.headers)


def path(dossier: DossierRow, form: str) -> str:
    return f"/v1/staff/dossiers/{dossier.number}/forms/{form}.pdf"


async def printed(client: httpx.AsyncClient, dossier: DossierRow, form: Form, minh: dict[str, str]) -> Read:
    answer = await client.get(path(dossier, form.value), headers=minh)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    assert answer.headers["cache-control"] == "no-store"
    return Read(answer.content)


async def code_of(dossier: DossierRow, now: datetime) -> str:
    """The picture in the corner of its receipt."""
    sheet = await operations.prepare(
        number=dossier.number, form=Form.RECEIPT, centre_id=dossier.centre_id, now=now
    )
    return str(sheet.facts["head"]["qr"])


async def test_the_receipt_says_what_was_handed_in_and_what_was_promised(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str]
) -> None:
    read = await printed(client, dossier, Form.RECEIPT, minh)

    for fact in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập – Tự do – Hạnh phúc",
        "ỦY BAN NHÂN DÂN PHƯỜNG HOA LƯ",
        dossier.number,
        "NGUYỄN THỊ LAN",
        "0912 345 678",
        NUMBER,
        dossier.procedure_code,
        f"Thời gian nhận hồ sơ: {wording.moment(dossier.accepted_at)}",
        f"Thời gian trả kết quả: {wording.moment(dossier.due_at)}",
        "số thứ tự 1.",
        "NGƯỜI NỘP HỒ SƠ",
        "NGƯỜI TIẾP NHẬN HỒ SƠ",
        "Trường hợp miễn, giảm:",
    ):
        assert read.says(fact), fact
    record = await operations.record_of(dossier)
    assert record.procedure is not None
    assert read.says(f"1{record.procedure.papers[0].name_vi}1–2–")
    assert read.says(record.procedure.fee_vi)
    assert read.says(record.officers[str(MINH)])


@pytest.mark.parametrize("form", TODAY)
async def test_a_form_can_be_heard(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str], form: Form
) -> None:
    """PDF/UA-1 as far as it can be seen from outside; the typesetter refuses what it can check itself."""
    read = await printed(client, dossier, form, minh)

    assert read.root["/MarkInfo"]["/Marked"]
    assert read.root["/Lang"] == "vi-VN"
    assert read.root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert read.pdf.metadata is not None
    assert read.pdf.metadata.title == TITLES[form]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in read.root["/Metadata"].get_data()
    assert read.structure() >= {"/H1", "/P", "/Table", "/TR", "/TH", "/TD"}
    assert read.scopes() == {"/Column"}
    assert read.unmarked() == []
    told = [f"Mã QR của hồ sơ {dossier.number}"] if form is not Form.REGISTER else []
    assert read.alternatives() == told
    for page in read.pdf.pages:
        fonts = page["/Resources"]["/Font"].values()
        assert all("/FontFile" in str(_descriptor(font)) for font in fonts), "a font is not inside"


def _descriptor(font: Any) -> Any:
    return font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()


async def test_the_control_slip_says_who_did_what_and_for_how_long(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str]
) -> None:
    read = await printed(client, dossier, Form.CONTROL_SLIP, minh)

    assert read.says("PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ")
    record = await operations.record_of(dossier)
    assert read.says(
        f"1{record.officers[str(MINH)]}Được tiếp nhận{wording.short_moment(dossier.accepted_at)}"
    )
    assert read.says("☐Trước hạn☐Đúng hạn☐Quá hạn")


async def test_the_register_has_a_line_a_dossier_in_order_of_acceptance(
    client: httpx.AsyncClient,
    open_hall: Hall,
    now: datetime,
    minh: dict[str, str],
) -> None:
    first = await taken(open_hall, now)
    second = await taken(open_hall, now, name="Trần Văn Tú", return_mode="home")
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE dossier SET accepted_at = accepted_at - interval '3 days' WHERE id = $1",
        (await taken(open_hall, now, name="Lê Hôm Trước")).id,
    )

    read = await printed(client, second, Form.REGISTER, minh)

    assert read.says("tờ 1 / 1, cả ngày 2 hồ sơ")
    assert read.says("Trần Văn Tú")
    assert not read.says("Lê Hôm Trước")
    assert read.words.index(first.number.replace(" ", "")) < read.words.index(second.number)
    assert not read.says(NUMBER)


@pytest.mark.parametrize("form", DECISIONS)
async def test_a_form_with_nothing_to_say_is_not_printed(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str], form: Form
) -> None:
    answer = await client.get(path(dossier, form.value), headers=minh)

    told = answer.json()
    assert (told["status"], told["code"], told["form"], told["dossier_status"]) == (
        409,
        "form_not_fitting",
        form.value,
        2,
    )


@pytest.mark.parametrize("name", ["00", "08", "1", "01.pdf", "%2e%2e%2f01", "sheet", "0١"])
async def test_there_is_no_other_form(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str], name: str
) -> None:
    answer = await client.get(path(dossier, name), headers=minh)

    assert answer.status_code == 404


async def test_an_officer_of_another_centre_finds_nothing(
    client: httpx.AsyncClient, dossier: DossierRow, sign_in: Any
) -> None:
    other = await sign_in(Caller.CENTRE_LEADER, Caller.OFFICER, centre_id=uuid.uuid4())

    for form in Form:
        answer = await client.get(path(dossier, form.value), headers=other.headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "dossier_not_found")
    for number in ("H42.99-261127-0001", "'; DROP TABLE dossier; --", "x" * 300):
        answer = await client.get(f"/v1/staff/dossiers/{number}/forms/01.pdf", headers=other.headers)
        assert answer.status_code == 404


@pytest.mark.parametrize("caller", [Caller.CITIZEN, Caller.PARTNER, Caller.MONITOR, Caller.DISPATCHER])
async def test_nobody_else_gets_a_form(
    client: httpx.AsyncClient, dossier: DossierRow, sign_in: Any, caller: Caller
) -> None:
    other = await sign_in(caller, centre_id=dossier.centre_id)

    assert (await client.get(path(dossier, "01"), headers=other.headers)).status_code in {401, 403}
    assert (await client.get(path(dossier, "01"))).status_code == 401


async def test_every_printing_is_written_down_without_the_number_it_showed(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str]
) -> None:
    await printed(client, dossier, Form.RECEIPT, minh)
    await client.get(path(dossier, "03"), headers=minh)

    lines = [line for line in await journal.about(str(dossier.id)) if line.action == "form.printed"]
    [line] = lines
    assert (line.actor_kind, line.actor_id, line.detail) == (
        "officer",
        str(MINH),
        {"number": dossier.number, "form": "01", "edition": "tt03_2025"},
    )


async def test_what_a_courier_carries_shows_neither_number_nor_name_in_its_code(
    open_hall: Hall,
    now: datetime,
    client: httpx.AsyncClient,
    minh: dict[str, str],
) -> None:
    dossier = await taken(open_hall, now, return_mode="home")

    assert await code_of(dossier, now) == qr.picture(tracking_token("dossier", dossier.id))
    read = await printed(client, dossier, Form.RECEIPT, minh)
    assert read.says("037*****9991")
    assert not read.says(NUMBER)


async def test_the_official_code_says_what_the_law_asks_for(dossier: DossierRow, now: datetime) -> None:
    said = f"{dossier.number}|{dossier.procedure_code}|{NUMBER}|Giấy tiếp nhận hồ sơ và hẹn trả kết quả"

    assert await code_of(dossier, now) == qr.picture(said)


async def test_a_dossier_of_before_the_first_edition_has_no_form(
    client: httpx.AsyncClient, dossier: DossierRow, minh: dict[str, str]
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "UPDATE dossier SET accepted_at = '2025-09-14T10:00:00+07:00' WHERE id = $1", dossier.id
    )

    answer = await client.get(path(dossier, "01"), headers=minh | {"Accept-Language": "en"})

    assert (answer.status_code, answer.json()["code"]) == (409, "form_not_in_force")
    assert "2025-09-14" in answer.json()["detail"]


async def test_a_server_at_work_prints_to_several_at_once(
    served: str, dossier: DossierRow, minh: dict[str, str]
) -> None:
    """Another event loop than here, and a server process with children of its own."""
    async with httpx.AsyncClient(base_url=served, headers=minh, timeout=30) as there:
        answers = await asyncio.gather(*(there.get(path(dossier, form.value)) for form in TODAY * 2))

    assert [answer.status_code for answer in answers] == [200] * 6
    assert all(Read(answer.content).says(dossier.number) for answer in answers)
