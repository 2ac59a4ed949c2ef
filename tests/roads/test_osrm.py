"""The road engine over real HTTP: what it says, and what becomes of the nights it is ill."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from partners.roads.emulator import OsrmEmulator, road_seconds, running_road_engine
from partners.roads.osrm import FAILURES_BORNE, WAYS_AT_ONCE, Osrm, Way

DELTA = Way(20.11, 106.12, 20.15, 106.02)
HILLS = Way(20.30, 105.75, 20.25, 105.97)


@pytest.fixture
def engine() -> Iterator[OsrmEmulator]:
    with running_road_engine() as running:
        yield running


@pytest.fixture
async def osrm(engine: OsrmEmulator) -> AsyncIterator[Osrm]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Osrm(client, engine.base_url)


async def test_each_way_is_its_own(osrm: Osrm) -> None:
    found = await osrm.seconds([DELTA, HILLS])
    assert found == [pytest.approx(road_seconds(*way), abs=0.1) for way in (DELTA, HILLS)]


async def test_more_ways_than_one_question_may_ask(engine: OsrmEmulator, osrm: Osrm) -> None:
    ways = [DELTA._replace(to_lat=20.12 + n / 1000) for n in range(2 * WAYS_AT_ONCE + 1)]
    found = await osrm.seconds(ways)
    assert engine.requests == 3
    assert found == [pytest.approx(road_seconds(*way), abs=0.1) for way in ways]


@pytest.mark.parametrize("fault", ["slow", "error", "garbage", "refuse"])
async def test_an_ill_engine_says_nothing_and_is_asked_again(
    engine: OsrmEmulator, osrm: Osrm, fault: str
) -> None:
    engine.faults.append(fault)
    assert await osrm.seconds([DELTA]) == [None]
    assert osrm.is_open
    assert await osrm.seconds([DELTA]) == [pytest.approx(road_seconds(*DELTA), abs=0.1)]


async def test_no_road_is_no_answer(engine: OsrmEmulator, osrm: Osrm) -> None:
    engine.faults.append("null")
    assert await osrm.seconds([DELTA, HILLS]) == [None, None]


async def test_it_is_left_alone_after_some_failures(engine: OsrmEmulator, osrm: Osrm) -> None:
    engine.faults.extend(["error"] * FAILURES_BORNE)
    for _ in range(FAILURES_BORNE + 2):
        assert await osrm.seconds([DELTA]) == [None]
    assert not osrm.is_open
    assert engine.requests == FAILURES_BORNE


async def test_nobody_there(engine: OsrmEmulator) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert await Osrm(client, "http://127.0.0.1:9").seconds([DELTA]) == [None]
