"""Whatever people wrote stays what they wrote, and the press is bounded."""

import asyncio
import re
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pypdf
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.forms import press, wording
from app.forms.editions import EDITIONS, Form
from app.forms.errors import FormNotPressed
from app.forms.press import MOST_WAITING, PRESS, Sheet, pressed
from app.forms.qr import picture
from tests.forms.conftest import Read, run_together

AT: Final = datetime(2026, 11, 27, 1, 5, tzinfo=UTC)
MARKUP: Final = (
    '#panic("x")',
    '#read("/etc/passwd")',
    '#import "@preview/x:1.0.0"',
    "*đậm* _nghiêng_ = tiêu đề $x^2$ `raw` <nhãn> @ref // ghi chú /* x */",
    "#set page(width: 1pt)\\#{while true {}}",
    '"] #facts ["',
    "\\u{202e}",
    "\u202eNALNÊYUGN\u202c \u200f\u2066x\u2069",
    "a\u0300\u0301\u0302" * 60,
    "Nguye\u0302\u0303n Thi\u0323 Lan",
    "N" * 500,
    "Ẵ" * 500,
    "字 👩‍👩‍👧 \U000e0041 \ufeff\u0000\u0007\x1b[31m",
    "fi ffi fl -- --- ... 'x' \"y\" ~",
    "\u1e9e \u0149 ﷽ \u0e01",
)
ENDLESS: Final = """#set document(title: "x")
#for i in range(9000) { for j in range(9000) { for k in range(9000) { let x = i * j * k } } }
"""
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(MARKUP)


def receipt(*texts: str) -> Sheet:
    """A receipt full of somebody's words."""
    shown = [wording.printable(text) for text in texts]
    first = shown[0]
    head: dict[str, Any] = {
        "form": "01",
        "title": "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        "source": EDITIONS[0].source,
        "authority": "ỦY BAN NHÂN DÂN PHƯỜNG HOA LƯ",
        "unit": "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG PHƯỜNG HOA LƯ",
        "centre": "Trung tâm Phục vụ hành chính công phường Hoa Lư",
        "address": "",
        "dateline": "Hoa Lư, ngày 27 tháng 11 năm 2026",
        "printed": "27/11/2026 08:05",
        "number": "H42.14-261127-0001",
        "qr": picture("H42.14-261127-0001"),
        "qr_alt": "Mã QR",
    }
    words = ("procedure", "phone", "citizen_number", "channel", "procedure_code", "term", "fee")
    counts = {"originals": 1, "certified_copies": 0, "copies": 100, "scanned": False}
    facts: dict[str, Any] = {
        **dict.fromkeys(words, "x"),
        **dict.fromkeys(
            ("exemptions", "competent", "received", "promised", "returned_at", "register_day", "officer"),
            "x",
        ),
        "head": head,
        "applicant": first.upper(),
        "applicant_name": first,
        "line": 1,
        "papers": [{"name": text, **counts} for text in shown],
    }
    return Sheet("tt03_2025", Form.RECEIPT, facts)


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
@example(texts=list(MARKUP))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_peoples_words_come_out_as_they_went_in(texts: list[str]) -> None:
    read = Read(await pressed(receipt(*texts), at=AT))

    for text in texts:
        assert read.says(wording.printable(text)), text


async def test_a_long_word_stays_on_the_page() -> None:
    read = Read(await pressed(receipt("N" * 500, "Ẵ" * 500), at=AT))

    right = float(read.pdf.pages[0].mediabox.right)
    seen: list[float] = []

    def visit(text: str, _cm: Any, tm: Any, _font: Any, _size: Any) -> None:
        if text.strip():
            seen.append(tm[4])

    for page in read.pdf.pages:
        page.extract_text(visitor_text=visit)
        # A line of the widest letters is as long as the page is wide, and no longer.
        assert all(len(line.split()[-1]) <= wording.LONGEST_RUN * 3 for line in filled(page))
    assert seen
    assert max(seen) < right


def filled(page: pypdf.PageObject) -> list[str]:
    return [line for line in page.extract_text().splitlines() if "N" * 9 in line or "Ẵ" * 9 in line]


async def test_the_same_sheet_is_the_same_bytes() -> None:
    first, second = [await pressed(receipt("Lan"), at=AT) for _ in range(2)]

    assert first == second


async def test_a_press_that_is_late_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that would take minutes: its process is gone when the caller is told."""
    (tmp_path / "01.typ").write_text(ENDLESS)
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def noted(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(press.asyncio, "create_subprocess_exec", noted)

    with pytest.raises(FormNotPressed):
        await asyncio.wait_for(pressed(Sheet(str(tmp_path), Form.RECEIPT, {}), at=AT, seconds=1), 8)

    [process] = started
    assert process.returncode == -signal.SIGKILL
    assert PRESS.waiting == 0
    assert not PRESS.turns.locked()


async def test_a_sheet_without_its_facts_is_refused_and_not_half_made() -> None:
    with pytest.raises(FormNotPressed):
        await pressed(Sheet("tt03_2025", Form.RECEIPT, {}), at=AT)


async def test_whoever_comes_when_too_many_wait_is_told_so() -> None:
    answers = await asyncio.gather(
        *(pressed(receipt("Lan"), at=AT) for _ in range(MOST_WAITING + 4)), return_exceptions=True
    )

    assert [type(answer) for answer in answers[MOST_WAITING:]] == [FormNotPressed] * 4
    assert all(isinstance(answer, bytes) for answer in answers[:MOST_WAITING])


def test_everything_that_is_drawn_is_in_a_typeface() -> None:
    """The letters a form may hold, all of them: one that no face draws would stop the document."""
    letters = "".join(chr(code) for code in range(0x20, 0x2700) if wording.DRAWN.fullmatch(chr(code)))

    read = Read(asyncio.run(pressed(receipt(*re.findall(".{1,20}", letters)), at=AT)))

    assert run_together(letters.replace("\u00a0", "")) in run_together(letters)
    for word in re.findall(".{1,20}", letters):
        assert read.says(wording.printable(word)), word
