"""Secret links: whoever holds one sees one thing, and nobody makes one."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.core import keys as core_keys
from app.core.crypto import Keyring
from app.core.links import KINDS, read_tracking_token, tracking_token

KEYS = core_keys.Keys(
    signing={},
    fields=Keyring({1: b"\x01" * 32}),
    index=b"\x02" * 32,
    codes=b"\x03" * 32,
    pages=b"\x04" * 32,
)
SOMETHING = uuid.UUID("0195f3a0-0000-7000-8000-000000000001")
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

kinds = st.sampled_from(sorted(KINDS))


@pytest.fixture(scope="module", autouse=True)
def _keys() -> Iterator[None]:
    """Keys of this module's own; those the session installed come back."""
    before = core_keys._installed[:]
    core_keys.install(KEYS)
    yield
    core_keys._installed[:] = before


@given(kinds, st.uuids())
def test_a_link_names_what_it_was_made_for(kind: str, thing: uuid.UUID) -> None:
    token = tracking_token(kind, thing)
    assert read_tracking_token(token) == (kind, thing)
    assert len(token) == 36
    assert set(token) <= set(URL_SAFE)


@given(st.integers(0, 35), st.sampled_from(URL_SAFE))
def test_a_link_with_one_changed_character_names_nothing(place: int, character: str) -> None:
    token = tracking_token("ticket", SOMETHING)
    assume(token[place] != character)
    assert read_tracking_token(token[:place] + character + token[place + 1 :]) is None


@given(st.integers(0, 36), st.sampled_from(["=", "\n", " ", "!", "+", "/", "é", "%3D", "\x00", "A"]))
@example(36, "==")
def test_a_link_has_one_spelling(place: int, added: str) -> None:
    token = tracking_token("ticket", SOMETHING)
    assert read_tracking_token(token[:place] + added + token[place:]) is None


def test_the_other_alphabet_of_base64_is_not_a_second_spelling() -> None:
    token = next(
        token
        for number in range(1000)
        if {"-", "_"} & set(token := tracking_token("dossier", uuid.UUID(int=number)))
    )
    assert read_tracking_token(token.replace("-", "+").replace("_", "/")) is None


@given(st.text(max_size=40))
@example("A" * 36)
@example("")
def test_a_link_we_did_not_make_names_nothing(text: str) -> None:
    assert read_tracking_token(text) is None


def test_the_kinds_of_one_id_have_links_of_their_own() -> None:
    assert len({tracking_token(kind, SOMETHING) for kind in KINDS}) == len(KINDS)


def test_a_link_of_another_installation_names_nothing() -> None:
    token = tracking_token("home_visit", SOMETHING)
    core_keys.install(replace(KEYS, codes=b"\x05" * 32))
    try:
        assert read_tracking_token(token) is None
    finally:
        core_keys.install(KEYS)


def test_keys_do_not_show_themselves() -> None:
    keys = replace(KEYS, signing={"k": "-----BEGIN PRIVATE KEY-----"})
    assert "PRIVATE" not in repr(keys)
    assert repr(KEYS.index) not in repr(keys)
