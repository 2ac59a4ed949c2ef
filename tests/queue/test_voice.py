"""Calls are said as people say them: every number of one to 9999, letters, and who goes first."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.queue import voice
from app.queue.voice import CLIPS, DIGITS

numbers = st.integers(1, 9999)


def spoken(value: int) -> str:
    return " ".join(CLIPS[clip] for clip in voice.integer(value))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1, "một"),
        (4, "bốn"),
        (5, "năm"),
        (10, "mười"),
        (11, "mười một"),
        (14, "mười bốn"),
        (15, "mười lăm"),
        (20, "hai mươi"),
        (21, "hai mươi mốt"),
        (24, "hai mươi tư"),
        (25, "hai mươi lăm"),
        (28, "hai mươi tám"),
        (55, "năm mươi lăm"),
        (100, "một trăm"),
        (101, "một trăm linh một"),
        (104, "một trăm linh bốn"),
        (105, "một trăm linh năm"),
        (110, "một trăm mười"),
        (111, "một trăm mười một"),
        (115, "một trăm mười lăm"),
        (121, "một trăm hai mươi mốt"),
        (444, "bốn trăm bốn mươi tư"),
        (555, "năm trăm năm mươi lăm"),
        (999, "chín trăm chín mươi chín"),
        (1000, "một nghìn"),
        (1001, "một nghìn không trăm linh một"),
        (1010, "một nghìn không trăm mười"),
        (1015, "một nghìn không trăm mười lăm"),
        (1021, "một nghìn không trăm hai mươi mốt"),
        (1100, "một nghìn một trăm"),
        (1105, "một nghìn một trăm linh năm"),
        (9999, "chín nghìn chín trăm chín mươi chín"),
    ],
)
def test_numbers_are_read_as_people_read_them(value: int, words: str) -> None:
    assert spoken(value) == words


def understood(clips: list[str]) -> int:
    """What a listener makes of the words, by the rules of hearing and not of speaking."""
    units = {clip: n for n, clip in enumerate(DIGITS)} | {"mot_sac": 1, "tu": 4, "lam": 5}
    total, last = 0, None
    for clip in clips:
        if clip == "nghin":
            assert last is not None
            total, last = total + last * 1000, None
        elif clip == "tram":
            assert last is not None
            total, last = total + last * 100, None
        elif clip == "muoi_ngang":
            assert last is not None
            total, last = total + last * 10, None
        elif clip == "muoi":
            assert last is None
            total += 10
        elif clip == "linh":
            assert last is None
        else:
            assert last is None
            last = units[clip]
    return total + (last or 0)


@given(value=numbers)
def test_whoever_listens_hears_the_number_that_was_meant(value: int) -> None:
    assert understood(voice.integer(value)) == value


def test_no_two_numbers_sound_the_same() -> None:
    assert len({spoken(value) for value in range(1, 10_000)}) == 9999


@given(value=numbers)
def test_the_words_change_where_they_must(value: int) -> None:
    clips = voice.integer(value)
    for before, clip in itertools.pairwise(clips):
        # After tens, one is mốt, four is tư, five is lăm; after mười only five changes.
        assert (before, clip) not in {("muoi_ngang", "mot"), ("muoi_ngang", "bon"), ("muoi_ngang", "nam")}
        assert (before, clip) != ("muoi", "nam")
        if clip in {"mot_sac", "tu"}:
            assert before == "muoi_ngang"
        if clip == "lam":
            assert before in {"muoi", "muoi_ngang"}
        if clip == "linh":
            assert before == "tram"
    assert ("linh" in clips) == (value > 100 and 0 < value % 100 < 10)


@given(value=numbers)
def test_a_number_takes_few_clips_and_only_known_ones(value: int) -> None:
    clips = voice.integer(value)

    assert 1 <= len(clips) <= 7
    assert set(clips) <= set(CLIPS)


@pytest.mark.parametrize(
    ("number", "counter", "priority", "clips"),
    [
        ("A101", 3, False, ["gong", "moi_so", "a", "mot", "tram", "linh", "mot", "den_quay", "ba"]),
        (
            "B215",
            11,
            True,
            ["gong", "moi_so", "uu_tien", "b", "hai", "tram", "muoi", "lam", "den_quay", "muoi", "mot"],
        ),
        ("C999", None, False, ["gong", "moi_so", "c", *voice.integer(999)]),
        ("A098", 1, False, ["gong", "moi_so", "a", "khong", "chin", "tam", "den_quay", "mot"]),
        ("K12345", 1, False, ["gong", "moi_so", "k", "mot", "hai", "ba", "bon", "nam", "den_quay", "mot"]),
        ("ab-7", 20, False, ["gong", "moi_so", "a", "b", "bay", "den_quay", "hai", "muoi_ngang"]),
    ],
)
def test_a_call_is_said_from_the_gong_to_the_counter(
    number: str, counter: int | None, priority: bool, clips: list[str]
) -> None:
    assert list(voice.call(number=number, counter=counter, priority=priority)) == clips


@given(text=st.text(max_size=12), counter=st.none() | st.integers(-5, 10**6), priority=st.booleans())
def test_whatever_stands_on_a_ticket_only_known_clips_are_asked_for(
    text: str, counter: int | None, priority: bool
) -> None:
    clips = voice.call(number=text, counter=counter, priority=priority)

    assert clips[:2] == ["gong", "moi_so"]
    assert set(clips) <= set(CLIPS)
    assert ("uu_tien" in clips) is priority
    assert ("den_quay" in clips) is (counter is not None)


@given(letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), value=numbers)
def test_letter_and_number_are_both_heard(letter: str, value: int) -> None:
    said = voice.label(f"{letter}{value}")

    assert said[0] == letter.lower()
    assert understood(said[1:]) == value


def test_a_clip_is_a_file_name_and_no_two_say_the_same() -> None:
    assert all(name.isascii() and name.replace("_", "").isalpha() for name in CLIPS)
    words = [word for name, word in CLIPS.items() if name != "gong"]
    assert len(set(words)) == len(words)
    assert len(CLIPS) < 60
