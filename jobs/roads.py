"""Every night: what couriers drove, and what a road engine says of the rest, become tomorrow's roads."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Final

import httpx
import structlog

from app.home_service.incidents import Kind
from app.home_service.legs import legs_driven
from app.home_service.operations import call_supervisor
from app.rounds.learning import WORTH, Leg
from app.rounds.roads import days_behind, learn_roads, move_day
from app.rounds.travel_model import FIRST
from app.rounds.zones import Pair, Zone, centre_of
from partners.roads.osrm import Osrm, Way

log: Final = structlog.get_logger(__name__)

# The zones most driven to; among so many, every pair is asked of the engine in ten questions.
ZONES_SURVEYED: Final = 20
# An engine that says more than this times the model did not find the road (COURIER.md 4).
MOST_TIMES: Final = 4.0


async def learn_travel(*, roads_url: str | None, now: datetime) -> int:
    """The version in force afterwards. Twice in a night is once; a silent engine changes nothing."""
    legs = await legs_driven(now=now)
    surveyed: Mapping[Pair, float] = {}
    if roads_url is not None:
        async with httpx.AsyncClient(trust_env=False) as client:
            surveyed = await survey(Osrm(client, roads_url), legs)
    version = await learn_roads(legs=legs, surveyed=surveyed, now=now)
    for day in await days_behind(version, now=now):
        moved = await move_day(day=day, version=version, now=now)
        for visit in moved.in_doubt:
            await call_supervisor(home_visit_id=visit, kind=Kind.ROADS_SLOWER, now=now)
        if moved.in_doubt:
            log.warning(
                "promises_in_doubt", day=day.isoformat(), version=version, visits=len(moved.in_doubt)
            )
    return version


async def survey(engine: Osrm, legs: Sequence[Leg]) -> dict[Pair, float]:
    """By what the engine multiplies the model between zones much driven to, where legs say too little."""
    count = Counter(leg.pair for leg in legs)
    busiest: Counter[Zone] = Counter()
    for (_, there), times in count.items():
        busiest[there] += times
    zones = [zone for zone, _ in busiest.most_common(ZONES_SURVEYED)]
    pairs = [(a, b) for a, b in product(zones, zones) if a != b and count[a, b] < WORTH]
    ways = [Way(*centre_of(here), *centre_of(there)) for here, there in pairs]
    found = {}
    for pair, way, said in zip(pairs, ways, await engine.seconds(ways), strict=True):
        modelled = float(FIRST.seconds(*way))  # type: ignore[arg-type]  # numpy takes plain numbers
        if said is not None and said <= MOST_TIMES * modelled:
            found[pair] = said / modelled
    return found
