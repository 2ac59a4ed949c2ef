"""Which windows the rounds can keep for a door: asked of the live plans, and nothing is held by it."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.core.database import fetch
from app.rounds import closures, live, plans
from app.rounds.blocks import required
from app.rounds.day import MOVES_FOR_A_QUOTE, Asked, Closed, Day
from app.rounds.margins import NOTICE, service_seconds

# Tried out of the way for one window, as long as the quote has tries left.
MOVES_FOR_A_WINDOW: Final = 8
# A row nobody stores: what a window is tried with.
NOBODY: Final = uuid.UUID(int=0)


class Wish(NamedTuple):
    """What somebody wants done at a door; `at_centroid` when only its commune's own point is known."""

    kind: str
    procedures: Sequence[str]
    commune: str
    lat: float
    lon: float
    at_centroid: bool = False
    not_by: Collection[uuid.UUID] = ()


class Times(NamedTuple):
    """When a window opens and closes."""

    starts_at: datetime
    ends_at: datetime


async def what(wish: Wish) -> Asked:
    """The wish in the words of the rounds, with the time it is planned to take."""
    rows = await fetch("SELECT kind, procedure_code, seconds FROM service_time WHERE kind = $1", wish.kind)
    seconds = service_seconds(
        wish.kind,
        wish.procedures,
        times={(row["kind"], row["procedure_code"]): row["seconds"] for row in rows},
        rules=await live.planning_rules(),
        at_centroid=wish.at_centroid,
    )
    skills = required(wish.kind, wish.procedures, wish.commune, not_by=wish.not_by)
    return Asked(wish.lat, wish.lon, seconds, skills)


async def quote(
    wish: Wish, asked: Asked, windows: Sequence[Times], *, now: datetime
) -> list[Closed | None]:
    """For each window None when it can be kept, or why not. All windows of a day are judged at once."""
    if not windows:
        return []
    start, end = min(w.starts_at for w in windows), max(w.ends_at for w in windows)
    closed = await closures.between(start, end)
    days = await plans.at({local_date(window.starts_at) for window in windows}, now=now, asked=asked.skills)
    by_day: defaultdict[date, list[int]] = defaultdict(list)
    found: list[Closed | None] = [None] * len(windows)
    for number, window in enumerate(windows):
        if window.starts_at < now + NOTICE:
            found[number] = Closed.CUTOFF
        elif closures.is_closed(closed, wish.commune, wish.lat, wish.lon, window):
            found[number] = Closed.AREA_CLOSED
        else:
            by_day[local_date(window.starts_at)].append(number)
    verdicts = _judged(days, by_day, windows, asked)
    return [verdicts.get(number, reason) for number, reason in enumerate(found)]


async def is_area_closed(wish: Wish, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether nobody is sent to the door in this window."""
    closed = await closures.between(starts_at, ends_at)
    return closures.is_closed(closed, wish.commune, wish.lat, wish.lon, (starts_at, ends_at))


def _judged(
    days: Mapping[date, Day], by_day: Mapping[date, list[int]], windows: Sequence[Times], asked: Asked
) -> dict[int, Closed | None]:
    found: dict[int, Closed | None] = {}
    tries = MOVES_FOR_A_QUOTE
    for date_, numbers in sorted(by_day.items()):
        day = days.get(date_)
        if day is None:
            found |= dict.fromkeys(numbers, Closed.NO_SKILLED_COURIER)
            continue
        for number, kept in zip(numbers, day.quote(asked, [windows[n] for n in numbers]), strict=True):
            reason = None if kept else day.why_not(asked, windows[number])
            if reason is Closed.FULL and tries > 0:
                tries -= MOVES_FOR_A_WINDOW
                row = day.stop_row(NOBODY, asked, *windows[number])
                if day.placed(row, moves_tried=MOVES_FOR_A_WINDOW) is not None:
                    reason = None
            found[number] = reason
    return found
