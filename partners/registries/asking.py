"""Ask a registry: the journal first, then the question, in its time, unless it is left alone."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.core import journal
from app.core.database import DB
from app.core.operation import operation
from partners.breaker import Breaker
from partners.registries.port import (
    Purpose,
    Question,
    Registry,
    RegistrySource,
    RegistryUnavailable,
    Verdict,
)

Clock = Callable[[], datetime]
SOON: Final = timedelta(seconds=1)


class LeftAlone(RegistryUnavailable):
    """The registry failed often; `wait` says for how long it is not asked."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("left alone")
        self.wait = wait


class Registries:
    """The registries of a deployment, each with a breaker of its own. One per process."""

    def __init__(
        self,
        sources: Sequence[RegistrySource],
        *,
        clock: Clock,
        breakers: Mapping[Registry, Breaker] | None = None,
    ) -> None:
        self._sources = {source.registry: source for source in sources}
        self._breakers = breakers or {
            registry: Breaker(f"registry {registry.value}") for registry in self._sources
        }
        self._clock = clock

    @property
    def known(self) -> frozenset[Registry]:
        return frozenset(self._sources)

    @property
    def clock(self) -> Clock:
        return self._clock

    async def ask(
        self, registry: Registry, question: Question, *, purpose: Purpose, about: uuid.UUID
    ) -> Verdict:
        """What comes of comparing, for the dossier it is about. Raises `RegistryUnavailable`."""
        if DB.current_transaction.get() is not None:
            raise RuntimeError("A registry is never asked inside a transaction.")
        breaker = self._breakers[registry]
        if (wait := breaker.wait()) is not None:
            raise LeftAlone(wait)
        await _note_asked(registry, purpose, about, now=self._clock())
        try:
            verdict = await self._sources[registry].check(question, purpose=purpose)
        except RegistryUnavailable:
            breaker.failed()
            raise
        breaker.succeeded()
        return verdict


@operation
async def _note_asked(registry: Registry, purpose: Purpose, about: uuid.UUID, *, now: datetime) -> None:
    """Who was asked, why and about which dossier; never the key, never the answer."""
    await journal.write(
        "registry.asked",
        object_kind="dossier",
        object_id=about,
        at=now,
        detail={"registry": registry.value, "purpose": purpose.value},
    )
