"""What a shift gives a day's plan: blocks to work in, and what their courier may do (pure).

The lunch between the blocks is nobody's promise, and every block ends at the post office: papers collected
in the morning are handed over at noon.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from app.core.clock import at_local
from app.rounds.scope import ANY, TASKS, Scope

MORNING_ENDS: Final = (12, 0)
AFTERNOON_STARTS: Final = (13, 15)

# Skills of a duty that cover a whole kind of demand.
ANY_TASK: Final = "*"
ANY_PROCEDURE: Final = "procedure:*"
ANY_COMMUNE: Final = "commune:*"
COMMUNE: Final = "commune:"
NOT: Final = "not:"


class Block(StrEnum):
    """Half a day of a courier (buổi sáng, buổi chiều)."""

    MORNING = "morning"
    AFTERNOON = "afternoon"


class BlockTimes(NamedTuple):
    """When a block is worked."""

    block: Block
    starts_at: datetime
    ends_at: datetime


class DutyState(StrEnum):
    """Where a duty stands. From `published` on its citizens know their courier."""

    PLANNED = "planned"
    PUBLISHED = "published"
    STARTED = "started"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Lock(StrEnum):
    """How far a stop may still be moved: anywhere, within its courier's round, not at all, done."""

    FREE = "free"
    COURIER = "courier"
    POSITION = "position"
    DONE = "done"


TOLD: Final = frozenset({DutyState.PUBLISHED, DutyState.STARTED})
WORKED: Final = frozenset({DutyState.PLANNED, *TOLD})


def blocks_of(day: date, starts_at: datetime, ends_at: datetime) -> list[BlockTimes]:
    """A shift over the lunch gives two blocks; any other is one, as long as it is."""
    noon, after_lunch = at_local(day, *MORNING_ENDS), at_local(day, *AFTERNOON_STARTS)
    if starts_at < noon and ends_at > after_lunch:
        return [
            BlockTimes(Block.MORNING, starts_at, noon),
            BlockTimes(Block.AFTERNOON, after_lunch, ends_at),
        ]
    block = Block.MORNING if starts_at < noon else Block.AFTERNOON
    return [BlockTimes(block, starts_at, ends_at)]


def skills_on_duty(courier_skills: Collection[str], scope: Scope | None = None) -> list[str]:
    """The skills of a duty, from its courier's: tasks and procedures, and `commune:` codes they go to.

    Everywhere, as long as no contract says where; under a contract nothing that is not in it.
    """
    if scope is None:
        return sorted({*courier_skills, ANY_COMMUNE})
    everything = ANY_TASK in courier_skills
    own = frozenset(courier_skills) - TASKS - {ANY_TASK}
    tasks = scope.tasks if everything else scope.tasks & frozenset(courier_skills)
    if ANY in scope.procedures:
        procedures = frozenset({ANY_PROCEDURE}) if everything else own
    else:
        procedures = scope.procedures if everything else own & scope.procedures
    communes = {ANY_COMMUNE} if ANY in scope.communes else {COMMUNE + code for code in scope.communes}
    return sorted({*tasks, *procedures, *communes})


def required(
    kind: str, procedures: Sequence[str], commune: str, *, not_by: Collection[uuid.UUID] = ()
) -> frozenset[str]:
    """What a visit asks of its duty; couriers who declined it are not asked again."""
    return frozenset({kind, *procedures, COMMUNE + commune, *(NOT + str(each) for each in not_by)})


def covers(skills: Collection[str], asked: str, *, courier_id: uuid.UUID) -> bool:
    """Whether a duty of this courier with these skills meets one thing asked."""
    if asked.startswith(NOT):
        return asked != NOT + str(courier_id)
    if asked.startswith(COMMUNE):
        return asked in skills or ANY_COMMUNE in skills
    return asked in skills or ANY_TASK in skills or (asked not in TASKS and ANY_PROCEDURE in skills)
