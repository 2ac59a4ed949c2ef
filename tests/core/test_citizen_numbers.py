"""Personal numbers: twelve digits whatever the province, and never shown whole. All are synthetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.citizen_numbers import (
    InvalidCitizenNumber,
    mask_citizen_number,
    validate_citizen_number,
)

numbers = st.from_regex(r"[0-9]{3}[0-3][0-9]{2}999[0-9]{3}", fullmatch=True)


@given(numbers, st.sampled_from(["", " ", "."]))
def test_a_number_is_kept_without_its_separators_whatever_its_province(number: str, separator: str) -> None:
    written = separator.join((number[:3], number[3:6], number[6:9], number[9:]))
    assert validate_citizen_number(written) == number


@pytest.mark.parametrize(
    "raw",
    [
        "", "037090999123\n", "03709099912", "0370909991234", "123456789", "037490999123", "037990999123",
        "٠٣٧٠٩٠٩٩٩١٢٣", "０３７０９０９９９１２３", "03709099912a", "037090999123\x00", "-37090999123",
    ],
)  # fmt: skip
def test_what_is_no_personal_number_is_refused_without_repeating_it(raw: str) -> None:
    with pytest.raises(InvalidCitizenNumber) as refused:
        validate_citizen_number(raw)
    assert not raw or raw not in str(refused.value)


@given(numbers)
def test_a_masked_number_hides_the_sex_and_the_year(number: str) -> None:
    masked = mask_citizen_number(number)
    assert masked == f"{number[:3]}*****{number[8:]}"
    assert len(masked) == len(number)


def test_the_mask_is_the_one_people_know() -> None:
    assert mask_citizen_number("037090991234") == "037*****1234"
