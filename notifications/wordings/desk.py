"""The desk of whoever edits what messages say, as the pages show it (`app.pages.wordings` has the port).

Pages and messages do not know one another: an entrance puts this desk into the pages' hands.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from notifications import holds
from notifications.holds import Hold
from notifications.limits import EVERYTHING, TEMPLATE
from notifications.segments import room
from notifications.templates import TEMPLATES, Template
from notifications.wordings import operations, rules, versions
from notifications.wordings.names import NAMES
from notifications.wordings.operations import Draft
from notifications.wordings.samples import SAMPLES
from notifications.wordings.versions import Version


class EditorsDesk(NamedTuple):
    """What is said and what would be; `hosts` are where links may lead."""

    hosts: Collection[str]

    async def listed(self, *, language: str) -> dict[str, Any]:
        """Every wording as it stands, in the program's order."""
        kept, held = await versions.histories(), await _held()
        return {
            "everything_held": EVERYTHING in held,
            "wordings": [
                _standing(template, kept[code], language) | {"held": f"{TEMPLATE}{code}" in held}
                for code, template in TEMPLATES.items()
            ],
        }

    async def wording(self, key: str, *, language: str) -> dict[str, Any]:
        """One of them whole, all versions newest first; raises `MessageTemplateNotFound`."""
        template = operations.known(key)
        kept, held = await versions.history(template), await _held()
        stands = _standing(template, kept, language)
        hold = held.get(f"{TEMPLATE}{key}")
        return stands | {
            "category": template.category.value,
            "lifetime_minutes": int(template.lifetime.total_seconds() // 60),
            "everything_held": EVERYTHING in held,
            "held": hold._asdict() if hold else None,
            "variables": [
                {"name": name, "longest": longest, "sample": SAMPLES[name]}
                for name, longest in template.longest.items()
            ],
            "versions": [row._asdict() | {"stands": row.version == stands["version"]} for row in kept],
        }

    def looks(self, key: str, *, vi: str, en: str, language: str) -> list[dict[str, Any]]:
        """How the texts would arrive with sample values, what that costs and what is wrong with them."""
        template = operations.known(key)
        return [
            self._looks(template, locale, rules.tidied(text), language)
            for locale, text in (("vi", vi), ("en", en))
        ]

    def _looks(self, template: Template, locale: str, text: str, language: str) -> dict[str, Any]:
        looks = rules.looks(template, text, {})
        return {
            "locale": locale,
            "rendered": looks.rendered,
            "folded": looks.folded,
            "encoding": looks.cost.encoding,
            "units": looks.units,
            "room": room(looks.cost),
            "segments": looks.cost.segments,
            "longest_segments": looks.longest.segments,
            "most_segments": rules.MOST_SEGMENTS,
            "marked": looks.marked._asdict(),
            "dear": [each._asdict() for each in looks.dear],
            "problems": [
                {"words": fault.words(language), "piece": rules.piece_of(text, fault)}
                for fault in rules.faults(template, text, hosts=self.hosts)
            ],
        }

    async def publish(
        self,
        key: str,
        *,
        vi: str,
        en: str,
        note: str,
        seen: int,
        language: str,
        officer_id: uuid.UUID,
        now: datetime,
    ) -> int:
        """Say it in these words from now on; the version that is in force then."""
        published = await operations.publish(
            code=key,
            draft=Draft(vi, en, note),
            hosts=self.hosts,
            expected_version=seen,
            language=language,
            officer_id=officer_id,
            now=now,
        )
        return published.version

    async def publish_again(
        self, key: str, *, version: int, seen: int, language: str, officer_id: uuid.UUID, now: datetime
    ) -> int:
        """Say it in the words of an older version again; the version that is in force then."""
        published = await operations.publish_again(
            code=key,
            version=version,
            note="",
            hosts=self.hosts,
            expected_version=seen,
            language=language,
            officer_id=officer_id,
            now=now,
        )
        return published.version

    async def hold(self, key: str, *, reason: str, officer_id: uuid.UUID, now: datetime) -> None:
        """Nothing of it leaves from now on; what is held already stays held as it was."""
        scope = f"{TEMPLATE}{operations.known(key).code}"
        await holds.hold(scope=scope, reason=holds.reason_of(reason), officer_id=officer_id, now=now)

    async def let_go(self, key: str, *, now: datetime) -> None:
        """Whoever held it, or its own refusals."""
        await holds.let_go(scope=f"{TEMPLATE}{operations.known(key).code}", now=now)


async def _held() -> dict[str, Hold]:
    return {each.scope: each for each in await holds.holds()}


def _standing(template: Template, kept: Sequence[Version], language: str) -> dict[str, Any]:
    row = versions.in_force(template, kept)
    return {
        "key": template.code,
        "name": NAMES[template.code].in_language(language),
        "version": row.version,
        "published_at": row.published_at if row.published_by else None,
        "vi": row.vi,
        "en": row.en,
    }
