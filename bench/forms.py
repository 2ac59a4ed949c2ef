"""How long a form takes: the product's own sheets through its press, each form in a process of its own.

The reference is the least a process can cost: one that starts, loads the typesetter and ends. No store and
no clock; the register has a full sheet of lines.
"""

import asyncio
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final

from app.centres.queries import CentreRow
from app.core.clock import at_local
from app.core.working_calendar import WorkingCalendar
from app.dossiers.queries import DecisionRow, DossierRow
from app.dossiers.records import SHEET, ComponentRow, RegisterRow, TrailRow
from app.dossiers.states import Status
from app.forms.editions import EDITIONS, Form
from app.forms.press import Sheet, pressed
from app.forms.queries import Record
from app.forms.rules import DECISIONS
from app.forms.sheets.control_slip import control_slip
from app.forms.sheets.heading import heading, letterhead
from app.forms.sheets.notice import notice
from app.forms.sheets.receipt import receipt
from app.forms.sheets.register import register
from bench.metrics import Metric, at_most, percentile, shown

ROUNDS: Final = 12
ROUNDS_LONG: Final = 60
# The typefaces are read and the pages set in every process anew.
LIMIT: Final = 5.0
DAY: Final = date(2026, 11, 25)
NOW: Final = at_local(DAY, 15)
CENTRE_ID: Final = uuid.UUID(int=1)


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The median of each form, and of all but the register together against a process that does nothing."""
    del dsn
    rounds = ROUNDS_LONG if long else ROUNDS
    sheets = {form: sheet_of(form) for form in Form}
    took: dict[Form, list[float]] = {form: [] for form in Form}
    references: list[float] = []
    for _ in range(rounds):
        references.append(await _ms(_nothing))
        for form, sheet in sheets.items():
            took[form].append(await _ms(lambda sheet=sheet: pressed(sheet, at=NOW)))  # type: ignore[misc]
    usual = [sum(took[form][at] for form in Form if form is not Form.REGISTER) / 6 for at in range(rounds)]
    return {
        "form": at_most(usual, references, unit="ms", limit=LIMIT),
        **{f"form_{form.value}": shown(percentile(took[form], 0.5), "ms") for form in Form},
        "register_lines": shown(SHEET, "lines"),
    }


def sheet_of(form: Form) -> Sheet:
    """A form of an invented dossier with a dozen papers, as `operations.prepare` makes it."""
    record = _record()
    first = letterhead if form is Form.REGISTER else heading
    head = first(form, record, edition=EDITIONS[0], now=NOW)
    return Sheet(EDITIONS[0].folder, form, {"head": head, **_said(form, record)})


def _said(form: Form, record: Record) -> dict[str, object]:
    if form in DECISIONS:
        return notice(record, _decision(form))
    if form is Form.RECEIPT:
        return receipt(record)
    if form is Form.CONTROL_SLIP:
        calendar = WorkingCalendar(holidays=frozenset({date(2026, 1, 1)}), working_days=frozenset())
        return control_slip(record, calendar=calendar, now=NOW)
    lines = [_line(line) for line in range(1, SHEET + 1)]
    return register(record, 1, lines=lines, length=SHEET, names={"1.001193": "Đăng ký khai sinh"})


async def _ms(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return 1000 * (time.perf_counter() - began)


async def _nothing() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", "import typst")
    await process.wait()


def _record() -> Record:
    accepted_at = at_local(DAY, 8)
    dossier = DossierRow(
        id=uuid.UUID(int=2),
        number="H42.14-261125-0001",
        centre_id=CENTRE_ID,
        procedure_code="1.001193",
        citizen_id=None,
        applicant_name="Nguyễn Thị Lan",
        applicant_phone="+84912345678",
        locale="vi",
        channel="counter",
        ticket_id=None,
        package_id=None,
        return_mode="counter",
        status=Status.PROCESSING,
        accepted_at=accepted_at,
        due_at=accepted_at + timedelta(days=2),
        completed_at=None,
        returned_at=None,
        result_document_id=None,
        version=2,
        ended_at=None,
        supplement_count=0,
        extension_count=0,
        competent_centre_id=None,
    )
    return Record(
        dossier=dossier,
        centre=_centre(),
        competent=_centre(),
        places={CENTRE_ID: "Phường Hoa Lư"},
        procedure=None,
        components=[ComponentRow(place, 1, 0, 2, None) for place in range(1, 13)],
        trail=[TrailRow(status, accepted_at, "officer", "") for status in (2, 4)],
        hands=[],
        officers={},
        citizen_number="037188009991",
        line=1,
    )


def _centre() -> CentreRow:
    name = "Trung tâm Phục vụ hành chính công phường Hoa Lư"
    return CentreRow(
        id=CENTRE_ID,
        code="hoa-lu",
        unit_id=uuid.UUID(int=3),
        tier="commune",
        name_vi=name,
        name_en=name,
        address_vi="Phường Hoa Lư, tỉnh Ninh Bình",
        address_en="",
        lat=20.25,
        lon=105.97,
        agency_code="H42.14",
        grain_minutes=10,
        valid_from=DAY,
        valid_to=None,
        verified=False,
    )


def _decision(form: Form) -> DecisionRow:
    return DecisionRow(
        move=DECISIONS[form].value,
        from_status=2,
        to_status=5,
        reason="Thiếu bản sao Giấy chứng sinh.\nTờ khai chưa có chữ ký.",
        apology=None,
        counts_as_late=False,
        previous_due_at=NOW,
        due_at=NOW + timedelta(days=3),
        at=NOW,
        actor_id="",
    )


def _line(line: int) -> RegisterRow:
    at: datetime = at_local(DAY, 8) + timedelta(minutes=line)
    return RegisterRow(
        line=line,
        number=f"H42.14-261125-{line:04d}",
        procedure_code="1.001193",
        applicant_name="Nguyễn Thị Lan",
        applicant_phone="+84912345678",
        channel="counter",
        return_mode="counter",
        status=Status.ACCEPTED,
        accepted_at=at,
        due_at=at + timedelta(days=2),
        ended_at=None,
        returned_at=None,
    )
