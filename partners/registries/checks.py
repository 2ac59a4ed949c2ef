"""What an accepted dossier raises: its applicant looked up, now or when the registry is back."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.database import fetch, in_transaction
from app.core.later import Later
from app.core.operation import operation
from app.dossiers import exchange
from partners.registries.asking import LeftAlone, Registries
from partners.registries.port import Purpose, Question, Registry, RegistryUnavailable, Verdict

# Every dossier with a personal number, and beyond it those of a sector. A dossier carries no tax code: the
# business registry is asked by whoever has one.
ALWAYS: Final = (Registry.POPULATION,)
BY_SECTOR: Final[Mapping[str, tuple[Registry, ...]]] = MappingProxyType(
    {"bhxh": (Registry.INSURANCE,), "dat_dai": (Registry.LAND,)}
)
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=5)


class CheckRow(NamedTuple):
    """One question of one dossier; without a verdict it is owed."""

    number: str
    registry: str
    verdict: str | None
    owed_at: datetime
    answered_at: datetime | None
    tries: int


def due(*, sector: str, known: frozenset[Registry]) -> list[Registry]:
    """Which registries a dossier of the sector is looked up in, of those there are."""
    return [registry for registry in (*ALWAYS, *BY_SECTOR.get(sector, ())) if registry in known]


def pause_after(tries: int) -> timedelta:
    bound: int = 2 ** min(tries, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * bound)


async def check_intake(dossier_id: uuid.UUID, *, registries: Registries) -> None:
    """Ask what is owed. Twice asks only what has no verdict yet; raises `Later` while something is owed.

    One registry that is away keeps no other waiting.
    """
    dossier = await exchange.load(dossier_id)
    if dossier.citizen_number is None:
        return
    wanted = due(sector=dossier.sector, known=registries.known)
    question = Question(dossier.citizen_number, dossier.applicant_name)
    pauses: list[timedelta] = []
    for registry, tries in await _owed(dossier_id, wanted, now=registries.clock()):
        try:
            verdict = await registries.ask(registry, question, purpose=Purpose.INTAKE, about=dossier_id)
        except LeftAlone as alone:
            pauses.append(alone.wait)
        except RegistryUnavailable:
            await _note_tried(dossier_id, registry)
            pauses.append(pause_after(tries))
        else:
            await _note_verdict(dossier_id, registry, verdict, now=registries.clock())
    if pauses:
        raise Later(min(pauses))


async def of_dossier(number: str) -> Sequence[CheckRow]:
    """What registries said of a dossier, and what they still owe."""
    return await _rows("d.number = $1", number)


async def open_or_wrong(*, limit: int = 1_000) -> Sequence[CheckRow]:
    """What an operator looks at: owed, or anything but a match; oldest first."""
    return await _rows("c.verdict IS DISTINCT FROM 'match'", limit=limit)


async def _rows(where: str, *arguments: object, limit: int = 1_000) -> Sequence[CheckRow]:
    rows = await fetch(
        "SELECT d.number, c.registry, c.verdict, c.owed_at, c.answered_at, c.tries"
        f" FROM registry_check c JOIN dossier d ON d.id = c.dossier_id WHERE {where}"
        f" ORDER BY c.owed_at, d.number, c.registry LIMIT {limit:d}",
        *arguments,
    )
    return [CheckRow(*row) for row in rows]


@operation
async def _owed(
    dossier_id: uuid.UUID, wanted: Sequence[Registry], *, now: datetime
) -> list[tuple[Registry, int]]:
    """What is wanted and has no verdict, with its tries; rows that are not there are made."""
    connection = in_transaction()
    await connection.executemany(
        "INSERT INTO registry_check (dossier_id, registry, purpose, owed_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (dossier_id, registry) DO NOTHING",
        [(dossier_id, registry.value, Purpose.INTAKE.value, now) for registry in wanted],
    )
    rows = await connection.fetch(
        "SELECT registry, tries FROM registry_check WHERE dossier_id = $1 AND verdict IS NULL"
        " AND registry = ANY($2) ORDER BY registry",
        dossier_id,
        [registry.value for registry in wanted],
    )
    return [(Registry(row["registry"]), row["tries"]) for row in rows]


@operation
async def _note_tried(dossier_id: uuid.UUID, registry: Registry) -> None:
    await in_transaction().execute(
        "UPDATE registry_check SET tries = tries + 1 WHERE dossier_id = $1 AND registry = $2",
        dossier_id,
        registry.value,
    )


@operation
async def _note_verdict(
    dossier_id: uuid.UUID, registry: Registry, verdict: Verdict, *, now: datetime
) -> None:
    """The first verdict stays: a second worker's is the same question's."""
    await in_transaction().execute(
        "UPDATE registry_check SET verdict = $3, answered_at = $4"
        " WHERE dossier_id = $1 AND registry = $2 AND verdict IS NULL",
        dossier_id,
        registry.value,
        verdict.value,
        now,
    )
