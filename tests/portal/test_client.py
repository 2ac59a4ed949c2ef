"""The client against shapes of the older contract as recorded, and what it makes of odd answers."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.crypto import Secret
from app.dossiers.exchange import Exchanged, PaidFee, Paper, Step, Supplement
from app.dossiers.states import Status
from app.settings import PortalSettings
from partners.portal.client import SERVICE_PATH, SIGN_IN_PATH, HttpPortal
from partners.portal.emulator.book import DONE, OUT_OF_ORDER, REPEATED, Book
from partners.portal.port import PortalRefused, PortalUnavailable
from partners.portal.wire import progress, record

RECORDED = Path(__file__).parent / "recorded"
SETTINGS = PortalSettings("https://portal.test", "H42", "motcua", Secret("secret"))
# 08:30 on Monday 30 November 2026 in Việt Nam.
MORNING = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)

DOSSIER = Exchanged(
    id=uuid.UUID(int=1),
    number="H42.10-261130-0001",
    procedure_code="2.000815",
    procedure_name="Chứng thực bản sao từ bản chính",
    sector="chung_thuc",
    centre_name="Trung tâm Phục vụ hành chính công phường Hoa Lư",
    channel="postal",
    return_mode="home",
    applicant_name="Nguyễn Thị Lan",
    applicant_phone="+84912345678",
    citizen_number="037190999123",
    tax_code=None,
    accepted_at=MORNING,
    due_at=MORNING.replace(hour=10),
    returned_at=None,
    result_name="Bản sao được chứng thực",
    result_code=None,
    has_result=True,
    papers=[
        Paper(1, None, "Bản chính", 1, 0, 2, digitised=True),
        Paper(2, "GT.000124", "Giấy khai sinh", 0, 0, 0, False, 2, True, "KQ.G15.000031"),
    ],
    steps=[
        Step(Status.ACCEPTED, MORNING, "Minh"),
        Step(Status.SUPPLEMENT, MORNING.replace(hour=2), "Minh"),
        Step(Status.PROCESSING, MORNING.replace(hour=3), "Minh"),
        Step(Status.DONE, MORNING.replace(hour=4), "Minh"),
    ],
    supplements=[
        Supplement(
            MORNING.replace(hour=2),
            MORNING.replace(hour=3),
            MORNING.replace(hour=9),
            MORNING.replace(hour=10),
        )
    ],
    fees=[PaidFee("NB/26-0000017", 6_000)],
)


class Wire:
    """Answers as recorded, and keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Any]] = []
        self.signed_in = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        if request.url.path == SIGN_IN_PATH:
            self.signed_in += 1
            return httpx.Response(200, json=recorded("login_answer"))
        self.asked.append((request.url.path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    def portal(self) -> HttpPortal:
        return HttpPortal(httpx.AsyncClient(transport=httpx.MockTransport(self)), SETTINGS)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


Call = Callable[[HttpPortal], Any]
CALLS: dict[str, Call] = {
    "DongBoHoSoMC_new": lambda portal: portal.put(DOSSIER, status=Status.ACCEPTED, known=False),
    "DongBoHoSoMC_known": lambda portal: portal.put(DOSSIER, status=Status.DONE, known=True),
    "CapNhatTienDoHoSoMC": lambda portal: portal.step(DOSSIER, DOSSIER.steps[2]),
    "TraCuuHoSo": lambda portal: portal.status_of(DOSSIER.number),
}


@pytest.mark.parametrize("name", CALLS)
async def test_a_request_is_as_recorded(name: str) -> None:
    wire = Wire(recorded("TraCuuHoSo_answer") if name == "TraCuuHoSo" else {"error_code": "00"})

    await CALLS[name](wire.portal())

    assert wire.asked == [(SERVICE_PATH, recorded(name))]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (recorded("TraCuuHoSo_answer"), 4),
        ({"error_code": "00", "result": [{"MaHoSo": DOSSIER.number, "TrangThaiHoSo": 9}]}, 9),
        ({"error_code": 0, "result": []}, None),
        ({"error_code": 0, "result": None, "message": "?"}, None),
        ({"error_code": 0}, None),
        ({"error_code": 0, "result": [{"MaHoSo": "H42.10-261130-9999", "TrangThaiHoSo": "4"}]}, None),
    ],
)
async def test_what_a_look_up_says(answer: Any, status: int | None) -> None:
    assert await Wire(answer).portal().status_of(DOSSIER.number) == status


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
        httpx.Response(200, content=b"<html>\xff"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"error_code": None}),
        httpx.Response(200, content=b'{"error_code": "00", "result": "' + b"x" * 1_000_001 + b'"}'),
        {"error_code": 0, "result": [{"MaHoSo": DOSSIER.number, "TrangThaiHoSo": "chín"}]},
    ],
)
async def test_an_answer_nobody_understands_is_no_answer(answer: Any) -> None:
    with pytest.raises(PortalUnavailable):
        await Wire(answer).portal().status_of(DOSSIER.number)


