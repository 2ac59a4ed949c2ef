"""What the portal lacks of a dossier, and how long to wait for it (pure)."""

import random
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

FIRST_PAUSE_S: Final = 2.0
# Lag p95 is to stay within a minute (III.2): whoever waits for an outage's end asks that often.
LONGEST_PAUSE_S: Final = 60.0


class Verdict(StrEnum):
    """How what the portal says compares to our timeline."""

    EQUAL = "equal"
    MISSING = "missing"
    BEHIND = "behind"
    CONFLICT = "conflict"


class Standing(NamedTuple):
    """`at` is how many of our steps the portal has; nothing is sent on a conflict."""

    verdict: Verdict
    at: int


def compare(ours: Sequence[int], *, told: int, theirs: int | None) -> Standing:
    """`told` steps were surely taken, and one more perhaps: neighbours in a timeline differ, so the
    portal's status tells which. A dossier it knew and now holds an earlier step of was changed over there.
    """
    if theirs is None:
        return Standing(Verdict.MISSING, 0)
    for at in (told, told + 1):
        if 0 < at <= len(ours) and ours[at - 1] == theirs:
            return _standing(ours, at)
    if told == 0 and theirs in ours:
        # Told by the system of before, or by one whose memory is gone: its last step of that status.
        return _standing(ours, max(n for n, status in enumerate(ours, 1) if status == theirs))
    return Standing(Verdict.CONFLICT, told)


def _standing(ours: Sequence[int], at: int) -> Standing:
    return Standing(Verdict.EQUAL if at == len(ours) else Verdict.BEHIND, at)


def pause_after(tries: int) -> timedelta:
    """Doubling up to a bound, half of it left to chance so that dossiers do not march."""
    bound = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(tries, 10))
    return timedelta(seconds=bound * random.uniform(0.5, 1.0))  # noqa: S311 - spreading, not secrecy
