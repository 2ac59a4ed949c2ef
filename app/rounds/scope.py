"""What a contract lets a partner's couriers do, and where (pure).

`*` stands for every procedure or every commune. Tasks are always named.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

ANY: Final = "*"
TASKS: Final = frozenset({"collection", "delivery"})


class Scope(NamedTuple):
    """Of one contract (phạm vi hợp đồng). `centres` are codes of centres whose visits are counted."""

    tasks: frozenset[str]
    procedures: frozenset[str]
    communes: frozenset[str]
    centres: frozenset[str] = frozenset({ANY})

    def allows(self, skill: str) -> bool:
        """Whether a courier may be given this skill under the contract."""
        if skill == ANY:
            return True  # Whatever the contract covers.
        if skill in TASKS:
            return skill in self.tasks
        return ANY in self.procedures or skill in self.procedures


# A partner with contracts, on a day none of them holds.
NOTHING: Final = Scope(frozenset(), frozenset(), frozenset())


def outside(skills: Collection[str], scopes: Collection[Scope]) -> list[str]:
    """Skills that none of the contracts allows."""
    return sorted(skill for skill in skills if not any(scope.allows(skill) for scope in scopes))
