"""Keeps the catalogues level with the templates: `python -m app.pages.catalogue`.

For maintainers. Sentences that are new appear empty in Vietnamese, to be translated by hand; English says
its sentences as they are written. A test refuses what is missing, fuzzy or no longer used.
"""

from collections.abc import Iterator
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.pages.i18n import LANGUAGE_NAMES, LOCALE
from app.pages.templates import TEMPLATES

SOURCE_LANGUAGE: Final = "en"


def sentences() -> Iterator[tuple[str | tuple[str, ...], list[str]]]:
    """Every sentence of the templates with the translators' comments beside it."""
    for _file, _line, message, comments, _context in extract_from_dir(
        TEMPLATES,
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true"}},
    ):
        yield message, list(comments)


def template_catalogue() -> Catalog:
    """What the templates say, in no language yet."""
    catalogue = Catalog(project="motcua", charset="utf-8", fuzzy=False)
    for message, comments in sentences():
        catalogue.add(message, auto_comments=comments)
    return catalogue


def update() -> None:
    """Write each language's file anew, keeping what was translated."""
    template = template_catalogue()
    for language in LANGUAGE_NAMES:
        path = LOCALE / language / "LC_MESSAGES" / "messages.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = Catalog(locale=language, fuzzy=False)
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        catalogue.project, catalogue.version = "Motcua", "pages"
        catalogue.last_translator = catalogue.language_team = "Motcua"
        catalogue.header_comment = f"# What the pages say: {LANGUAGE_NAMES[language]}."
        if language == SOURCE_LANGUAGE:
            for message in catalogue:
                if message.id:
                    message.string = message.id
        with path.open("wb") as file:
            write_po(file, catalogue, sort_output=True, omit_header=False, width=100, no_location=True)


if __name__ == "__main__":
    update()
