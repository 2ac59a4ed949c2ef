"""Four registries on this machine, the sources that speak to them, and a clock these tests move."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime

import httpx
import pytest

from app.core.crypto import Secret
from app.dossiers import operations as dossiers
from app.dossiers.operations.accept import Applicant
from app.dossiers.queries import DossierRow
from app.queue.states import Move
from app.settings import RegistriesSettings
from partners.breaker import Breaker
from partners.registries.asking import Registries
from partners.registries.emulator import RegistriesEmulator, running_registries
from partners.registries.port import Registry, RegistrySource
from partners.registries.sources import SOURCES
from tests.portal.conftest import Clock
from tests.queue.conftest import Hall, hall, open_hall  # noqa: F401 - fixtures
from tests.satisfaction.conftest import LAN, moved, serving

TOKEN = "a-token-of-these-tests"
PATIENCE_S = 0.4
# Synthetic: serials 999xxx belong to nobody.
NUMBER = "037190999123"
NAME = "Nguyễn Thị Lan"

Accept = Callable[..., Awaitable[DossierRow]]


@pytest.fixture
def theirs() -> Iterator[RegistriesEmulator]:
    with running_registries(token=TOKEN) as running:
        yield running


@pytest.fixture
async def sources(theirs: RegistriesEmulator) -> AsyncIterator[dict[Registry, RegistrySource]]:
    settings = RegistriesSettings(theirs.base_url, Secret(TOKEN))
    async with httpx.AsyncClient(trust_env=False) as client:
        made = [make(client, settings, timeout_s=PATIENCE_S) for make in SOURCES]
        yield {source.registry: source for source in made}


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def registries(sources: dict[Registry, RegistrySource], clock: Clock) -> Registries:
    breakers = {registry: Breaker(clock=clock.monotonic) for registry in Registry}
    return Registries(list(sources.values()), clock=clock, breakers=breakers)


@pytest.fixture
def accept(open_hall: Hall, now: datetime) -> Accept:  # noqa: F811
    """`await accept(number=…, code=…)`: Lan's dossier, taken at the counter."""

    async def take(*, number: str | None = NUMBER, code: str = open_hall.code) -> DossierRow:
        ticket = await serving(open_hall, now)
        file = await dossiers.accept(
            centre_id=open_hall.centre_id,
            procedure_code=code,
            ticket_id=ticket.id,
            seal=None,
            applicant=Applicant(NAME, LAN, number, "vi"),
            components=[],
            return_mode="counter",
            now=now,
        )
        await moved(ticket, Move.FINISH, now)
        return file.dossier

    return take
