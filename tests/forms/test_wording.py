"""Times, lengths and words as an office writes them; which edition a day has."""

import unicodedata
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ZONE
from app.core.working_calendar import WorkingCalendar
from app.forms import wording
from app.forms.editions import EDITIONS, Edition, edition_on
from app.forms.errors import FormNotInForce
from app.forms.sheets.heading import place_name

CALENDAR = WorkingCalendar(holidays=frozenset({date(2026, 11, 24)}), working_days=frozenset())


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(date(2026, 11, day), time(hour, minute), tzinfo=ZONE).astimezone(UTC)


def test_a_moment_is_told_on_the_wall_clock_of_viet_nam() -> None:
    assert wording.moment(datetime(2026, 2, 8, 17, 5, tzinfo=UTC)) == (
        "00 giờ 05 phút, thứ Hai, ngày 09 tháng 02 năm 2026"
    )
    assert wording.day(datetime(2026, 10, 1, 3, tzinfo=UTC)) == "ngày 01 tháng 10 năm 2026"


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        (at(23, 8), at(23, 9, 30), 90),
        (at(23, 11), at(23, 14), 60),  # lunch from 11:30 to 13:30
        (at(23, 16), at(25, 8), 120),  # over a holiday
        (at(20, 16, 30), at(23, 7, 30), 60),  # over a weekend
        (at(21, 8), at(22, 20), 0),
        (at(23, 9), at(23, 8), 0),
    ],
)
def test_only_working_time_is_counted(start: datetime, end: datetime, minutes: int) -> None:
    assert wording.worked_minutes(start, end, CALENDAR) == minutes


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(0, "0 phút"), (5, "5 phút"), (65, "1 giờ 05 phút"), (480, "1 ngày"), (1025, "2 ngày 1 giờ 05 phút")],
)
def test_a_length_is_told_in_days_of_eight_hours(minutes: int, told: str) -> None:
    assert wording.length(minutes) == told


@given(st.text())
def test_what_is_printed_can_be_drawn_and_has_one_direction(text: str) -> None:
    shown = wording.printable(text)

    assert unicodedata.normalize("NFC", shown) == shown
    assert all(wording.DRAWN.fullmatch(c) or c == wording.BREAK for c in shown)
    assert all(len(run) <= wording.LONGEST_RUN for run in shown.replace(wording.BREAK, " ").split())


def test_two_spellings_of_a_name_are_printed_alike() -> None:
    name = "Nguyễn Thị Ngọc Ẩn"

    assert wording.printable(unicodedata.normalize("NFD", name)) == name
    assert wording.printable("Lan\u202e\u200b Anh\n字") == "Lan Anh □"
    assert wording.paragraphs("một\n\n  hai \n") == ["một", "hai"]


@pytest.mark.parametrize(
    ("unit", "name"), [("Phường Hoa Lư", "Hoa Lư"), ("Xã Gia Viễn", "Gia Viễn"), ("Hoa Lư", "Hoa Lư")]
)
def test_a_dateline_names_the_place(unit: str, name: str) -> None:
    assert place_name(unit) == name


def test_a_day_has_the_edition_of_that_day() -> None:
    later = Edition("tt99_2030", "x", date(2030, 1, 1), None)
    editions = [EDITIONS[0]._replace(valid_to=date(2029, 12, 31)), later]

    assert edition_on(date(2025, 9, 15), editions).folder == "tt03_2025"
    assert edition_on(date(2029, 12, 31), editions).folder == "tt03_2025"
    assert edition_on(date(2030, 1, 1), editions).folder == "tt99_2030"
    with pytest.raises(FormNotInForce):
        edition_on(date(2025, 9, 14), editions)
