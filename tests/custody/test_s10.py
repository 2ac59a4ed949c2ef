"""Check digits of the post's item numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.custody import s10

serials = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize(
    ("serial", "digit"),
    [
        ("47312482", 9),
        ("01234567", 5),
        ("12345678", 5),
        ("20250000", 0),
        ("20250003", 5),
        ("00000000", 5),
        ("00000001", 4),
        ("00000003", 1),
        ("99999999", 5),
    ],
)
def test_digits_of_published_numbers(serial: str, digit: int) -> None:
    assert s10.check_digit(serial) == digit


@pytest.mark.parametrize("text", ["RR473124829VN", "rr 4731 2482 9 vn", "EJ012345675VN"])
def test_a_number_is_read_however_it_is_spaced(text: str) -> None:
    item = s10.read(text)

    assert item is not None
    assert item.country == "VN"
    assert not s10.is_mistyped(text)


def test_a_number_printed_with_a_wrong_digit_is_mistyped() -> None:
    assert s10.is_mistyped("EJ012345678VN")


@pytest.mark.parametrize("text", ["NIEM-000123", "RR4731248290VN", "R1473124829VN", "", "RR47312482٩VN"])
def test_what_is_no_item_number_is_not_judged(text: str) -> None:
    assert s10.read(text) is None
    assert not s10.is_mistyped(text)


@given(serials, st.integers(0, 9))
def test_exactly_one_digit_of_ten_is_right(serial: str, digit: int) -> None:
    assert s10.is_mistyped(f"RA{serial}{digit}VN") == (digit != s10.check_digit(serial))


@given(serials, st.integers(0, 7), st.integers(1, 9))
def test_a_changed_digit_passes_only_where_two_remainders_share_a_digit(
    serial: str, at: int, more: int
) -> None:
    other = serial[:at] + str((int(serial[at]) + more) % 10) + serial[at + 1 :]

    if s10.check_digit(other) == s10.check_digit(serial):
        assert s10.check_digit(serial) == 5


@given(st.text(max_size=20))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(s10.is_mistyped(text), bool)
