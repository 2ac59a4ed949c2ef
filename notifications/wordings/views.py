"""Wordings as an editor's program sees them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from app.core.clock import local
from notifications.templates import Category, Template
from notifications.wordings.rules import LONGEST_VALUE, Fault, Looks
from notifications.wordings.samples import SAMPLES
from notifications.wordings.versions import Version, in_force

Wording = Annotated[str, msgspec.Meta(max_length=2000)]
Note = Annotated[str, msgspec.Meta(max_length=200)]
Locale = Literal["vi", "en"]


class PreviewRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text for a template in one language; samples stand where `values` has none."""

    key: Annotated[str, msgspec.Meta(max_length=60)]
    locale: Locale
    text: Wording
    values: dict[
        Annotated[str, msgspec.Meta(max_length=60)], Annotated[str, msgspec.Meta(max_length=LONGEST_VALUE)]
    ] = {}


class PublishRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said from now on, in both languages, and why."""

    vi: Wording
    en: Wording
    note: Note = ""


class PublishAgainRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the older text is said again."""

    note: Note = ""


class WordingFault(msgspec.Struct, omit_defaults=True):
    """What is wrong with it, in the caller's language: at which character, or about which variable."""

    code: str
    detail: str
    at: int | None = None
    variable: str | None = None

    @classmethod
    def of(cls, fault: Fault, language: str) -> "WordingFault":
        return cls(fault.code, fault.words(language), fault.at, fault.name or None)


class WordingPreview(msgspec.Struct, kw_only=True):
    """How it would arrive, and what it costs: `units` are septets or UTF-16 units of one segment or more.

    `problems` refuse its publication; `value_problems` say what would be done to the values.
    """

    rendered: str
    folded: str
    encoding: str
    characters: int
    units: int
    segments: int
    longest_segments: int
    longest_segments_in_force: int
    publishable: bool
    problems: list[WordingFault]
    value_problems: list[WordingFault]

    @classmethod
    def of(
        cls,
        looks: Looks,
        *,
        in_force: int,
        faults: Sequence[Fault],
        value_faults: Sequence[Fault],
        language: str,
    ) -> "WordingPreview":
        return cls(
            rendered=looks.rendered,
            folded=looks.folded,
            encoding=looks.cost.encoding,
            characters=len(looks.folded),
            units=looks.units,
            segments=looks.cost.segments,
            longest_segments=looks.longest.segments,
            longest_segments_in_force=in_force,
            publishable=not faults,
            problems=[WordingFault.of(fault, language) for fault in faults],
            value_problems=[WordingFault.of(fault, language) for fault in value_faults],
        )


class TemplateVariable(msgspec.Struct):
    """A variable of a template, its longest value and one for looking."""

    name: str
    longest: int
    sample: str


class WordingVersion(msgspec.Struct, kw_only=True):
    """A version; `source` says whether somebody published it or it came with the program."""

    version: int
    source: Literal["program", "published"]
    vi: str
    en: str
    note: str
    published_at: datetime | None
    published_by: uuid.UUID | None
    text_of: int | None

    @classmethod
    def of(cls, row: Version) -> "WordingVersion":
        return cls(
            version=row.version,
            source="program" if row.published_by is None else "published",
            vi=row.vi,
            en=row.en,
            note=row.note,
            published_at=local(row.published_at) if row.published_at else None,
            published_by=row.published_by,
            text_of=row.text_of,
        )


class MessageTemplateView(msgspec.Struct, kw_only=True):
    """A template: what the program fills it with, the version in force, and all of them, newest first."""

    key: str
    category: Category
    lifetime_minutes: int
    variables: list[TemplateVariable]
    version: int
    paused: bool
    versions: list[WordingVersion]

    @classmethod
    def of(cls, template: Template, versions: Sequence[Version], *, paused: bool) -> "MessageTemplateView":
        return cls(
            key=template.code,
            category=template.category,
            lifetime_minutes=int(template.lifetime.total_seconds() // 60),
            variables=[TemplateVariable(name, n, SAMPLES[name]) for name, n in template.longest.items()],
            version=in_force(template, versions).version,
            paused=paused,
            versions=[WordingVersion.of(row) for row in versions],
        )


class MessageTemplateList(msgspec.Struct):
    """Every template of the program; there are some dozens, on one page."""

    items: list[MessageTemplateView]
    next_cursor: str | None = None
