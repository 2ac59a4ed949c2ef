"""Places held through HTTP ÷ the bare statement, in interleaved rounds of one run.

Every hold is another citizen's, with a token of their own that this server has never seen, and an
Idempotency-Key: the most expensive hold there is. The reference is that of `booking`: the bare statement
through asyncpg, in slots of its own. 48 connections here, 48 clients there.
"""

import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from app.core.clock import local
from app.core.database import DB
from app.core.ids import new_id
from app.http.principals import Audience, Caller, Principal
from bench.booking import CLIENTS, Wish, bare, faults, rate, start_afresh, two_stages
from bench.metrics import Metric, nothing_of, percentile, ratio_of, shown
from bench.stage import PROCEDURE, Stage, deadlocks_of, own_database
from bench.wire import Crowd, Served, crowd, issuer, post, server

PER_ROUND: Final = 1000
ROUNDS: Final = 7
ROUNDS_LONG: Final = 15
FEWEST_ROUNDS: Final = 3
ROUNDS_WITHIN_S: Final = 25.0
FLOOR: Final = 0.2
HELD: Final = 201


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `booking-http`."""
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            stage, reference = await two_stages(url)
            async with server(url) as served:
                return await _measure(dsn, served, stage, reference, ROUNDS_LONG if long else ROUNDS)
        finally:
            await DB.close()


async def _measure(
    dsn: str, served: Served, stage: Stage, reference: Stage, rounds: int
) -> dict[str, Metric]:
    ours, theirs = Wish(stage), Wish(reference)
    citizens = Citizens(served)

    async def through_http(total: int) -> Crowd:
        requests = iter([_hold(stage, ours, headers) for headers in await citizens.come(total)])
        return await crowd(served.port, requests, total=total, connections=CLIENTS)

    async def through_the_statement() -> None:
        await bare(reference, theirs)

    await rate(through_the_statement, PER_ROUND // 2)
    await through_http(PER_ROUND // 2)
    crowds: list[Crowd] = []
    references: list[float] = []
    oversold = drift = 0
    began = time.monotonic()
    for played in range(rounds):
        if played >= FEWEST_ROUNDS and rounds == ROUNDS and time.monotonic() - began > ROUNDS_WITHIN_S:
            break
        await start_afresh()
        references.append(await rate(through_the_statement, PER_ROUND))
        crowds.append(await through_http(PER_ROUND))
        found = await faults()
        oversold, drift = oversold + found[0], drift + found[1]
    statuses = sum((each.statuses for each in crowds), Counter[int]())
    waits = [wait for each in crowds for wait in each.waits_ms]
    return {
        "booking-http": ratio_of([each.rate for each in crowds], references, unit="holds/s", floor=FLOOR),
        "p50": shown(percentile(waits, 0.5), "ms"),
        "p99": shown(percentile(waits, 0.99), "ms"),
        "oversold": nothing_of(oversold, "slots"),
        "drift": nothing_of(drift, "slots"),
        "deadlocks": nothing_of(await deadlocks_of(dsn, stage.database_url), "deadlocks"),
        "unexpected_statuses": nothing_of(statuses.total() - statuses[HELD], "answers"),
    }


class Citizens:
    """People who have just signed in, each with a token and a key."""

    def __init__(self, served: Served) -> None:
        self._tokens = issuer(served)

    async def come(self, count: int) -> list[dict[str, str]]:
        """Their headers."""
        now = datetime.now(UTC)
        people = [
            Principal(Audience.CITIZEN, uuid.uuid4(), new_id(), frozenset({Caller.CITIZEN}))
            for _ in range(count)
        ]
        assert DB.pool is not None
        await DB.pool.execute(
            "INSERT INTO sign_in (id, audience, subject_id, roles, scopes, created_at, expires_at)"
            " SELECT id, 'citizen', subject, '{citizen}', '{}', $3, $4"
            " FROM unnest($1::uuid[], $2::uuid[]) AS person (id, subject)",
            [each.sign_in_id for each in people],
            [each.id for each in people],
            now,
            now + timedelta(hours=1),
        )
        return [
            {
                "Authorization": f"Bearer {self._tokens.issue(each, now=now)}",
                "Idempotency-Key": str(uuid.uuid4()),
            }
            for each in people
        ]


def _hold(stage: Stage, wish: Wish, headers: dict[str, str]) -> bytes:
    starts_at, grains = wish.next()
    body = msgspec.json.encode(
        {
            "centre_id": stage.centre_id,
            "starts_at": local(starts_at),
            "items": [{"procedure": PROCEDURE, "quantity": grains}],
        }
    )
    return post("/v1/appointments", body, headers)
