"""The same questions to every registry, over HTTP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from partners.registries.tax_codes import WEIGHTS, InvalidTaxCode, check_digit, validate_tax_code
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


@pytest.mark.parametrize("raw", ["0100109106", "0100109106-001", "0100109106001", " 010 0109106 "])
def test_tax_codes_of_enterprises_and_branches(raw: str) -> None:
    assert validate_tax_code(raw).startswith(TAX_CODE)


@pytest.mark.parametrize(
    "raw", ["", "0100109107", "010010910", "0100109106-000", "0100109106-1", "01001091O6", "0" * 40]
)
def test_what_is_no_tax_code(raw: str) -> None:
    with pytest.raises(InvalidTaxCode):
        validate_tax_code(raw)


@given(nine=st.text("0123456789", min_size=9, max_size=9), place=st.integers(0, 8), by=st.integers(1, 9))
def test_a_digit_typed_wrong_is_noticed(nine: str, place: int, by: int) -> None:
    """Every weight is prime to 11, so no single slip passes."""
    right = check_digit(nine)
    wrong = nine[:place] + str((int(nine[place]) + by) % 10) + nine[place + 1 :]
    if right == 10:
        with pytest.raises(InvalidTaxCode):
            validate_tax_code(nine + "0")
        assert sum(w * int(d) for w, d in zip(WEIGHTS, nine, strict=True)) % 11 == 0
        return
    assert validate_tax_code(f"{nine}{right}") == f"{nine}{right}"
    with pytest.raises(InvalidTaxCode):
        validate_tax_code(f"{wrong}{right}")
