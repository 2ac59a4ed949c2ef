"""Vietnamese text: one spelling kept, nothing hidden in it, found however it is typed, plain for SMS."""

import unicodedata
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.database import fetch_value
from app.core.text import (
    InvalidText,
    clean_name,
    clean_text,
    clean_words,
    escape_like,
    fold,
    strip_marks,
    without_diacritics,
)
from notifications.segments import cost

TONES = ["", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"]
VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
LETTERS = [unicodedata.normalize("NFC", vowel + tone) for vowel, tone in product(VOWELS, TONES)] + [
    "đ",
    "Đ",
]

vietnamese = st.text(st.sampled_from([*LETTERS, *" bcdghklmnpqrstvxBCDGHKLMNPQRSTVX.,-0123456789"]))


def refusal(call: object, value: str) -> str:
    assert callable(call)
    with pytest.raises(InvalidText) as refused:
        call(value)
    return refused.value.code


def test_text_from_an_apple_device_is_kept_composed() -> None:
    typed = unicodedata.normalize("NFD", "Nguyễn Thị Hoà")
    assert len(typed) > len("Nguyễn Thị Hoà")
    assert clean_name(typed) == "Nguyễn Thị Hoà"


def test_spaces_are_trimmed_and_collapsed() -> None:
    assert clean_name("  Trần \u00a0 Văn   An ") == "Trần Văn An"


@pytest.mark.parametrize(
    "hidden",
    ["\x00", "\x07", "\u200b", "\u200d", "\u202e", "\ufeff", "\U000e0041", "\ud800", "\ue000", "\u0378"],
)
def test_control_and_format_characters_are_refused(hidden: str) -> None:
    assert refusal(clean_name, f"An{hidden}h") == "forbidden_character"


@pytest.mark.parametrize("invisible", ["\u3164", "\u115f", "\u1160", "\uffa0", "\u2800", "\u034f"])
def test_a_name_nobody_can_see_is_refused(invisible: str) -> None:
    assert refusal(clean_name, invisible * 3) == "forbidden_character"


def test_emptiness_and_excess_are_refused() -> None:
    assert refusal(clean_name, " \u00a0 ") == "empty_text"
    assert refusal(clean_name, "a" * 61) == "text_too_long"
    assert clean_name("a" * 60) == "a" * 60
    assert refusal(clean_name, "0912 345 678") == "name_without_letters"


def test_length_is_counted_in_the_spelling_that_is_kept() -> None:
    assert clean_text(unicodedata.normalize("NFD", "ễ" * 10), max_length=10) == "ễ" * 10


def test_lines_are_kept_only_where_they_are_allowed() -> None:
    assert clean_text("một\r\nhai\u2028ba", max_length=20, allow_newlines=True) == "một\nhai\nba"
    with pytest.raises(InvalidText):
        clean_text("một\nhai", max_length=20)


@pytest.mark.parametrize(
    "name",
    [
        "Truy cap evil.example",
        "Xem https://a.b",
        "www.nhanqua",
        "Nhan qua Bit.Ly",
        "QUA.COM",
        "ｗｗｗ．qua．com",
        "An qua.top",
    ],
)
def test_a_name_that_becomes_a_link_in_a_message_is_refused(name: str) -> None:
    assert refusal(clean_name, name) == "link_in_name"


@pytest.mark.parametrize(
    "words",
    ["Nhận quà tại qua-tang.top", "xem HTTPS://a", "www.nhanqua", "evil.com.vn/x", "ｅｖｉｌ．ｃｏｍ"],
)
def test_an_address_or_a_note_with_a_link_is_refused(words: str) -> None:
    assert refusal(lambda value: clean_words(value, max_length=200), words) == "link_in_text"


@pytest.mark.parametrize(
    "words",
    ["Xóm 4, tp.ninh binh", "h.me linh, p.ly nhan", "Số 12.5 ngõ 3", "gọi trước 15p.cảm ơn", "nha co.Lan"],
)
def test_abbreviations_of_an_address_are_no_links(words: str) -> None:
    assert clean_words(words, max_length=200) == words


@pytest.mark.parametrize(
    "name", ["TS.Nguyễn Văn Côm", "Th.S Lê Vn", "Y'Moan Ênuôl", "Hồ Thị Kim-Chi", "Ng. V. An", "H. Com"]
)
def test_titles_initials_and_names_of_every_people_are_names(name: str) -> None:
    assert clean_name(name) == name


@given(st.text(max_size=40))
@example("\x1fa\x1f")
@example("a \u0301b")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    for newlines in (False, True):
        try:
            once = clean_text(text, max_length=200, allow_newlines=newlines)
        except InvalidText:
            continue
        assert clean_text(once, max_length=200, allow_newlines=newlines) == once
        assert unicodedata.is_normalized("NFC", once)
        assert "\x00" not in once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Định Hoá", "định hóa"),
        ("ĐẶNG", "dang"),
        ("Thuỷ", "Thủy"),
        ("Mỹ Lý", "Mĩ Lí"),
        ("kỹ thuật", "kĩ thuật"),
        ("cấp  lại\u00a0thẻ ", "CAP LAI THE"),
    ],
)
def test_spellings_of_one_word_are_found_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert fold(unicodedata.normalize("NFD", one)) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("tay", "tai"), ("thuý", "thúi"), ("Yên", "iên")])
def test_words_that_differ_by_y_and_i_stay_two(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_the_beginning_of_a_word_still_finds_it() -> None:
    for length in range(2, len("quyền")):
        assert fold("quyền sử dụng đất").startswith(fold("quyền"[:length]))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(vietnamese)
def test_folded_vietnamese_is_ascii_however_it_was_typed(text: str) -> None:
    folded = fold(text)
    assert folded.isascii()
    assert folded == folded.lower()
    assert fold(unicodedata.normalize("NFD", text)) == folded
    assert fold(text.upper()) == folded


def test_every_vietnamese_letter_has_a_plain_one() -> None:
    assert len(set(LETTERS)) == 2 * (12 * 6 + 1)
    for letter in LETTERS:
        plain = without_diacritics(letter)
        assert len(plain) == 1
        assert plain.isascii()
        assert plain.isalpha()
        assert plain.isupper() == letter.isupper()


@given(vietnamese)
def test_losing_marks_keeps_the_length_and_the_case(text: str) -> None:
    assert len(without_diacritics(text)) == len(text)
    assert strip_marks(unicodedata.normalize("NFD", text)) == strip_marks(text)


@given(st.text(max_size=160))
@example("“Xin chào” – 50.000₫ … `ạ´\u200b\u2060 😀")
def test_no_text_costs_more_than_plain_letters_do(text: str) -> None:
    assert cost(without_diacritics(text)).encoding == "GSM-7"


def test_typographic_marks_have_plain_ones_and_a_picture_is_a_question() -> None:
    assert without_diacritics("“Lệ phí” – 50.000₫…") == '"Le phi" - 50.000d...'
    assert without_diacritics("Hoa 🌸") == "Hoa ?"


async def test_a_searched_text_is_taken_literally_by_postgresql(database: object) -> None:
    for typed in ["100%", "a_b", "c\\d", "%", "\\", "_%\\"]:
        pattern = f"{escape_like(typed)}%"
        assert await fetch_value("SELECT $1::text LIKE $2::text", f"{typed} and more", pattern)
        assert not await fetch_value("SELECT $1::text LIKE $2::text", "something else", pattern)
