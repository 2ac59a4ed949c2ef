"""What monitoring reads, and which settings there are."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from app.core.database import DB
from app.dossiers.queries import DossierRow
from app.main import create_app
from app.servers.neighbours import examine_neighbours
from app.settings import EMULATED, Settings, SettingsError
from tests.conftest import Stores
from tests.portal.conftest import ACCOUNT, Clock, Office
from tests.satisfaction.conftest import completed


async def read(settings: Settings, database: Stores) -> dict[str, float]:
    app = create_app(
        replace(settings, portal=ACCOUNT), database_url=database.database_url, redis_url=database.redis_url
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    lines = [line.rsplit(" ", 1) for line in answer.text.splitlines() if line.startswith("motcua_portal_")]
    return {name.removeprefix("motcua_portal_"): float(value) for name, value in lines}


async def test_monitoring_sees_what_is_owed_how_late_and_what_disagrees(
    office: Office, dossier: DossierRow, clock: Clock, settings: Settings, database: Stores
) -> None:
    clock.advance(timedelta(seconds=30))
    await office.tell()
    clock.advance(timedelta(minutes=1))
    await completed(dossier, clock())
    office.theirs.break_down(timedelta(minutes=20))
    await office.tell()

    seen = await read(settings, database)
    assert seen['backlog{state="owed"}'] == 1
    assert seen["lag_p95_seconds"] == pytest.approx(30, abs=0.5)
    assert seen["conflicts"] == 0

    office.theirs.book.decide(dossier.number, 8, "20261130090000")
    await office.tell_all()
    seen = await read(settings, database)
    assert (seen['backlog{state="owed"}'], seen["oldest_seconds"], seen["conflicts"]) == (0, 0, 1)
    assert DB.pool is not None


async def test_the_figures_of_before_stay_while_the_database_is_away(
    settings: Settings, database: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await read(settings, database)
    monkeypatch.setattr(DB, "pool", None)
    assert await read(settings, database) == before


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"MOTCUA_PORTAL_URL": "http://portal.gov.test"}, "https://"),
        ({"MOTCUA_PORTAL_URL": "https://portal.gov.test"}, "MOTCUA_PORTAL_AGENCY"),
        (
            {
                "MOTCUA_PORTAL_URL": "https://portal.gov.test",
                "MOTCUA_PORTAL_AGENCY": "H42",
                "MOTCUA_PORTAL_USER": "u",
                "MOTCUA_PORTAL_PASSWORD": "p",
                "MOTCUA_SANDBOX": "yes",
            },
            "emulator",
        ),
    ],
)
def test_settings_that_would_send_people_somewhere_wrong_are_refused(
    environment: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.from_environment(environment)


def test_a_portal_is_told_of_nothing_unless_it_is_configured() -> None:
    assert Settings.from_environment({}).portal is None
    here = Settings.from_environment({"MOTCUA_PORTAL_URL": EMULATED, "MOTCUA_SANDBOX": "yes"})
    assert here.portal is not None


async def test_the_doctor_says_whether_the_portal_signs_us_in(settings: Settings, office: Office) -> None:
    configured = replace(settings, portal=replace(ACCOUNT, url=office.theirs.base_url))

    async def found(portal_settings: Settings) -> tuple[bool, str]:
        finding = next(
            each for each in await examine_neighbours(portal_settings) if each.name == "national portal"
        )
        return finding.ok, finding.detail + finding.remedy

    assert (await found(settings))[0]
    assert (await found(configured))[0]
    office.theirs.account = ("somebody", "else")
    ok, words = await found(configured)
    assert not ok
    assert "MOTCUA_PORTAL_PASSWORD" in words
    office.theirs.break_down(timedelta(minutes=1))
    assert not (await found(configured))[0]
