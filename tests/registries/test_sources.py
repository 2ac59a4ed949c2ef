"""The same questions to every registry, over HTTP."""

import pytest

from partners.registries.emulator import RegistriesEmulator
from partners.registries.emulator.server import FAULTS
from partners.registries.port import (
    Purpose,
    Question,
    Registry,
    RegistrySource,
    RegistryUnavailable,
    Verdict,
)
from tests.registries.conftest import NAME, NUMBER

TAX_CODE = "0100109106"
KEYS = {registry: TAX_CODE if registry is Registry.BUSINESS else NUMBER for registry in Registry}
Sources = dict[Registry, RegistrySource]


async def ask(sources: Sources, registry: Registry, *, key: str | None = None, name: str = NAME) -> Verdict:
    question = Question(KEYS[registry] if key is None else key, name)
    return await sources[registry].check(question, purpose=Purpose.INTAKE)


@pytest.mark.parametrize("registry", list(Registry))
async def test_every_registry_gives_every_verdict(
    theirs: RegistriesEmulator, sources: Sources, registry: Registry
) -> None:
    assert await ask(sources, registry) is Verdict.NOT_FOUND
    theirs.put(registry, KEYS[registry], NAME.upper())

    assert await ask(sources, registry) is Verdict.MATCH
    assert await ask(sources, registry, name="Nguyen Thi Lan") is Verdict.MATCH
    assert await ask(sources, registry, name="Nguyễn Thị Hoa") is Verdict.MISMATCH
    asked = theirs.asked[registry]
    assert await ask(sources, registry, key="123") is Verdict.REFUSED
    assert theirs.asked[registry] == asked  # what is no key is not sent
    assert theirs.purposes == {Purpose.INTAKE: asked}


@pytest.mark.parametrize("registry", list(Registry))
@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_registry_that_is_ill_has_said_nothing_and_is_asked_again(
    theirs: RegistriesEmulator, sources: Sources, registry: Registry, fault: str
) -> None:
    theirs.put(registry, KEYS[registry], NAME)
    theirs.faults[registry].append(fault)

    with pytest.raises(RegistryUnavailable) as unavailable:
        await ask(sources, registry)

    assert NUMBER not in str(unavailable.value)
    assert await ask(sources, registry) is Verdict.MATCH


async def test_a_token_that_is_not_accepted_is_no_verdict(
    theirs: RegistriesEmulator, sources: Sources
) -> None:
    theirs.token = "another"
    with pytest.raises(RegistryUnavailable):
        await ask(sources, Registry.POPULATION)
