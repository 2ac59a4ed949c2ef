"""Ways couriers drove, from what they reported: left for a door, and were there.

Both reports come from one device, so the time between them is right however wrong its clock is; a clock
somebody turned in between says nothing, and is left out. Where a device named no position when it left, the
way began at the door it was at before.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np

from app.core.database import fetch
from app.home_service.states import Report
from app.rounds.learning import Leg
from app.rounds.travel_model import FIRST
from app.rounds.zones import zone_of

# Long enough for a hill road to be driven now and then, short enough for a new bridge to be noticed.
REMEMBERED: Final = timedelta(days=60)
# Whoever reports nothing for so long was somewhere else meanwhile.
STAYED: Final = timedelta(hours=3)

SEEN: Final = """
SELECT seen.courier_id, seen.home_visit_id, seen.type, seen.effective_at, seen.boot_id, seen.clock_suspect,
       seen.lat, seen.lon, visit.lat AS door_lat, visit.lon AS door_lon
  FROM visit_event seen JOIN home_visit visit ON visit.id = seen.home_visit_id
 WHERE seen.type IN ('en_route', 'arrived') AND seen.applied_as IS NOT NULL
   AND seen.effective_at >= $1 AND seen.effective_at < $2
 ORDER BY seen.courier_id, seen.effective_at, seen.device_seq, seen.event_id
"""


class Seen(NamedTuple):
    """A courier who left for a door or was there; the position the device named, and the door's."""

    courier_id: uuid.UUID
    home_visit_id: uuid.UUID
    type: str
    at: datetime
    boot_id: str | None
    clock_suspect: bool
    lat: float | None
    lon: float | None
    door_lat: float
    door_lon: float


class Driven(NamedTuple):
    """From a position to a door, in so many seconds."""

    lat: float
    lon: float
    to_lat: float
    to_lon: float
    took_s: float


def driven(seen: Iterable[Seen]) -> Iterator[Driven]:
    """The ways in what was seen, which comes by courier and in order (pure)."""
    for _, of_courier in groupby(seen, key=attrgetter("courier_id")):
        leaving, where, last = None, None, None
        for each in of_courier:
            if last is not None and each.at - last > STAYED:
                leaving, where = None, None
            last = each.at
            if each.type == Report.EN_ROUTE:
                named = None if each.lat is None or each.lon is None else (each.lat, each.lon)
                leaving, where = each, named or where
                continue
            if leaving is not None and where is not None and _is_one_way(leaving, each):
                took = (each.at - leaving.at).total_seconds()
                yield Driven(*where, each.door_lat, each.door_lon, took)
            leaving, where = None, (each.door_lat, each.door_lon)


def _is_one_way(left: Seen, arrived: Seen) -> bool:
    return (
        left.home_visit_id == arrived.home_visit_id
        and left.boot_id == arrived.boot_id
        and not left.clock_suspect
        and not arrived.clock_suspect
    )


async def legs_driven(*, now: datetime) -> list[Leg]:
    """Every leg remembered, with what the model without factors says of it."""
    ways = list(driven(Seen(*row) for row in await fetch(SEEN, now - REMEMBERED, now)))
    if not ways:
        return []
    modelled = FIRST.seconds(*np.array(ways, dtype=np.float64)[:, :4].T).tolist()
    return [
        Leg((zone_of(way.lat, way.lon), zone_of(way.to_lat, way.to_lon)), said, way.took_s)
        for way, said in zip(ways, modelled, strict=True)
    ]
