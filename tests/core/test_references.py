"""References: read aloud, typed by anybody, and a slip in one is seen."""

import re
from itertools import product

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.core.dossier_numbers import InvalidDossierNumber, parse_dossier_number
from app.core.references import ALPHABET, InvalidReference, new_reference, parse_reference

places = st.integers(0, 5)


def spelled(body: str) -> str:
    return f"NB-{body[:4]}-{body[4:]}"


def completed(body: str) -> str:
    """The reference of five characters: exactly one of the 32 that begin with them is one."""
    found = [spelled(body + letter) for letter in ALPHABET if is_reference(spelled(body + letter))]
    assert len(found) == 1
    return found[0]


def is_reference(raw: str) -> bool:
    try:
        return parse_reference(raw) == raw
    except InvalidReference:
        return False


references = st.text(ALPHABET, min_size=5, max_size=5).map(completed)


def body_of(reference: str) -> str:
    return reference.removeprefix("NB-").replace("-", "")


def test_new_references_have_the_shape_people_were_shown_and_differ() -> None:
    made = [new_reference() for _ in range(500)]
    for reference in made:
        assert re.fullmatch(rf"NB-[{ALPHABET}]{{4}}-[{ALPHABET}]{{2}}", reference)
        assert is_reference(reference)
    # Two of 500 from 33 million are the same once in 270 runs; three are never.
    assert len(set(made)) >= 499


@given(references, st.data())
def test_a_reference_is_read_however_it_is_typed(reference: str, data: st.DataObject) -> None:
    mistaken = {"0": "0Oo", "1": "1IiLl", "-": ["-", " ", "", "–", "."]}
    typed = "NB" + "".join(
        data.draw(st.sampled_from(mistaken.get(character, [character, character.lower()])))
        for character in reference.removeprefix("NB")
    )
    assert parse_reference(f" {typed}\n") == reference


@given(references)
@example(completed("00000"))
def test_one_wrong_character_is_always_seen(reference: str) -> None:
    body = body_of(reference)
    for place, letter in product(range(len(body)), ALPHABET):
        wrong = spelled(body[:place] + letter + body[place + 1 :])
        assert is_reference(wrong) == (wrong == reference)


@given(references, places, places)
def test_any_two_swapped_characters_are_always_seen(reference: str, one: int, other: int) -> None:
    characters = list(body_of(reference))
    assume(characters[one] != characters[other])
    characters[one], characters[other] = characters[other], characters[one]
    with pytest.raises(InvalidReference):
        parse_reference(spelled("".join(characters)))


@given(references)
def test_a_reference_never_looks_like_a_dossier_number(reference: str) -> None:
    with pytest.raises(InvalidDossierNumber):
        parse_dossier_number(reference)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "NB",
        "NB-",
        "NB-7K3Q",
        "NB-7K3Q-922",
        "XX-7K3Q-92",
        "NB-UUUU-UU",
        "NB-٧K3Q-92",
        "H42-261124-0001",
    ],
)
def test_what_is_no_reference_is_refused(raw: str) -> None:
    with pytest.raises(InvalidReference):
        parse_reference(raw)


@given(st.text(max_size=20))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidReference:
        return
    assert parse_reference(reference) == reference


def test_another_prefix_is_another_kind_of_reference() -> None:
    reference = new_reference("TV")
    assert parse_reference(reference.lower(), "TV") == reference
    with pytest.raises(InvalidReference):
        parse_reference(reference)
