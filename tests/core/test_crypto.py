"""Sealed fields open where they were sealed, whole, with a key that is here, and nowhere else."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.crypto import DecryptionFailed, Keyring, Secret, blind_index
from app.settings import Settings

OLD, NEW = b"\x01" * 32, b"\x02" * 32
RING = Keyring({1: OLD, 2: NEW})
PLACE = "citizen|number|7f3a"


@given(plain=st.binary(max_size=200), place=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_field_opens_where_it_was_sealed(plain: bytes, place: str) -> None:
    assert RING.decrypt(RING.encrypt(plain, place=place), place=place) == plain


@given(plain=st.binary(max_size=40), elsewhere=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_field_moved_to_another_row_does_not_open(plain: bytes, elsewhere: str) -> None:
    assume(elsewhere != PLACE)
    with pytest.raises(DecryptionFailed):
        RING.decrypt(RING.encrypt(plain, place=PLACE), place=elsewhere)


@given(plain=st.binary(max_size=40), place=st.integers(0), bit=st.integers(0, 7))
def test_a_field_with_one_changed_bit_does_not_open(plain: bytes, place: int, bit: int) -> None:
    blob = bytearray(RING.encrypt(plain, place=PLACE))
    blob[place % len(blob)] ^= 1 << bit
    with pytest.raises(DecryptionFailed):
        RING.decrypt(bytes(blob), place=PLACE)


@given(plain=st.binary(max_size=40), cut=st.integers(1))
def test_a_shortened_field_does_not_open(plain: bytes, cut: int) -> None:
    blob = RING.encrypt(plain, place=PLACE)
    with pytest.raises(DecryptionFailed):
        RING.decrypt(blob[: -(cut % len(blob)) or -1], place=PLACE)


@given(st.binary(max_size=80))
def test_bytes_that_were_never_sealed_do_not_open(blob: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        RING.decrypt(blob, place=PLACE)


def test_a_personal_number_becomes_42_bytes_and_never_the_same_ones_twice() -> None:
    blobs = {RING.encrypt(b"037090999123", place=PLACE) for _ in range(50)}
    assert len(blobs) == 50
    assert {len(blob) for blob in blobs} == {2 + 12 + 12 + 16}


def test_the_newest_key_seals_and_every_key_opens() -> None:
    before = Keyring({1: OLD}).encrypt(b"x", place=PLACE)
    assert RING.decrypt(before, place=PLACE) == b"x"
    after = RING.encrypt(b"x", place=PLACE)
    assert Keyring({2: NEW}).decrypt(after, place=PLACE) == b"x"
    with pytest.raises(DecryptionFailed):
        Keyring({1: OLD}).decrypt(after, place=PLACE)


def test_another_key_under_the_same_number_opens_nothing() -> None:
    with pytest.raises(DecryptionFailed):
        Keyring({2: OLD}).decrypt(RING.encrypt(b"x", place=PLACE), place=PLACE)


@pytest.mark.parametrize(
    "keys", [{}, {0: OLD}, {256: OLD}, {1: b"\x01" * 16}, {1: b""}, {1: OLD, 2: b"\x02" * 24}]
)
def test_a_ring_without_good_keys_is_not_made(keys: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match=r"[Kk]ey"):
        Keyring(keys)


@given(
    one=st.text(st.characters(exclude_categories=["Cs"])),
    other=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_equal_values_are_found_by_equal_marks_and_others_are_not(one: str, other: str) -> None:
    mark = blind_index(OLD, "phone", one)
    assert len(mark) == 16
    assert (mark == blind_index(OLD, "phone", other)) == (one == other)


def test_a_mark_tells_nothing_under_another_key_or_of_another_field() -> None:
    mark = blind_index(OLD, "citizen_number", "037090999123")
    assert mark != blind_index(NEW, "citizen_number", "037090999123")
    assert mark != blind_index(OLD, "phone", "037090999123")


def test_a_secret_does_not_show_itself_and_still_works() -> None:
    secret = Secret("hunter2")
    shown = [repr(secret), repr([secret]), repr({"token": secret}), f"{secret!r}"]
    assert not any("hunter2" in text for text in shown)
    assert secret == "hunter2"


def test_settings_do_not_show_the_operators_token() -> None:
    settings = Settings.from_environment(
        {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "hunter2", "MOTCUA_DATA_DIR": "data"}
    )
    assert "hunter2" not in repr(settings)
