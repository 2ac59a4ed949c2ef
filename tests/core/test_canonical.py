"""Canonical JSON and the custody chain: what was published about them, and what a change does to them."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.canonical import GENESIS, canonical, chain_hash

SEALED = {
    "bag": "NIEM-000123",
    "device_time": "2026-03-02T08:14:05+07:00",
    "event_id": "0195f3a0-0000-7000-8000-000000000001",
    "seq": 1,
    "type": "package.sealed",
}
TRANSFERRED = {
    "bag": "NIEM-000123",
    "device_time": "2026-03-02T10:55:40+07:00",
    "event_id": "0195f3a0-0000-7000-8000-000000000002",
    "seq": 2,
    "type": "custody.transferred",
}
AFTER_SEALED = "c5e9e0cba6390af0e0b2b6ca92871dfeaff4100264b293e356bc952b07ff58f2"
AFTER_TRANSFERRED = "3015b48883ab794531d1af6aeb6c7e72b5b2d13a7fb7d15f6d4e122c67ca57af"

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
events = st.dictionaries(words, values, max_size=5)


def test_the_two_published_links_of_a_chain() -> None:
    first = chain_hash(GENESIS, SEALED)
    assert first.hex() == AFTER_SEALED
    assert chain_hash(first, TRANSFERRED).hex() == AFTER_TRANSFERRED


@given(events)
def test_the_order_of_names_does_not_change_the_text(event: dict[str, Any]) -> None:
    backwards = dict(reversed(event.items()))
    assert canonical(backwards) == canonical(event)
    assert json.loads(canonical(event)) == event


@given(events, events)
def test_two_events_never_share_a_link(one: dict[str, Any], other: dict[str, Any]) -> None:
    # Python takes 1 and True for equal; JSON does not.
    assume(json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))
    assert chain_hash(GENESIS, one) != chain_hash(GENESIS, other)


@given(st.lists(events, min_size=2, max_size=6), st.data())
def test_an_event_left_out_changes_the_head(chain: list[dict[str, Any]], data: st.DataObject) -> None:
    missing = data.draw(st.integers(0, len(chain) - 1))
    assert _head(chain) != _head(chain[:missing] + chain[missing + 1 :])


def test_vietnamese_is_written_as_it_is_and_names_are_in_the_order_of_utf_16() -> None:
    assert canonical({"ố": "Hồ sơ", "b": 1, "a": 1.0}) == '{"a":1,"b":1,"ố":"Hồ sơ"}'.encode()
    assert canonical({"\ufb33": 1, "😀": 2}) == '{"😀":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    "event",
    [{"a": float("nan")}, {"a": float("inf")}, {"a": 2**53}, {"a": "\ud800"}, {"\ud800": 1}, {"a": b"x"}],
)
def test_what_has_no_one_spelling_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"JCS|safe integer|UTF-8|surrogates|unsupported"):
        canonical(event)


def _head(chain: list[dict[str, Any]]) -> bytes:
    head = GENESIS
    for event in chain:
        head = chain_hash(head, event)
    return head
