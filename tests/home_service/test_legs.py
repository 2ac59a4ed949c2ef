"""Ways driven, out of what devices reported."""

import uuid
from datetime import datetime, timedelta

from app.home_service.legs import STAYED, Driven, Seen, driven, legs_driven
from app.rounds.zones import zone_of
from tests.home_service.conftest import LAT, LON, Promise, new_seal, report
from tests.home_service.conftest import collection as story

TU, MAI = uuid.UUID(int=1), uuid.UUID(int=2)
START = datetime.fromisoformat("2026-11-25T01:00:00+00:00")
MINUTE = timedelta(minutes=1)


def seen(minute: float, kind: str, door: int, **facts: object) -> Seen:
    usual = Seen(
        TU, uuid.UUID(int=100 + door), kind, START + minute * MINUTE, "boot", False, None, None, 20.0, door
    )
    return usual._replace(**facts)


def test_a_way_begins_where_the_device_was() -> None:
    found = list(driven([seen(0, "en_route", 106, lat=20.1, lon=105.9), seen(12, "arrived", 106)]))
    assert found == [Driven(20.1, 105.9, 20.0, 106, 720.0)]


def test_a_device_that_names_no_position_leaves_from_the_door_before() -> None:
    found = list(
        driven(
            [
                seen(0, "en_route", 105),
                seen(9, "arrived", 105),
                seen(30, "en_route", 106),
                seen(40, "arrived", 106),
            ]
        )
    )
    assert found == [Driven(20.0, 105, 20.0, 106, 600.0)]


def test_what_says_nothing_is_left_out() -> None:
    here = {"lat": 20.1, "lon": 105.9}
    start = seen(0, "en_route", 106, **here)
    for later in (
        seen(10, "arrived", 105),  # another door
        seen(10, "arrived", 106, boot_id="other"),  # the clock may have been turned
        seen(10, "arrived", 106, clock_suspect=True),
        seen(10, "arrived", 106, courier_id=MAI),
        seen(STAYED / MINUTE + 1, "arrived", 106),
    ):
        assert list(driven([start, later])) == []
    assert (
        list(driven([seen(0, "en_route", 106, clock_suspect=True, **here), seen(9, "arrived", 106)])) == []
    )


def test_nobody_knows_where_a_courier_was_who_said_nothing_for_hours() -> None:
    quiet = STAYED / MINUTE + 5
    assert (
        list(
            driven([seen(0, "arrived", 105), seen(quiet, "en_route", 106), seen(quiet + 9, "arrived", 106)])
        )
        == []
    )


async def test_a_collection_reported_teaches_its_way(promise: Promise) -> None:
    visit = await promise()
    await report(*story(visit, new_seal()))

    legs = await legs_driven(now=visit.ends_at + timedelta(days=1))

    assert [leg.pair for leg in legs] == [(zone_of(LAT, LON), zone_of(LAT, LON))]
    assert [leg.took_s for leg in legs] == [60.0]
    assert await legs_driven(now=visit.ends_at + timedelta(days=90)) == []
