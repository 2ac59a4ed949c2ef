"""What a change of a dossier says where it is one of several, and how long it waits for others (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.errors import Words
from app.core.text import without_diacritics
from notifications.templates import TEMPLATES, Category, Template

DIGEST: Final = TEMPLATES["dossier_digest"]
ROOM: Final = DIGEST.longest["items"]
OTHERS_WITHIN: Final = timedelta(minutes=10)
MORE: Final = Words("và {n} hồ sơ khác", "and {n} more")


class Said(NamedTuple):
    """The words over the numbers of those it happened to; `at_once`: somebody waits for it, or has to do
    something about it, and others are no reason to wait.
    """

    heading: Words
    at_once: bool = False


# By template, first what somebody has to do something about: what there is no room for is at the end.
SAID: Final[Mapping[str, Said]] = MappingProxyType(
    {
        "dossier_completed": Said(Words("đã có kết quả", "result ready"), at_once=True),
        "dossier_corrected": Said(
            Words("thu hồi kết quả để xử lý lại", "result recalled, worked on again"), at_once=True
        ),
        "dossier_supplement_requested": Said(
            Words("cần bổ sung giấy tờ", "more papers needed"), at_once=True
        ),
        "dossier_payment_due": Said(Words("cần nộp nghĩa vụ tài chính", "payment due"), at_once=True),
        "dossier_refused": Said(Words("không được tiếp nhận", "not accepted"), at_once=True),
        "dossier_stopped": Said(Words("đã dừng xử lý", "processing stopped"), at_once=True),
        "dossier_extended": Said(Words("xin lỗi, hẹn trả lại", "late, we are sorry, now promised")),
        "dossier_supplemented": Said(Words("đã đủ giấy tờ, hẹn trả", "papers complete, promised")),
        "dossier_payment_received": Said(Words("đã nộp nghĩa vụ, hẹn trả", "payment done, promised")),
        "dossier_accepted": Said(Words("đã tiếp nhận, hẹn trả", "accepted, promised")),
        "dossier_returned": Said(Words("đã trả kết quả", "returned")),
        "dossier_withdrawn": Said(Words("đã rút", "withdrawn")),
    }
)
RANK: Final = MappingProxyType({code: rank for rank, code in enumerate(SAID)})


class Change(NamedTuple):
    """One of several: its template, and what it is called among them."""

    template: str
    label: str


def label(template: Template, values: Mapping[str, str]) -> str:
    """What a message is called where it is one of several; nothing where it always goes alone."""
    if template.category is not Category.DIGESTABLE:
        return ""
    said = template.fitted(values)
    return f"{said['number']} ({said['time']})" if "time" in said else said["number"]


def values(changes: Sequence[Change], locale: str) -> dict[str, str]:
    """What fills the digest: how many, and as many of them as it has room for."""
    ordered = sorted(changes, key=lambda change: RANK[change.template])
    texts = (_listed(ordered[:n], len(ordered) - n, locale) for n in range(len(ordered), 0, -1))
    items = next(text for text in texts if len(without_diacritics(text)) <= ROOM)
    return {"count": str(len(ordered)), "items": items}


def _listed(told: Sequence[Change], left: int, locale: str) -> str:
    groups = [
        f"{SAID[template].heading.in_language(locale)}: {', '.join(each.label for each in group)}"
        for template, group in groupby(told, key=lambda change: change.template)
    ]
    more = [MORE.in_language(locale).format(n=left)] if left else []
    text = "; ".join([*groups, *more])
    return text[:1].upper() + text[1:]


def waits_until(template: str, *, happened_at: datetime, left_at: datetime | None) -> datetime:
    """What nobody waits for gives others ten minutes to come; whatever comes within ten minutes of one that
    left (`left_at`) waits for their end. Neither waits for longer.
    """
    waits = happened_at if SAID[template].at_once else happened_at + OTHERS_WITHIN
    return waits if left_at is None else max(waits, left_at + OTHERS_WITHIN)
