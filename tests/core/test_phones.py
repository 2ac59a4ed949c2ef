"""Phone numbers: however one is written it is one number, and what cannot receive an SMS is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.phones import InvalidPhone, mask, to_e164

# The ranges in use today, without the leading 0.
RANGES = [
    *(f"3{n}" for n in range(2, 10)), "56", "58", "59", "70", "76", "77", "78", "79",
    *(f"8{n}" for n in range(1, 9)), *(f"9{n}" for n in range(9)),
]  # fmt: skip

mobiles = st.builds(
    lambda range_, rest: range_ + f"{rest:07d}", st.sampled_from(RANGES), st.integers(0, 9_999_999)
)
separators = st.sampled_from(["", " ", ".", "-"])


def refusal(raw: str) -> str:
    with pytest.raises(InvalidPhone) as refused:
        to_e164(raw)
    return refused.value.code


@given(
    number=mobiles,
    start=st.sampled_from(["0", "84", "+84", "+84 ", "(+84) ", "0084", "+84 (0)"]),
    separator=separators,
)
def test_every_way_of_writing_a_mobile_is_one_number(number: str, start: str, separator: str) -> None:
    written = start + separator.join((number[:3], number[3:6], number[6:]))
    assert to_e164(written) == f"+84{number}"
    assert to_e164(to_e164(written)) == to_e164(written)


@pytest.mark.parametrize(
    "raw",
    [
        "٠٩٠١٢٣٤٥٦٧", "０９０１２３４５６７", "o901234567", "0901234567 ext 5", "0901234567\u200b",
        "0901234567\x00", "0901234567\n", "0901234567;ext=5", "tel:0901234567", "", "........",
        "0912+345678", "++84912345678", "+84+912345678", "0901234567" * 3,
    ],
)  # fmt: skip
def test_what_only_a_lenient_reader_takes_for_a_number_is_refused(raw: str) -> None:
    assert refusal(raw) == "invalid_phone"


@pytest.mark.parametrize("raw", ["02291234567", "1900123456", "1800123456", "0551234567", "0912345"])
def test_what_cannot_receive_an_sms_is_refused(raw: str) -> None:
    assert refusal(raw) in {"not_a_mobile", "invalid_phone"}


@pytest.mark.parametrize("raw", ["+16502530000", "+8613912345678", "0016502530000"])
def test_a_foreign_number_is_told_so(raw: str) -> None:
    assert refusal(raw) == "foreign_phone"


@pytest.mark.parametrize(
    "raw",
    [
        "01234567890",
        "0168 123 4567",
        "+841681234567",
        "84 168 123 4567",
        "0084 168 1234567",
        "+84 0168 1234567",
    ],
)
def test_a_number_of_before_2018_is_told_so_however_it_is_written(raw: str) -> None:
    assert refusal(raw) == "phone_before_2018"


@given(st.text(max_size=25))
@example("+")
@example("+000000000000")
def test_any_text_is_a_mobile_or_refused(text: str) -> None:
    try:
        number = to_e164(text)
    except InvalidPhone:
        return
    assert number.startswith("+84")
    assert len(number) == 12
    assert number.isascii()


@given(mobiles)
def test_a_masked_number_hides_three_digits_and_keeps_the_last_four(number: str) -> None:
    masked = mask(f"+84{number}")
    assert masked == f"0{number[:2]}•••{number[-4:]}"
    assert number not in masked
