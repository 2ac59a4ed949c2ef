"""Who outside hears of dossiers, where the deployment has such neighbours: the portal, the registries.

Where there is none, what nobody else hears is put away (`jobs.subscriptions.SILENT`).
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Final

from app.core.clock import current_time
from app.core.outbox import KINDS
from app.dossiers.events import DossierAccepted, DossierFact
from app.settings import Settings
from jobs.subscription import Lane, Subscription
from partners.breaker import Breaker
from partners.portal.connecting import open_portal
from partners.portal.figures import SUBSCRIBER as PORTAL
from partners.portal.port import NationalPortal
from partners.portal.telling import tell
from partners.registries.asking import Registries
from partners.registries.checks import check_intake
from partners.registries.connecting import open_registries

REGISTRIES: Final = "registries"

# Facts after which the portal may lack something: all there are of dossiers. Which steps it lacks the
# timeline says, so a new fact needs nothing here.
FOR_PORTAL: Final = [fact for _, fact in sorted(KINDS.items()) if issubclass(fact, DossierFact)]
# An outage of days, tried once a minute; a refusal ends at once.
TRIES: Final = 100_000
LIFETIME: Final = timedelta(days=60)


@contextlib.asynccontextmanager
async def neighbour_subscriptions(settings: Settings) -> AsyncIterator[list[Subscription]]:
    """The listeners of the neighbours that are configured."""
    async with open_portal(settings) as portal, open_registries(settings) as registries:
        yield [
            *([] if portal is None else portal_subscriptions(portal)),
            *([] if registries is None else registry_subscriptions(registries)),
        ]


def portal_subscriptions(
    portal: NationalPortal, *, breaker: Breaker | None = None, clock: Callable[[], datetime] = current_time
) -> list[Subscription]:
    """The portal is told of one dossier's facts in order; `Later` while it is away."""
    shared = breaker or Breaker("portal")

    async def work(fact: DossierFact) -> None:
        await tell(fact.dossier_id, portal=portal, breaker=shared, clock=clock)

    return [
        Subscription(fact, PORTAL, work, in_order=True, max_attempts=TRIES, lifetime=LIFETIME)
        for fact in FOR_PORTAL
    ]


def registry_subscriptions(registries: Registries) -> list[Subscription]:
    """An accepted dossier's applicant is looked up; `Later` while a registry is away."""

    async def work(fact: DossierAccepted) -> None:
        await check_intake(fact.dossier_id, registries=registries)

    return [
        Subscription(
            DossierAccepted, REGISTRIES, work, lane=Lane.BULK, max_attempts=TRIES, lifetime=LIFETIME
        )
    ]
