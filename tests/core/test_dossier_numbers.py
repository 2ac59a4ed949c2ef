"""Dossier numbers in both forms of agency, and nothing that only resembles one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dossier_numbers import (
    DossierNumber,
    InvalidDossierNumber,
    format_dossier_number,
    parse_dossier_number,
)

agencies = st.from_regex(
    r"[GH][0-9]{2}(?:\.[0-9]{1,3}){0,3}|[0-9]{3}(?:\.[0-9]{2}){1,2}\.[GH][0-9]{2}", fullmatch=True
)
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ("H42.15-261123-0001", DossierNumber("H42.15", date(2026, 11, 23), 1)),
        ("000.00.15.H42-211123-0042", DossierNumber("000.00.15.H42", date(2021, 11, 23), 42)),
        ("H15.50.05.13-261008-0975", DossierNumber("H15.50.05.13", date(2026, 10, 8), 975)),
        ("G09-261124-1234567", DossierNumber("G09", date(2026, 11, 24), 1_234_567)),
    ],
)
def test_numbers_seen_in_the_wild_are_read(raw: str, parts: DossierNumber) -> None:
    assert parse_dossier_number(raw) == parts


@given(agency=agencies, day=days, sequence=st.integers(1, 9_999_999))
def test_a_number_that_is_written_is_read_back(agency: str, day: date, sequence: int) -> None:
    written = format_dossier_number(agency, day, sequence)
    assert parse_dossier_number(written) == (agency, day, sequence)


def test_the_ten_thousandth_dossier_of_a_day_widens_its_number() -> None:
    day = date(2026, 11, 24)
    assert format_dossier_number("H42", day, 9_999) == "H42-261124-9999"
    assert format_dossier_number("H42", day, 10_000) == "H42-261124-10000"


@pytest.mark.parametrize(
    "raw",
    [
        "", "H42-261124-001", "H42-261124-12345678", "H42-260230-0001", "H42-261301-0001",
        "H42-000000-0001", "K42-261124-0001", "h42-261124-0001", "H4-261124-0001", "H42.1234-261124-0001",
        "H42.1.2.3.4-261124-0001", "000.H42-261124-0001", "H42-261124-0001\n", " H42-261124-0001",
        "H42-٢٦١١٢٤-0001", "H42_261124_0001", "NB-7K3Q-92",
    ],
)  # fmt: skip
def test_what_only_resembles_a_number_is_refused(raw: str) -> None:
    with pytest.raises(InvalidDossierNumber):
        parse_dossier_number(raw)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        parts = parse_dossier_number(text)
    except InvalidDossierNumber:
        return
    assert parse_dossier_number(format_dossier_number(*parts)) == parts
