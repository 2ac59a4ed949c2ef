"""What a text costs (3GPP TS 23.038): a wrong count is a wrong bill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.segments import BASIC, EXTENDED, Cost, cost

gsm = st.text(st.sampled_from(sorted(BASIC | EXTENDED)), max_size=400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, Cost("GSM-7", 1)),
        ("a" * 161, Cost("GSM-7", 2)),
        ("a" * 306, Cost("GSM-7", 2)),
        ("a" * 307, Cost("GSM-7", 3)),
        ("a" * 159 + "€", Cost("GSM-7", 2)),
        ("đ" * 70, Cost("UCS-2", 1)),
        ("đ" * 71, Cost("UCS-2", 2)),
        ("đ" * 134, Cost("UCS-2", 2)),
        ("đ" * 135, Cost("UCS-2", 3)),
        ("😀" * 35, Cost("UCS-2", 1)),
        ("😀" * 36, Cost("UCS-2", 2)),
    ],
)
def test_a_text_costs_what_the_standard_says(text: str, expected: Cost) -> None:
    assert cost(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 152 + "€" + "a" * 152, Cost("GSM-7", 3)),
        ("đ" * 66 + "😀" + "đ" * 66, Cost("UCS-2", 3)),
    ],
)
def test_a_character_of_two_units_is_never_cut_between_two_segments(text: str, expected: Cost) -> None:
    assert cost(text) == expected


@given(text=gsm, more=gsm)
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert cost(text + more).segments >= cost(text).segments


@given(text=gsm)
def test_one_letter_outside_the_alphabet_never_makes_a_text_cheaper(text: str) -> None:
    marked = cost(text + "ắ")

    assert marked.encoding == "UCS-2"
    assert marked.segments >= cost(text).segments
