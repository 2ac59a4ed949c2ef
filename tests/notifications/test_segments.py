"""What a text costs (3GPP TS 23.038): a wrong count is a wrong bill."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.segments import BASIC, EXTENDED, Cost, cost

# Counted by hand from 3GPP TS 23.038 and from what the provider's public calculator shows; nothing here is
# computed by the code under test.
CASES = [
    ("", "GSM-7", 1),
    ("Motcua: ma xac nhan la 123456.", "GSM-7", 1),
    # é è à ì ò ù É are in the alphabet, every other marked Vietnamese letter is not.
    ("à è é ì ò ù É", "GSM-7", 1),
    ("á", "UCS-2", 1),
    ("đ", "UCS-2", 1),
    ("Đ", "UCS-2", 1),
    ("ư", "UCS-2", 1),
    # € ^ { } \\ [ ~ ] | are two septets each.
    ("€" * 80, "GSM-7", 1),
    ("€" * 81, "GSM-7", 2),
    ("€" * 152, "GSM-7", 2),
    ("€" * 153, "GSM-7", 3),
    ("a" + "€" * 152, "GSM-7", 2),
    ("[]{}~|^\\€" + "a" * 142, "GSM-7", 1),
    ("[]{}~|^\\€" + "a" * 143, "GSM-7", 2),
    ("a" * 158 + "€", "GSM-7", 1),
    ("a" * 159 + "€", "GSM-7", 2),
    ("a" * 152 + "€" + "a" * 151, "GSM-7", 2),
    ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
    # One letter more makes 70 and 67 of 160 and 153.
    ("a" * 69 + "đ", "UCS-2", 1),
    ("a" * 70 + "đ", "UCS-2", 2),
    ("a" * 133 + "đ", "UCS-2", 2),
    ("a" * 134 + "đ", "UCS-2", 3),
    # In UCS-2 the euro is one unit like any other letter.
    ("€" * 69 + "đ", "UCS-2", 1),
    # Decomposed, a letter is two or three units: ế is e, a circumflex and an acute.
    ("\u1ebf" * 70, "UCS-2", 1),
    ("e\u0302\u0301" * 23, "UCS-2", 1),
    ("e\u0302\u0301" * 24, "UCS-2", 2),
    ("e\u0301", "UCS-2", 1),
    # Outside the basic plane a character is a pair, which is not cut in two.
    ("\U0001f600" * 35, "UCS-2", 1),
    ("\U0001f600" * 36, "UCS-2", 2),
    ("\U0001f600" * 66, "UCS-2", 2),
    ("\U0001f600" * 67, "UCS-2", 3),
    ("đ" * 66 + "\U0001f600" + "đ" * 66, "UCS-2", 3),
    # What looks like a letter of the alphabet and is none.
    ("ç", "UCS-2", 1),
    ("Ç", "GSM-7", 1),
    ("`", "UCS-2", 1),
    ("\u00a0", "UCS-2", 1),
    ("\n", "GSM-7", 1),
]

gsm = st.text(st.sampled_from(sorted(BASIC | EXTENDED)), max_size=400)


@pytest.mark.parametrize(("text", "encoding", "segments"), CASES)
def test_a_text_costs_what_the_table_says(text: str, encoding: str, segments: int) -> None:
    assert cost(text) == Cost(encoding, segments)


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
