"""Publishing a wording, and publishing an older one again."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from app.core import journal
from app.core.database import in_transaction
from app.core.errors import PreconditionFailed
from app.core.operation import operation
from notifications.templates import TEMPLATES, Template
from notifications.wordings import rules, versions
from notifications.wordings.errors import MessageTemplateNotFound, WordingNotValid
from notifications.wordings.versions import Version

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('message_template ' || $1, 0))"


class Draft(NamedTuple):
    """What somebody wants to be said; `text_of` is the version that said it before."""

    vi: str
    en: str
    note: str = ""
    text_of: int | None = None


def known(code: str) -> Template:
    """Raises `MessageTemplateNotFound` for what the program never says."""
    template = TEMPLATES.get(code)
    if template is None:
        raise MessageTemplateNotFound
    return template


@operation
async def publish(
    *,
    code: str,
    draft: Draft,
    hosts: Collection[str],
    expected_version: int,
    language: str,
    officer_id: uuid.UUID,
    now: datetime,
) -> Version:
    """Say it in these words from now on; the words in force again change nothing.

    Raises `PreconditionFailed` for another version than was seen, `WordingNotValid` with every reason in
    the language of whoever asks.
    """
    template = known(code)
    current = await _seen(template, expected_version, now=now)
    return await _put(
        template, current, draft, hosts=hosts, language=language, officer_id=officer_id, now=now
    )


@operation
async def publish_again(
    *,
    code: str,
    version: int,
    note: str,
    hosts: Collection[str],
    expected_version: int,
    language: str,
    officer_id: uuid.UUID,
    now: datetime,
) -> Version:
    """Say it in the words of an older version again, as a new one; it is looked at like any other."""
    template = known(code)
    current = await _seen(template, expected_version, now=now)
    older = next((each for each in await versions.history(template) if each.version == version), None)
    if older is None:
        raise MessageTemplateNotFound
    draft = Draft(older.vi, older.en, note, text_of=version)
    return await _put(
        template, current, draft, hosts=hosts, language=language, officer_id=officer_id, now=now
    )


@operation
async def take_over(*, code: str, now: datetime) -> Version:
    """The program came with other variables than the published words were written for: its own words are
    the next version. Twice is once.
    """
    template = known(code)
    await in_transaction().execute(ONE_AT_A_TIME, code)
    return await _with_own(template, now=now)


async def _seen(template: Template, expected_version: int, *, now: datetime) -> Version:
    await in_transaction().execute(ONE_AT_A_TIME, template.code)
    current = await _with_own(template, now=now)
    if current.version != expected_version:
        raise PreconditionFailed
    return current


async def _with_own(template: Template, *, now: datetime) -> Version:
    """The version in force, the program's own words being kept as a version before any other is."""
    kept = [Version(*row) for row in await in_transaction().fetch(versions.NEWEST_FIRST, template.code)]
    if any(each.program_version == template.version for each in kept):
        return versions.in_force(template, kept)
    own = Version.of_program(template)._replace(
        version=kept[0].version + 1 if kept else template.version, published_at=now
    )
    await _insert(template, own)
    if kept:
        await _tell(own, at=now)
    return own


async def _put(
    template: Template,
    current: Version,
    draft: Draft,
    *,
    hosts: Collection[str],
    language: str,
    officer_id: uuid.UUID,
    now: datetime,
) -> Version:
    texts = {"vi": rules.tidied(draft.vi), "en": rules.tidied(draft.en)}
    refused = [
        {"pointer": f"/{locale}", "code": fault.code, "detail": fault.words(language)}
        for locale, text in texts.items()
        for fault in rules.faults(template, text, hosts=hosts)
    ] + [
        {"pointer": "/note", "code": fault.code, "detail": fault.words(language)}
        for fault in rules.note_faults(draft.note)
    ]
    if refused:
        raise WordingNotValid(errors=refused)
    if (texts["vi"], texts["en"]) == (current.vi, current.en):
        return current
    newest = await in_transaction().fetchval(
        "SELECT max(version) FROM message_template WHERE code = $1", template.code
    )
    published = Version(
        code=template.code,
        version=newest + 1,
        vi=texts["vi"],
        en=texts["en"],
        program_version=template.version,
        note=rules.tidied(draft.note.strip()),
        published_at=now,
        published_by=officer_id,
        text_of=draft.text_of,
    )
    await _insert(template, published)
    await _tell(published, at=now)
    return published


async def _insert(template: Template, row: Version) -> None:
    names: Sequence[str] = Version._fields
    marks = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    await in_transaction().execute(
        f"INSERT INTO message_template ({versions.COLUMNS}, longest) VALUES ({marks}, ${len(names) + 1})",
        *row,
        msgspec.json.encode(dict(template.longest)).decode(),
    )


async def _tell(row: Version, *, at: datetime) -> None:
    await journal.write(
        "message_template.published" if row.published_by else "message_template.taken_over",
        object_kind="message_template",
        object_id=row.code,
        at=at,
        detail={"version": row.version, "text_of": row.text_of, "program_version": row.program_version},
    )
