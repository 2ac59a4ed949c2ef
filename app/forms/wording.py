"""How a Vietnamese official document writes times, lengths and people's own words (pure).

Typefaces that come with the typesetter draw Latin letters with all Vietnamese marks. What they cannot draw
would stop a PDF/UA document from being made, so it is replaced by a visible box before.
"""

import re
import unicodedata
from datetime import datetime
from typing import Final

from app.core.clock import local
from app.core.working_calendar import WorkingCalendar
from app.dossiers.rules import Unit

BOX: Final = "□"
# Letters, digits and punctuation of Latin scripts, and the few signs an office writes.
DRAWN: Final = re.compile(
    "[\u0020-\u007e\u00a0-\u00ac\u00ae-\u017f\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9"
    "\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2032\u2033\u20ab\u20ac\u2190-\u2193\u25a1\u2610\u2611]"
)
# A run without a space that is longer than this is broken; in a narrow column, than that.
LONGEST_RUN: Final = 24
NARROW: Final = 12
RUN: Final = re.compile(r"\S+")
BREAK: Final = "\u200b"
WEEKDAYS: Final = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
UNITS: Final = {
    Unit.WORKING_DAY: "ngày làm việc",
    Unit.CALENDAR_DAY: "ngày",
    Unit.WORKING_HOUR: "giờ làm việc",
}


def printable(text: str, *, longest_run: int = LONGEST_RUN) -> str:
    """NFC in one line, only what can be drawn; directions, joiners and controls are left out."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    drawn = "".join(_drawn(character) for character in composed)
    return RUN.sub(lambda run: _breakable(run[0], longest_run), drawn)


def paragraphs(text: str) -> list[str]:
    """The same, line by line; empty lines are left out."""
    lines = (printable(line) for line in text.splitlines())
    return [line for line in lines if line]


def in_capitals(text: str) -> str:
    return printable(text).upper()


def moment(at: datetime | None) -> str:
    """08 giờ 05 phút, thứ Sáu, ngày 27 tháng 11 năm 2026; nothing for no moment."""
    if at is None:
        return ""
    there = local(at)
    return f"{there:%H} giờ {there:%M} phút, {WEEKDAYS[there.weekday()]}, {day(at)}"


def day(at: datetime) -> str:
    """Days below ten and January and February with a nought (Decree 30/2020/NĐ-CP, annex I)."""
    there = local(at)
    month = f"{there.month:02d}" if there.month <= 2 else str(there.month)
    return f"ngày {there.day:02d} tháng {month} năm {there.year}"


def short_moment(at: datetime | None) -> str:
    """27/11/2026 08:05, or nothing."""
    return "" if at is None else f"{local(at):%d/%m/%Y %H:%M}"


def short_day(at: datetime | None) -> str:
    return "" if at is None else f"{local(at):%d/%m/%Y}"


def term(value: int, unit: str) -> str:
    """03 ngày làm việc."""
    return f"{value:02d} {UNITS[Unit(unit)]}"


def phone(e164: str | None) -> str:
    """0912 345 678, as people here say it; nothing without one."""
    if e164 is None:
        return ""
    national = "0" + e164.removeprefix("+84")
    return f"{national[:4]} {national[4:7]} {national[7:]}"


def worked_minutes(start: datetime, end: datetime, calendar: WorkingCalendar) -> int:
    """Minutes of working time between two moments."""
    total = 0.0
    at = calendar.next_working_moment(start)
    while at < end:
        _, closes = next(
            (opens, closes) for opens, closes in calendar.intervals(local(at).date()) if at < closes
        )
        total += (min(closes, end) - at).total_seconds()
        at = calendar.next_working_moment(closes)
    return int(total // 60)


def length(minutes: int) -> str:
    """2 giờ 05 phút; 8 hours of work are a working day."""
    days, rest = divmod(minutes, 8 * 60)
    hours, left = divmod(rest, 60)
    parts = [f"{days} ngày"] if days else []
    if hours:
        parts.append(f"{hours} giờ")
    if left or not parts:
        parts.append(f"{left:02d} phút" if parts else f"{left} phút")
    return " ".join(parts)


def _drawn(character: str) -> str:
    if DRAWN.fullmatch(character):
        return character
    return "" if unicodedata.category(character) in {"Cc", "Cf"} else BOX


def _breakable(run: str, longest: int) -> str:
    return BREAK.join(run[at : at + longest] for at in range(0, len(run), longest))