async def test_one_session_serves_many_and_a_refused_one_is_asked_for_anew() -> None:
    wire = Wire({"error_code": "00"}, {"error_code": "00"}, {"error_code": "01"}, {"error_code": "00"})
    portal = wire.portal()
    for _ in range(2):
        await portal.step(DOSSIER, DOSSIER.steps[1])
    assert wire.signed_in == 1

    await portal.step(DOSSIER, DOSSIER.steps[2])

    assert wire.signed_in == 2
    assert len(wire.asked) == 4


async def test_a_refusal_says_the_code_and_nobodys_name() -> None:
    wire = Wire({"error_code": "05", "message": f"Sai: {DOSSIER.applicant_name} {DOSSIER.citizen_number}"})
    with pytest.raises(PortalRefused) as refusal:
        await wire.portal().put(DOSSIER, status=Status.ACCEPTED, known=False)
    assert str(refusal.value) == "the portal refused DongBoHoSoMC with error_code 05"


def test_a_correction_takes_the_end_of_processing_back() -> None:
    taken_back = DOSSIER._replace(
        steps=[*DOSSIER.steps, Step(Status.PROCESSING, MORNING.replace(hour=5), "Minh")]
    )
    done_again = taken_back._replace(
        steps=[
            *taken_back.steps,
            Step(Status.DONE, MORNING.replace(hour=6), "Minh"),
            Step(Status.RETURNED, MORNING.replace(hour=7), "Minh"),
        ]
    )
    ends = [
        record(dossier, Status.DONE)["NgayKetThucXuLy"] for dossier in (DOSSIER, taken_back, done_again)
    ]
    assert ends == ["20261130113000", "", "20261130133000"]


def test_a_business_is_told_under_its_tax_code() -> None:
    told = record(DOSSIER._replace(tax_code="0101243150"), Status.DONE)
    assert (told["LoaiDoiTuong"], told["SoGiayToChuHoSo"]) == ("2", "0101243150")


def test_what_is_only_registered_has_no_promise_yet() -> None:
    registered = DOSSIER._replace(due_at=None, steps=[Step(Status.NEW, MORNING, "Minh")])
    assert record(registered, Status.NEW)["NgayHenTra"] == ""


def test_the_emulator_refuses_what_comes_twice_or_out_of_order() -> None:
    book = Book()
    steps = [progress(DOSSIER, step) for step in DOSSIER.steps]
    assert book.synchronise([record(DOSSIER, Status.ACCEPTED)], is_updating=False) == DONE
    assert book.progress([steps[2]]) == DONE
    assert book.progress([steps[2]]) == REPEATED
    assert book.progress([steps[1]]) == OUT_OF_ORDER
    assert book.kept[DOSSIER.number].status == Status.PROCESSING
