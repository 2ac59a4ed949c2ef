"""Everybody at once: the same place, codes, displays."""

import asyncio
import time
from collections import Counter
from typing import Final

import httpx

from app.core.clock import local
from app.faults.load import PROCEDURE
from app.faults.matrix import Cell, Scene

RACERS: Final = 1000
AT_ONCE: Final = 100
ASKED: Final = 1000
NUMBERS: Final = 500
DISPLAYS: Final = 500
# Where somebody has booked already: a slot nobody took may be one nobody can book yet.
LAST_PLACE: Final = """
WITH one AS (SELECT slot.id FROM slot JOIN pool_procedure USING (pool_id, centre_id)
    WHERE procedure_code = $1 AND open AND starts_at > now() + interval '3 hours'
      AND taken_online < online_cap
      AND EXISTS (SELECT FROM appointment WHERE appointment.centre_id = slot.centre_id
            AND appointment.starts_at = slot.starts_at AND appointment.state = 'confirmed')
      AND (SELECT count(*) FROM slot other JOIN pool_procedure p USING (pool_id, centre_id)
            WHERE p.procedure_code = $1 AND other.centre_id = slot.centre_id
              AND other.starts_at = slot.starts_at) = 1
    ORDER BY taken_online, random() LIMIT 1)
UPDATE slot SET online_cap = taken_online + 1 FROM one WHERE slot.id = one.id AND taken_online < online_cap
RETURNING slot.id, centre_id::text AS centre_id, starts_at
"""
LEFT: Final = "SELECT online_cap - taken_online FROM slot WHERE id = $1"


CODES: Final = """
SELECT count(*) AS owed, count(DISTINCT phone) AS phones,
       count(*) FILTER (WHERE created_at - before < interval '59 seconds') AS soon
  FROM (SELECT phone, created_at, lag(created_at) OVER (PARTITION BY phone ORDER BY created_at) AS before
          FROM message WHERE category = 'otp' AND phone = ANY($1)) AS code
"""


async def last_place(scene: Scene) -> None:
    """A thousand people and one place."""
    house, load = scene.house, scene.load
    [place] = await house.rows(LAST_PLACE, PROCEDURE)
    people = await load.come(RACERS)
    turns = asyncio.Semaphore(AT_ONCE)
    statuses: Counter[int] = Counter()
    body = {
        "centre_id": place["centre_id"],
        "starts_at": local(place["starts_at"]).isoformat(),
        "items": [{"procedure": PROCEDURE, "quantity": 1}],
    }

    async def race(n: int) -> None:
        async with turns:
            answer = await load.write(people[n], "/v1/appointments", body)
            statuses[answer.status_code if answer is not None else 0] += 1

    await asyncio.gather(*(race(n) for n in range(RACERS)))
    scene.notes.append(f"{statuses[201]} of {RACERS} had it")
    left = await house.sql(LEFT, place["id"])
    # Somebody who just books may have been quicker than all of them.
    scene.expect(statuses[201] <= 1 and left == 0, f"{left} left; answers were {dict(statuses)}")
    scene.expect(set(statuses) <= {201, 409}, f"answers were {dict(statuses)}")


async def codes(scene: Scene) -> None:
    """Twice as many requests as telephones."""
    load = scene.load
    people = await load.come(NUMBERS)
    turns, began = asyncio.Semaphore(32), time.monotonic()

    async def ask(n: int) -> None:
        async with turns:
            await load.once("/v1/auth/otp", {}, {"phone": people[n % NUMBERS].phone, "purpose": "sign_in"})

    await asyncio.gather(*(ask(n) for n in range(ASKED)))
    took = time.monotonic() - began
    [told] = await scene.house.rows(CODES, ["+84" + person.phone[1:] for person in people])
    scene.notes.append(
        f"{ASKED} codes asked in {took:.0f} s, {told['owed']} owed to {told['phones']} people"
    )
    scene.expect(told["owed"] > 0, "nobody was owed a code")
    scene.expect(told["soon"] == 0, f"{told['soon']} codes were owed within a minute of another")


async def displays(scene: Scene) -> None:
    """Every hall's board comes back at the same moment."""
    centre = await scene.house.sql("SELECT centre_id FROM appointment ORDER BY created_at DESC LIMIT 1")
    turns, statuses = asyncio.Semaphore(100), Counter[int]()
    async with httpx.AsyncClient(
        base_url=scene.house.api, timeout=30, trust_env=False, limits=httpx.Limits(max_connections=100)
    ) as http:

        async def come(_: int) -> None:
            async with turns:
                answer = await http.get(f"/board/{centre}")
                statuses[answer.status_code] += 1

        await asyncio.gather(*(come(n) for n in range(DISPLAYS)))
    scene.notes.append(f"boards were answered {dict(statuses)}")
    scene.expect(all(status < 500 for status in statuses), f"boards were answered {dict(statuses)}")


CELLS: Final = (
    Cell(
        "storm-last-place", "Storm", "–", f"{RACERS} people, the same last place", "one has it", last_place,
    ),
    Cell(
        "storm-codes", "Storm", "–", f"{ASKED} codes over {NUMBERS} telephones (a tenth of TRUST's)",
        "no telephone gets two within a minute", codes,
    ),
    Cell(
        "storm-displays", "Storm", "–", f"{DISPLAYS} boards come back at once",
        "no 5xx; booking goes on", displays,
    ),
)  # fmt: skip
