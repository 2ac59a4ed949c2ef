"""What it means to listen to a fact."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

from app.core.outbox import Fact


class Lane(IntEnum):
    """Lower lanes are drained first, so that a batch never delays a code somebody waits for."""

    CODE = 0
    URGENT = 1
    NORMAL = 2
    BULK = 3


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listener of one kind of fact.

    `in_order` keeps facts of one aggregate in sequence: a failing one holds back those behind it.
    After `lifetime` the work is `expired`; after `max_attempts` tries it is `dead`.
    """

    fact: type[Fact]
    name: str
    work: Callable[[Any], Awaitable[None]]
    lane: Lane = Lane.NORMAL
    in_order: bool = False
    max_attempts: int = 12
    lifetime: timedelta = timedelta(days=3)
