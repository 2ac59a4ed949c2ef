"""Why a window was promised, proved again from what was kept with the promise, without the plan of then."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from app.core.database import fetch
from app.rounds.blocks import Block, DutyState, Lock
from app.rounds.day import Day, build
from app.rounds.planning.checker import Violation, violations
from app.rounds.plans import model_of
from app.rounds.stored import DayRow, DutyRow, StopRow


class PromiseRow(NamedTuple):
    """One promise: its window, and what it rested on. Times are seconds; nothing in it is inflated."""

    home_visit_id: uuid.UUID
    date: date
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    made_because: str
    plan_version: int
    travel_version: int
    inflation: float
    guard_seconds: int
    service_seconds: int
    extra_seconds: int
    rested_on: str


async def promises_of(home_visit_id: uuid.UUID) -> Sequence[PromiseRow]:
    """Every promise made for a visit, the first one first."""
    rows = await fetch(
        f"SELECT {', '.join(PromiseRow._fields)} FROM promise WHERE home_visit_id = $1"
        " ORDER BY plan_version",
        home_visit_id,
    )
    return [PromiseRow(*row) for row in rows]


async def proved_again(promise: PromiseRow) -> list[Violation]:
    """What the independent checker finds wrong with the rounds the promise was made in: nothing, if it
    could be kept as far as anybody knew then.
    """
    told: list[dict[str, Any]] = msgspec.json.decode(promise.rested_on)
    duties = [_duty(promise, each["duty"]) for each in told]
    stops = [
        _stop(promise, duty, seq, stop)
        for duty, each in zip(duties, told, strict=True)
        for seq, stop in enumerate(each["stops"], start=1)
    ]
    head = DayRow(
        promise.date,
        promise.plan_version,
        promise.travel_version,
        promise.inflation,
        promise.guard_seconds,
        None,
        0,
        None,
    )
    # Long before the day: as planned, from the beginning of each block.
    eve = min(duty.starts_at for duty in duties) - timedelta(days=1)
    day: Day = build(head, await model_of(promise.travel_version), duties, stops, now=eve)
    return violations(day.problem, day.plan)


def _duty(promise: PromiseRow, told: dict[str, Any]) -> DutyRow:
    return DutyRow(
        uuid.UUID(told["id"]),
        uuid.UUID(told["courier_id"]),
        promise.date,
        Block.MORNING.value,
        datetime.fromisoformat(told["starts_at"]),
        datetime.fromisoformat(told["ends_at"]),
        told["lat"],
        told["lon"],
        told["skills"],
        told["capacity"],
        DutyState.PLANNED.value,
        promise.plan_version,
    )


def _stop(promise: PromiseRow, duty: DutyRow, seq: int, told: dict[str, Any]) -> StopRow:
    return StopRow(
        uuid.UUID(told["home_visit_id"]),
        promise.date,
        duty.id,
        seq,
        Lock.FREE.value,
        told["lat"],
        told["lon"],
        datetime.fromisoformat(told["opens_at"]),
        datetime.fromisoformat(told["closes_at"]),
        told["service_seconds"],
        told["size"],
        told["skills"],
        promise.plan_version,
        None,
        "",
    )
