"""What a simulated day reads of its installation: who can sign in, the halls, the chains of custody."""

import secrets
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

import httpx

from app.centres import queries as centres
from app.core.database import DB, fetch
from app.custody import audit
from app.demo.people import Caller
from app.demo.stage import Stage
from app.procedures import queries as procedures
from app.queue.forecast import Duration
from app.sample import seed as sample
from app.sample.people import accounts
from app.simulation.members import Member
from app.simulation.people import Desk, World
from app.simulation.plan import Hall, Session


async def hands_of_packages(stage: Stage) -> dict[str, int]:
    """Every chain recomputed, as `motcua audit verify` does."""
    await DB.open(stage.supervisor.servers.database_url, size=2)
    try:
        report = await audit.verify()
        held = await fetch("SELECT custodian_kind, count(*) AS n FROM package GROUP BY custodian_kind")
    finally:
        await DB.close()
    hands = {row["custodian_kind"]: row["n"] for row in held}
    return {
        "packages": report.packages,
        "links": report.links,
        "faults": len(report.faults),
        "with_officers": hands.get("officer", 0),
        "with_citizens": hands.get("citizen", 0),
        "at_post_office": hands.get("post_office", 0),
        "with_couriers": hands.get("courier", 0),
    }


async def halls_of(stage: Stage, on: date) -> list[Hall]:
    """What each group of counters serves; a desk of two groups gives half of its time to each."""
    await DB.open(stage.supervisor.servers.database_url, size=2)
    try:
        offered = await procedures.offered_by(sample.DEMO_CENTRE_ID, on=on)
        pools = [pool.id for pool in await centres.pools_of(sample.DEMO_CENTRE_ID, "counter")]
        desks = {pool: await centres.counter_ids_of_pool(pool) for pool in pools}
        served: dict[uuid.UUID, dict[str, Duration]] = {pool: {} for pool in pools}
        for code, offer in offered.items():
            for pool in (await procedures.pools_serving(sample.DEMO_CENTRE_ID, [code]))[:1]:
                served[pool][code] = Duration(float(offer.p50_minutes), float(offer.p80_minutes))
    finally:
        await DB.close()
    groups = Counter(desk for found in desks.values() for desk in found)
    return [Hall(served[pool], sum(1 / groups[desk] for desk in desks[pool])) for pool in pools]


async def desks_of(world: World, sessions: Sequence[Session]) -> list[Desk]:
    """An officer at every counter; they share an account, each with a sign-in of their own."""
    sign_in = signs_in(world.api, "officer")
    answer = await Member(Caller(world.api), sign_in).ask("GET", "/v1/staff/counters")
    answer.raise_for_status()
    return [
        Desk(world, Member(Caller(world.api), sign_in), counter["id"], sessions)
        for counter in answer.json()["items"]
    ]


def signs_in(api: httpx.AsyncClient, kind: str) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Signs in with the sample's first account of a kind."""
    _, name, secret = next(account for account in accounts() if account[0] == kind)
    path, body = (
        ("/v1/auth/device", {"device_id": name, "key": secret})
        if kind == "kiosk"
        else ("/v1/auth/staff", {"username": name, "password": secret})
    )

    async def sign_in() -> dict[str, Any]:
        answer = await api.post(path, json=body, headers={"Idempotency-Key": secrets.token_hex(12)})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    return sign_in
