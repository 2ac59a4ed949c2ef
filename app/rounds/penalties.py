"""What a contract promises in figures, and what a broken figure costs (pure).

Figures of shares are better when higher, figures of time when lower. A penalty is a fixed sum, and a sum
for every whole percent point (or second) beyond the target, never more than the most agreed.
"""

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Final

import msgspec

Vnd = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Figure(StrEnum):
    """What is measured of a partner (COURIER.md 5.8)."""

    PROMISE_KEPT = "promise_kept"
    FIRST_ATTEMPT = "first_attempt"
    HANDED_OVER_IN_BLOCK = "handed_over_in_block"
    SEAL_INTACT = "seal_intact"
    INCOMPLETE_AFTER_CHECK = "incomplete_after_check"
    WEBHOOK_P95_S = "webhook_p95_s"
    OFFLINE_P95_S = "offline_p95_s"


LOWER_IS_BETTER: Final = frozenset(
    {Figure.INCOMPLETE_AFTER_CHECK, Figure.WEBHOOK_P95_S, Figure.OFFLINE_P95_S}
)
OF_TIME: Final = frozenset({Figure.WEBHOOK_P95_S, Figure.OFFLINE_P95_S})


class Term(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One line of a contract. `target` is a percent, or seconds."""

    figure: Figure
    target: Annotated[int, msgspec.Meta(ge=0, le=10**6)]
    flat_vnd: Vnd = 0
    per_point_vnd: Vnd = 0
    most_vnd: Vnd = 10**12


def value_of(figure: Figure, numerator: int, denominator: int) -> Fraction | None:
    """A percent, or seconds; None where there was nothing to measure."""
    if figure in OF_TIME:
        return Fraction(numerator) if denominator else None
    return Fraction(100 * numerator, denominator) if denominator else None


def is_met(term: Term, value: Fraction | None) -> bool:
    """Nothing measured breaks nothing."""
    if value is None:
        return True
    return value <= term.target if term.figure in LOWER_IS_BETTER else value >= term.target


def penalty_vnd(term: Term, value: Fraction | None) -> int:
    """What the partner owes for this figure over the period."""
    if value is None or is_met(term, value):
        return 0
    points = int(abs(value - term.target))
    return min(term.most_vnd, term.flat_vnd + term.per_point_vnd * points)
