"""Forty-eight people, four places, twenty times, over real HTTP."""

import asyncio
import uuid
from collections import Counter
from datetime import datetime, time, timedelta

import pytest

from app.core.clock import ZONE, current_time
from tests.faults.conftest import House

pytestmark = pytest.mark.faults

RACERS, PLACES, ROUNDS = 48, 4, 20
GRAIN = timedelta(minutes=10)


async def _lunches(house: House) -> list[str]:
    """Starts with exactly four places each: the lead opens lunch hours nobody else opened."""
    signed_in = await house.http.post("/v1/auth/staff", json={"username": "ha", "password": "demo-ha"})
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    openings = await house.http.get("/v1/staff/openings", headers=headers)
    pools = await house.sql(
        "SELECT pool_id FROM pool_procedure WHERE procedure_code = '2.000815' AND pool_id = ANY($1)"
        " LIMIT 1",
        list({uuid.UUID(item["pool_id"]) for item in openings.json()["items"]}),
    )
    starts: list[str] = []
    today = current_time().astimezone(ZONE).date()
    for ahead in range(1, 12):
        begins = datetime.combine(today + timedelta(days=ahead), time(11, 30), tzinfo=ZONE)
        opened = await house.http.post(
            "/v1/staff/openings",
            headers=headers,
            json={
                "pool_id": str(pools),
                "starts_at": begins.isoformat(),
                "ends_at": (begins + timedelta(hours=2)).isoformat(),
                "counters": PLACES,
                "grain_minutes": 10,
            },
        )
        if opened.status_code == 201:
            starts += [(begins + n * GRAIN).isoformat() for n in range(12)]
        if len(starts) >= ROUNDS:
            return starts[:ROUNDS]
    raise LookupError(opened.text)


async def test_four_of_forty_eight_win_and_the_rest_are_told_where_else(house: House) -> None:
    starts = await _lunches(house)
    people = await house.citizens(RACERS * ROUNDS)

    for n, starts_at in enumerate(starts):
        racers = people[n * RACERS : (n + 1) * RACERS]
        answers = await asyncio.gather(
            *(house.hold(headers, starts_at, str(uuid.uuid4())) for headers in racers)
        )

        assert Counter(answer.status_code for answer in answers) == {201: PLACES, 409: RACERS - PLACES}
        losers = [answer.json() for answer in answers if answer.status_code == 409]
        assert {loser["code"] for loser in losers} == {"slot_full"}
        assert min(len(loser["alternatives"]) for loser in losers) >= 3
