"""A portal on this machine, the real client that speaks to it, and a clock that only these tests move."""

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx
import pytest

from app.core.clock import local
from app.core.crypto import Secret
from app.core.database import DB
from app.dossiers.queries import DossierRow
from app.settings import PortalSettings
from jobs.drainer import Drainer
from jobs.neighbours import portal_subscriptions
from partners.breaker import Breaker
from partners.portal.client import HttpPortal
from partners.portal.emulator import PortalEmulator, running_portal
from partners.portal.figures import SUBSCRIBER
from partners.portal.wire import TIME
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import accepted

ACCOUNT = PortalSettings("", "H42", "motcua", Secret("a-password-of-these-tests"))
# Long enough for an answer on a busy machine; short enough to wait for in a test.
PATIENCE_S = 0.4
MOST_ROUNDS = 3_000

EARLIEST = """
SELECT count(*) AS owed,
       extract(epoch FROM min(next_at) FILTER (WHERE next_at > clock_timestamp())
                          - clock_timestamp())::float AS wait
  FROM outbox_work WHERE subscriber = $1 AND state = 'ready'
"""


class Clock:
    """A moment that stands until somebody moves it."""

    def __init__(self, now: datetime) -> None:
        self.started = now
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - self.started).total_seconds()

    def advance(self, how_long: timedelta) -> datetime:
        assert how_long >= timedelta(0)
        self.now += how_long
        return self.now


class Office(NamedTuple):
    """Our side and theirs."""

    theirs: PortalEmulator
    client: HttpPortal
    breaker: Breaker
    drainer: Drainer
    clock: Clock

    async def tell(self) -> None:
        """What is due now is told; what must wait, waits."""
        await self.drainer.drain()

    async def tell_all(self) -> None:
        """Time passes from one retry to the next, on both sides, until nothing is owed."""
        assert DB.pool is not None
        for _ in range(MOST_ROUNDS):
            await self.drainer.drain()
            owed, wait = await DB.pool.fetchrow(EARLIEST, SUBSCRIBER)
            if not owed:
                return
            # What is due and was not taken waits behind a fact of the same dossier.
            pause = timedelta(seconds=max(wait or 0.0, 0.0))
            self.clock.advance(pause)
            await DB.pool.execute(
                "UPDATE outbox_work SET next_at = next_at - $2::interval"
                " WHERE subscriber = $1 AND state = 'ready'",
                SUBSCRIBER,
                pause,
            )
        raise AssertionError("the portal is still owed something")

    async def states(self) -> dict[str, int]:
        assert DB.pool is not None
        rows = await DB.pool.fetch(
            "SELECT state, count(*)::int AS n FROM outbox_work WHERE subscriber = $1 GROUP BY 1", SUBSCRIBER
        )
        return {row["state"]: row["n"] for row in rows}


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def theirs(clock: Clock) -> Iterator[PortalEmulator]:
    with running_portal(
        agency=ACCOUNT.agency, user=ACCOUNT.user, password=str(ACCOUNT.password), clock=clock
    ) as running:
        yield running


@pytest.fixture
async def portal(theirs: PortalEmulator) -> AsyncIterator[HttpPortal]:
    settings = PortalSettings(theirs.base_url, ACCOUNT.agency, ACCOUNT.user, ACCOUNT.password)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield HttpPortal(http, settings, timeout_s=PATIENCE_S)


@pytest.fixture
def office(database: object, theirs: PortalEmulator, portal: HttpPortal, clock: Clock) -> Office:
    breaker = Breaker(clock=clock.monotonic)
    drainer = Drainer(portal_subscriptions(portal, breaker=breaker, clock=clock))
    return Office(theirs, portal, breaker, drainer, clock)


@pytest.fixture
async def dossier(open_hall: Hall, now: datetime) -> DossierRow:  # noqa: F811
    """Lan's, accepted at the counter."""
    return await accepted(open_hall, now)


async def timeline(dossier_id: uuid.UUID) -> list[tuple[int, str]]:
    """Our steps as the portal should hold them."""
    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT status, at FROM dossier_event WHERE dossier_id = $1 ORDER BY at, id", dossier_id
    )
    return [(row["status"], local(row["at"]).strftime(TIME)) for row in rows]
