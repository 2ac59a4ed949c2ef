"""An officer reads verdicts, monitoring what is owed; settings and doctor know the gateway."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from app.core.crypto import Secret
from app.core.later import Later
from app.http.principals import Caller
from app.main import create_app
from app.servers.neighbours import examine_neighbours
from app.settings import EMULATED, RegistriesSettings, Settings, SettingsError
from partners.registries import checks
from partners.registries.asking import Registries
from partners.registries.emulator import RegistriesEmulator
from partners.registries.port import Registry
from tests.conftest import SignedIn, Stores
from tests.registries.conftest import NAME, NUMBER, TOKEN, Accept

SignIn = Callable[..., Awaitable[SignedIn]]


async def test_an_officer_of_the_centre_reads_verdicts_and_another_finds_no_dossier(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    theirs: RegistriesEmulator,
    registries: Registries,
    accept: Accept,
) -> None:
    theirs.put(Registry.POPULATION, NUMBER, NAME)
    dossier = await accept()
    url = f"/v1/staff/dossiers/{dossier.number}/registry-checks"
    officer = await sign_in(Caller.OFFICER, centre_id=dossier.centre_id)
    stranger = await sign_in(Caller.OFFICER, centre_id=uuid.uuid4())
    assert (await client.get(url, headers=officer.headers)).json() == {"items": []}

    await checks.check_intake(dossier.id, registries=registries)

    answer = await client.get(url, headers=officer.headers)
    (item,) = answer.json()["items"]
    assert (item["registry"], item["verdict"]) == ("population", "match")
    assert item["answered_at"].endswith("+07:00")
    assert NUMBER not in answer.text
    assert (await client.get(url, headers=stranger.headers)).status_code == 404
    no_number = url.replace(dossier.number, "x")
    assert (await client.get(no_number, headers=officer.headers)).status_code == 404


async def test_monitoring_sees_what_a_registry_owes(
    theirs: RegistriesEmulator, registries: Registries, accept: Accept, settings: Settings, database: Stores
) -> None:
    configured = replace(settings, registries=RegistriesSettings(theirs.base_url, Secret(TOKEN)))
    app = create_app(configured, database_url=database.database_url, redis_url=database.redis_url)

    async def owed() -> str:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
            text = (await http.get("/metrics")).text
        return next(
            line for line in text.splitlines() if line.startswith('motcua_registry_owed{registry="pop')
        )

    theirs.down.add(Registry.POPULATION)
    dossier = await accept()
    with pytest.raises(Later):
        await checks.check_intake(dossier.id, registries=registries)
    assert (await owed()).endswith(" 1.0")
    theirs.down.clear()
    await checks.check_intake(dossier.id, registries=registries)
    assert (await owed()).endswith(" 0.0")


async def test_the_doctor_names_the_registry_that_does_not_answer_and_looks_nobody_up(
    theirs: RegistriesEmulator, settings: Settings
) -> None:
    configured = replace(settings, registries=RegistriesSettings(theirs.base_url, Secret(TOKEN)))
    theirs.down.add(Registry.LAND)

    found = {finding.name: finding for finding in await examine_neighbours(configured)}

    assert [name for name, finding in found.items() if not finding.ok] == ["land registry"]
    assert found["population registry"].ok
    theirs.token = "another"
    assert not any(
        finding.ok for finding in await examine_neighbours(configured) if finding.name.endswith("registry")
    )


def test_settings_of_the_registries() -> None:
    assert Settings.from_environment({}).registries is None
    assert Settings.from_environment({"MOTCUA_REGISTRIES_URL": EMULATED}).registries is not None
    far = {"MOTCUA_REGISTRIES_URL": "https://lgsp.test"}
    with pytest.raises(SettingsError, match="MOTCUA_REGISTRIES_TOKEN"):
        Settings.from_environment(far)
    with pytest.raises(SettingsError, match="https"):
        Settings.from_environment({"MOTCUA_REGISTRIES_URL": "http://lgsp.test"})
    with pytest.raises(SettingsError, match="emulator"):
        Settings.from_environment({**far, "MOTCUA_REGISTRIES_TOKEN": "t", "MOTCUA_SANDBOX": "yes"})
