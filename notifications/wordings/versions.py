"""The versions of a template's wording, and which one is in force."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.core.database import fetch, fetch_row
from notifications.templates import TEMPLATES, Template


class Version(NamedTuple):
    """A wording. `program_version` is the set of variables it was written for; the program's own words have
    no publisher, and before anybody published another no moment either.
    """

    code: str
    version: int
    vi: str
    en: str
    program_version: int
    note: str = ""
    published_at: datetime | None = None
    published_by: uuid.UUID | None = None
    text_of: int | None = None

    @classmethod
    def of_program(cls, template: Template) -> "Version":
        return cls(template.code, template.version, template.vi, template.en, template.version)

    def text(self, locale: str) -> str:
        return self.en if locale == "en" else self.vi


COLUMNS: Final = ", ".join(Version._fields)
NEWEST_FIRST: Final = f"SELECT {COLUMNS} FROM message_template WHERE code = $1 ORDER BY version DESC"
# Of the program's variables, the one that was told before, else the newest.
TO_SAY: Final = f"""
SELECT {COLUMNS} FROM message_template WHERE code = $1
 ORDER BY program_version = $2 DESC,
          version = (SELECT template_version FROM message WHERE dedupe = ANY($3)
                      ORDER BY created_at, id LIMIT 1) DESC NULLS LAST,
          version DESC
 LIMIT 1
"""


async def to_say(template: Template, *, told_before: Sequence[str]) -> Version | None:
    """The version that says this: the one its person was owed it by, else the one in force. None where
    versions were published and none of them for the program's variables.
    """
    row = await fetch_row(TO_SAY, template.code, template.version, told_before)
    if row is None:
        return Version.of_program(template)
    found = Version(*row)
    return found if found.program_version == template.version else None


async def history(template: Template) -> Sequence[Version]:
    """Every version, newest first; the program's own alone where nobody published another."""
    rows = await fetch(NEWEST_FIRST, template.code)
    return [Version(*row) for row in rows] or [Version.of_program(template)]


async def histories() -> dict[str, Sequence[Version]]:
    """The same for every template there is."""
    rows = await fetch(f"SELECT {COLUMNS} FROM message_template ORDER BY code, version DESC")
    kept: dict[str, list[Version]] = {}
    for row in rows:
        kept.setdefault(row["code"], []).append(Version(*row))
    return {code: kept.get(code) or [Version.of_program(each)] for code, each in TEMPLATES.items()}


def in_force(template: Template, versions: Sequence[Version]) -> Version:
    """Of all, newest first; before a new program's words were taken in they hold all the same (pure)."""
    ours = (each for each in versions if each.program_version == template.version)
    return next(ours, Version.of_program(template))
