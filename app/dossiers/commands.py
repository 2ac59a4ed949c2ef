"""`motcua due-date`: when a result is promised, and why then."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol, TypeVar

import rich_click as click

from app.core.clock import local
from app.core.errors import Words
from app.core.working_calendar import CalendarHorizon, WorkingCalendar
from app.dossiers.terms import PassedOver, Reckoning, Start, Term, received_at, reckon

T = TypeVar("T")

WEEKEND: Final = Words("Thứ bảy, Chủ nhật", "Weekend")
FROM: Final[Mapping[Start, Words]] = {
    Start.RECEIVED: Words("từ lúc tiếp nhận", "from the moment it was received"),
    Start.BEFORE_HOURS: Words("từ đầu giờ làm việc", "from the opening of the office"),
    Start.LUNCH: Words("từ đầu giờ chiều", "from the afternoon, for it came at lunch"),
    Start.AFTER_HOURS: Words(
        "từ ngày làm việc kế tiếp", "from the next working day, for it came after hours"
    ),
    Start.DAY_OFF: Words("từ ngày làm việc kế tiếp", "from the next working day, for it came on a day off"),
}


class Day(Protocol):
    """A day that is not what its weekday says: a `holiday` or a `working` day."""

    @property
    def day(self) -> date: ...
    @property
    def kind(self) -> str: ...
    @property
    def name_vi(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class Calendar(NamedTuple):
    """Which days are worked, what the days off are called, and whose calendar it is."""

    working: WorkingCalendar
    names: Mapping[date, Words]
    source: str

    @classmethod
    def of(cls, days: Collection[Day], *, source: str) -> "Calendar":
        off = {each.day: Words(each.name_vi, each.name_en) for each in days if each.kind == "holiday"}
        worked = frozenset(each.day for each in days if each.kind == "working")
        return cls(WorkingCalendar(holidays=frozenset(off), working_days=worked), off, source)


def due_date_command(calendar: Callable[[], Calendar]) -> click.RichCommand:
    """The command; `calendar` is asked once there is something to reckon."""

    @click.command("due-date")
    @click.argument("received")
    @click.argument("term")
    @click.option("--json", "as_json", is_flag=True)
    def due_date(*, received: str, term: str, as_json: bool) -> None:
        """Print when what is RECEIVED (2026-02-13T10:00) is due after a TERM (3wd, 10d, 4h), and why."""
        moment, length = _read("received", received_at, received), _read("term", Term.parse, term)
        days = calendar()
        try:
            found = reckon(moment, length, days.working)
        except CalendarHorizon as reason:
            raise click.ClickException(
                f"The days off of {reason.year} have not been declared, so nothing can be promised there."
            ) from reason
        told = _told(found, days)
        click.echo(
            json.dumps({"received": _written(moment), "add": term} | told, ensure_ascii=False)
            if as_json
            else _as_text(found, days)
        )

    return due_date


def _read(name: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as reason:
        raise click.BadParameter(str(reason), param_hint=name.upper()) from reason


def _written(moment: datetime) -> str:
    return local(moment).isoformat(timespec="minutes")


def _called(passed: PassedOver, days: Calendar) -> Words:
    return days.names.get(passed.day, WEEKEND)


def _told(found: Reckoning, days: Calendar) -> dict[str, object]:
    return {
        "due": _written(found.due),
        "counted_from": _written(found.counted_from),
        "start": found.start.value,
        "skipped": [
            {
                "date": passed.day.isoformat(),
                "reason": passed.reason.value,
                "name_vi": _called(passed, days).vi,
                "name_en": _called(passed, days).en,
            }
            for passed in found.passed_over
        ],
        "calendar": days.source,
    }


def _as_text(found: Reckoning, days: Calendar) -> str:
    start = FROM[found.start]
    return "\n".join(
        [
            f"Hẹn trả / due: {local(found.due):%d/%m/%Y %H:%M}",
            f"Tính / counted: {start.vi} / {start.en}, {local(found.counted_from):%d/%m/%Y %H:%M}",
            *(
                f"  {passed.day:%d/%m/%Y}  {_called(passed, days).vi} / {_called(passed, days).en}"
                for passed in found.passed_over
            ),
        ]
    )
