"""Intake and the registries: nobody waits, nothing is forgotten, and nobody's data stays behind."""

from datetime import timedelta

import pytest

from app.core.database import DB, fetch
from app.core.later import Later
from app.core.operation import operation
from jobs.drainer import Drainer
from jobs.neighbours import registry_subscriptions
from partners.breaker import FAILURES_BORNE
from partners.registries import checks
from partners.registries.asking import Registries
from partners.registries.emulator import RegistriesEmulator
from partners.registries.port import Purpose, Question, Registry
from tests.portal.conftest import Clock
from tests.registries.conftest import NAME, NUMBER, Accept

INSURANCE_PROCEDURE = "1.001613"


async def verdicts(number: str) -> dict[str, str | None]:
    return {row.registry: row.verdict for row in await checks.of_dossier(number)}


async def come_round(clock: Clock) -> None:
    """Time passes on both sides until the retry is due."""
    clock.advance(timedelta(minutes=6))
    assert DB.pool is not None
    await DB.pool.execute("UPDATE outbox_work SET next_at = now() WHERE state = 'ready'")


async def test_with_a_registry_down_intake_completes_and_the_check_is_done_when_it_is_back(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept, clock: Clock
) -> None:
    theirs.down.add(Registry.POPULATION)
    theirs.put(Registry.POPULATION, NUMBER, NAME)
    drainer = Drainer(registry_subscriptions(registries))

    dossier = await accept()
    await drainer.drain()

    assert dossier.status == 2
    assert await verdicts(dossier.number) == {"population": None}
    (owed,) = await checks.open_or_wrong()
    assert (owed.number, owed.tries) == (dossier.number, 1)
    (work,) = await fetch("SELECT state, subscriber FROM outbox_work")
    assert (work["state"], work["subscriber"]) == ("ready", "registries")

    for _ in range(3):  # it stays away for a while
        await come_round(clock)
        await drainer.drain()
    assert await verdicts(dossier.number) == {"population": None}

    theirs.down.clear()
    await come_round(clock)
    await drainer.drain()

    assert await verdicts(dossier.number) == {"population": "match"}
    assert await checks.open_or_wrong() == []
    assert [row["state"] for row in await fetch("SELECT state FROM outbox_work")] == ["done"]


async def test_every_question_is_in_the_journal_with_its_purpose_and_nobodys_data(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept
) -> None:
    theirs.put(Registry.POPULATION, NUMBER, "Trần Văn Bí Mật")
    dossier = await accept()

    await checks.check_intake(dossier.id, registries=registries)
    await checks.check_intake(dossier.id, registries=registries)

    assert await verdicts(dossier.number) == {"population": "mismatch"}
    assert theirs.asked == {Registry.POPULATION: 1}  # the second time nothing was owed
    lines = await fetch(
        "SELECT detail FROM journal WHERE action = 'registry.asked' AND object_id = $1", str(dossier.id)
    )
    assert [line["detail"] for line in lines] == ['{"purpose": "intake", "registry": "population"}']
    kept = [
        str(tuple(row))
        for table in ("journal", "registry_check", "outbox", "outbox_work")
        for row in await fetch(f"SELECT * FROM {table}")
    ]
    assert kept
    for secret in (NUMBER, "Bí Mật", NAME):
        assert not any(secret in line for line in kept)


async def test_a_dossier_of_insurance_is_looked_up_in_both_and_neither_waits_for_the_other(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept, clock: Clock
) -> None:
    theirs.put(Registry.POPULATION, NUMBER, NAME)
    theirs.put(Registry.INSURANCE, NUMBER, NAME)
    theirs.faults[Registry.INSURANCE].append("silent")
    dossier = await accept(code=INSURANCE_PROCEDURE)

    with pytest.raises(Later):
        await checks.check_intake(dossier.id, registries=registries)

    assert await verdicts(dossier.number) == {"population": "match", "insurance": None}
    await checks.check_intake(dossier.id, registries=registries)
    assert await verdicts(dossier.number) == {"population": "match", "insurance": "match"}
    assert theirs.asked[Registry.POPULATION] == 1


async def test_without_a_personal_number_nobody_is_asked(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept
) -> None:
    dossier = await accept(number=None)
    await checks.check_intake(dossier.id, registries=registries)
    assert not theirs.asked
    assert await verdicts(dossier.number) == {}


async def test_a_registry_that_fails_is_left_alone_and_the_others_are_not(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept, clock: Clock
) -> None:
    theirs.down.add(Registry.POPULATION)
    dossier = await accept()

    async def try_once() -> int:
        with pytest.raises(Later):
            await checks.check_intake(dossier.id, registries=registries)
        return theirs.asked[Registry.POPULATION]

    asked = [await try_once() for _ in range(FAILURES_BORNE + 2)]

    assert asked[-1] == FAILURES_BORNE
    lines = await fetch("SELECT 1 FROM journal WHERE action = 'registry.asked'")
    assert len(lines) == FAILURES_BORNE  # what was not sent is not said to have been asked
    question = Question(NUMBER, NAME)
    assert await registries.ask(Registry.LAND, question, purpose=Purpose.INTAKE, about=dossier.id)
    clock.advance(timedelta(seconds=31))
    assert await try_once() == FAILURES_BORNE + 1


async def test_a_registry_is_never_asked_inside_a_transaction(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept
) -> None:
    dossier = await accept()

    @operation
    async def inside() -> None:
        question = Question(NUMBER, NAME)
        await registries.ask(Registry.POPULATION, question, purpose=Purpose.INTAKE, about=dossier.id)

    with pytest.raises(RuntimeError, match="inside a transaction"):
        await inside()
    assert not theirs.asked
