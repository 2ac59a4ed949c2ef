"""Story 11, at the door: a courier helps to submit online, takes no papers, and no seal is made."""

from datetime import date, datetime, time

import pytest

from app.core.database import fetch
from app.http.principals import Caller
from tests.journeys.conftest import Person, Town
from tests.journeys.test_custody import EVERY, LAT, LON, Post
from tests.journeys.test_doors import Door, seen

RESIDENCE = "1.004194"  # đăng ký tạm trú: no paper any more
COUNTED = [{"component": 1, "originals": 1}]


@pytest.fixture
async def post(town: Town, day: date) -> Post:
    found = await town.sign_in(Caller.PARTNER, scopes=EVERY)
    post = Post(town, Person(town.http, found.headers), day)
    await post.hires("tu")
    return post


async def test_story_11_a_courier_helps_to_submit_and_takes_nothing_along(
    town: Town, post: Post, day: date
) -> None:
    lan = await town.citizen()
    found = await lan.get(
        "/v1/visit-windows",
        procedure=RESIDENCE,
        lat=LAT,
        lon=LON,
        kind="assisted_online",
        **{"from": str(day), "to": str(day)},
    )
    at_two = next(
        window
        for window in found.json()["windows"]
        if datetime.fromisoformat(window["starts_at"]).time() == time(14)
    )
    made = await lan.post(
        "/v1/home-visits",
        {
            "kind": "assisted_online",
            "procedures": [RESIDENCE],
            "window_id": at_two["id"],
            "address": {"text": "Xóm 4", "commune": "14638", "lat": LAT, "lon": LON},
            "contact": {"name": "Nguyễn Thị Lan", "phone": "0912345678"},
        },
    )
    assert made.status_code == 201, made.text
    door = Door(town, post, made.json())
    await door.to_the_door()

    counted = await door.at(25, "counted", papers=COUNTED)
    sealed = await door.at(26, "sealed", seal="NIEM-11")
    unsaid = await door.at(40, "handed_over")
    submitted = await door.at(41, "handed_over", submission="G01.02-261208-0007")

    for papers in (counted, sealed):
        assert (papers["outcome"], papers["reason"]) == ("rejected", "no_papers_taken")
    assert (unsaid["outcome"], unsaid["reason"]) == ("rejected", "missing_fact: submission")
    assert submitted["outcome"] == "applied", submitted
    visit = await seen(lan, made.json())
    assert (visit["status"], visit["seal"]) == ("submitted", None)
    assert await fetch("SELECT id FROM package") == []
