"""Nothing on a page is left untranslated, doubtful or stale, in either language."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from app.pages.catalogue import template_catalogue
from app.pages.i18n import LANGUAGE_NAMES, LOCALE

LANGUAGES = pytest.mark.parametrize("language", tuple(LANGUAGE_NAMES))


def catalogue_of(language: str) -> Catalog:
    path: Path = LOCALE / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@LANGUAGES
def test_the_catalogue_has_the_sentences_of_the_templates_and_no_others(language: str) -> None:
    spoken = {message.id for message in template_catalogue() if message.id}

    assert {message.id for message in catalogue_of(language) if message.id} == spoken
    assert not catalogue_of(language).obsolete


@LANGUAGES
def test_every_sentence_is_translated_and_certain(language: str) -> None:
    for message in catalogue_of(language):
        said = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        assert not message.id or all(said), message.id
        assert not message.id or not message.fuzzy, message.id


@LANGUAGES
def test_a_translation_names_the_same_facts_as_the_sentence(language: str) -> None:
    for message in catalogue_of(language):
        if not message.id:
            continue
        assert list(message.check(catalogue_of(language))) == [], message.id
        source = message.id if isinstance(message.id, str) else message.id[-1]
        said = message.string if isinstance(message.string, str) else (message.string or ("",))[-1]
        assert set(re.findall(r"%\(\w+\)s", source)) == set(re.findall(r"%\(\w+\)s", said))


def test_the_vietnamese_is_vietnamese() -> None:
    same = {
        message.id
        for message in catalogue_of("vi")
        if isinstance(message.id, str) and message.id and message.id == message.string
    }

    assert same == set()
