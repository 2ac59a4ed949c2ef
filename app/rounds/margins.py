"""How long work at a door is planned to take, and how much is kept in hand (pure).

Defaults were measured (inflated by 1.10 with 15 minutes of guard, 0.65 % of stops start late); an
installation's own figures stand in `planning_rule` and `service_time`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from app.rounds.planning.problem import GUARD_SECONDS, INFLATION

# Work that begins sooner than this is the courier's already: they look at their telephone, and set out.
NOTICE: Final = timedelta(minutes=5)
# A point nearer to its commune's own than this is the commune's: the door is still to be found.
CENTROID_M: Final = 30.0
EVERY_OTHER: Final = ""


class PlanningRules(NamedTuple):
    """What is kept in hand, in seconds but for the factor and the minutes."""

    inflation: float = INFLATION
    guard_seconds: int = GUARD_SECONDS
    access_seconds: int = 90
    centroid_seconds: int = 5 * 60
    published_minutes: int = 12 * 60

    @property
    def published_before(self) -> timedelta:
        """How long before a block begins its citizens are told their courier."""
        return timedelta(minutes=self.published_minutes)


SERVICE_SECONDS: Final[Mapping[tuple[str, str], int]] = MappingProxyType(
    {
        ("collection", EVERY_OTHER): 22 * 60,
        ("delivery", EVERY_OTHER): 7 * 60,
        ("assisted_online", EVERY_OTHER): 22 * 60,
    }
)


def service_seconds(
    kind: str,
    procedures: Sequence[str],
    *,
    times: Mapping[tuple[str, str], int],
    rules: PlanningRules,
    at_centroid: bool,
) -> int:
    """Access to the door, then the papers of one procedure after the other; nothing inflated yet."""
    known = {**SERVICE_SECONDS, **times}
    work = sum(known.get((kind, code), known[kind, EVERY_OTHER]) for code in procedures)
    return rules.access_seconds + work + (rules.centroid_seconds if at_centroid else 0)


def planning_window(
    starts_at: datetime, ends_at: datetime, *, guard_seconds: int
) -> tuple[datetime, datetime]:
    """When work may start: a window shorter than the guard keeps the moment it opens."""
    return starts_at, max(starts_at, ends_at - timedelta(seconds=guard_seconds))
