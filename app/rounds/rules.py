"""Who is sent (pure)."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from geopy.distance import great_circle

ANY_SKILL: Final = "*"
# Straight lines are shorter than roads, and a bicycle bell takes its time: for showing an ETA only.
METRES_PER_MINUTE: Final = 350.0
MINUTES_AT_A_DOOR: Final = 12


class Candidate(NamedTuple):
    """A courier on the day of a visit: where from, until when, with what already."""

    courier_id: uuid.UUID
    skills: Collection[str]
    shift_starts_at: datetime
    shift_ends_at: datetime
    capacity: int
    load: int
    lat: float
    lon: float


class Wanted(NamedTuple):
    """What a visit asks of its courier."""

    task: str
    procedures: Sequence[str]
    starts_at: datetime
    ends_at: datetime
    lat: float
    lon: float


def distance_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    return float(great_circle((lat, lon), (other_lat, other_lon)).km)


def is_able(candidate: Candidate, wanted: Wanted) -> bool:
    """Skilled for the task and every procedure, on shift for the whole window, with room left."""
    asked = {wanted.task, *wanted.procedures}
    skilled = ANY_SKILL in candidate.skills or asked <= set(candidate.skills)
    on_shift = candidate.shift_starts_at <= wanted.starts_at and wanted.ends_at <= candidate.shift_ends_at
    return skilled and on_shift and candidate.load < candidate.capacity


def choose_courier(candidates: Sequence[Candidate], wanted: Wanted) -> uuid.UUID | None:
    """The nearest able courier; on a tie the one with less to do, then the smaller id."""
    able = [candidate for candidate in candidates if is_able(candidate, wanted)]
    if not able:
        return None
    best = min(
        able,
        key=lambda c: (
            round(distance_km(c.lat, c.lon, wanted.lat, wanted.lon), 3),
            c.load,
            c.courier_id,
        ),
    )
    return best.courier_id


class Stop(NamedTuple):
    """A door on a courier's day."""

    home_visit_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    lat: float
    lon: float


class PlannedStop(NamedTuple):
    """A stop with its place in the round and when to expect the courier."""

    stop: Stop
    sequence: int
    eta: datetime


def plan_round(stops: Sequence[Stop], *, lat: float, lon: float) -> list[PlannedStop]:
    """Windows in order, the nearest next within a window; never before a window opens."""
    left = sorted(stops, key=lambda s: (s.starts_at, s.home_visit_id))
    planned: list[PlannedStop] = []
    at_lat, at_lon = lat, lon
    clock: datetime | None = None
    while left:
        opening = left[0].starts_at
        group = [stop for stop in left if stop.starts_at == opening]
        nearest = min(group, key=lambda s: (distance_km(at_lat, at_lon, s.lat, s.lon), s.home_visit_id))
        travel = distance_km(at_lat, at_lon, nearest.lat, nearest.lon) * 1000 / METRES_PER_MINUTE
        reached = (clock or nearest.starts_at) + timedelta(minutes=travel)
        eta = max(reached, nearest.starts_at)
        planned.append(PlannedStop(nearest, len(planned) + 1, eta))
        clock = eta + timedelta(minutes=MINUTES_AT_A_DOOR)
        at_lat, at_lon = nearest.lat, nearest.lon
        left.remove(nearest)
    return planned
