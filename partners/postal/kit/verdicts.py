"""A verdict on one thing, with its reason in both languages."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from app.core.errors import Words
from partners.postal.kit.seen import Seen


class Result(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    SKIPPED = "skipped"


class Verdict(NamedTuple):
    """`reason` says what was seen where a check failed, or why there was nothing to judge."""

    result: Result
    reason: Words | None = None


class Check(NamedTuple):
    """One thing a partner's system must do; the name never changes."""

    name: str
    must: Words
    judge: Callable[[Seen], Verdict]


PASS = Verdict(Result.PASS)


def fail(vi: str, en: str, **facts: Any) -> Verdict:
    return Verdict(Result.FAIL, Words(vi.format(**facts), en.format(**facts)))


def skip(vi: str, en: str) -> Verdict:
    return Verdict(Result.SKIPPED, Words(vi, en))


NOT_SENT = skip("Chưa gửi được thông điệp của bước này.", "The message of this step was not sent.")
NO_REPORTS = skip(
    "Hệ thống chưa báo sự kiện nào về phía Motcua.", "The system reported no event to Motcua's side."
)


def passes_unless(wrong: list[str], vi: str, en: str) -> Verdict:
    """Passes when nothing wrong was found; otherwise names the first of it."""
    return fail(vi, en, first=wrong[0], count=len(wrong)) if wrong else PASS
