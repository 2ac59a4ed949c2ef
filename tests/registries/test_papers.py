"""Stores of papers behind the gateway: what they hold is proposed, and their silence stops nobody."""

from collections.abc import AsyncIterator
from datetime import date

import httpx
import pytest

from app.core.clock import local_date
from app.core.crypto import Secret
from app.core.database import fetch
from app.dossiers import registries as plugs
from app.procedures.queries import PaperRow
from app.settings import RegistriesSettings, Settings, SettingsError
from partners.breaker import FAILURES_BORNE, REST, Breaker
from partners.registries.emulator import RegistriesEmulator
from partners.registries.papers import HttpPaperStore, PaperStoreUnavailable, open_paper_stores
from tests.journeys.conftest import Town, day, town  # noqa: F401 - fixtures
from tests.journeys.test_reuse import CERTIFICATE, MATERNITY, Desk, desk  # noqa: F401 - a fixture
from tests.portal.conftest import Clock
from tests.registries.conftest import NUMBER, PATIENCE_S, TOKEN

BIRTH = {"MaKetQua": CERTIFICATE, "TenGiayTo": "Giấy khai sinh", "MaLuuTru": "KS-2020-17"}


def paper(*, replaced_by: str | None = CERTIFICATE, name: str = "Giấy khai sinh") -> PaperRow:
    return PaperRow(
        1, name, "Birth certificate", "original", 1, 0, "", "", False, "KHO", 1, None, replaced_by
    )


@pytest.fixture
async def store(theirs: RegistriesEmulator, clock: Clock) -> AsyncIterator[HttpPaperStore]:
    settings = RegistriesSettings(theirs.base_url, Secret(TOKEN), ("KHO",))
    async with httpx.AsyncClient(trust_env=False) as client:
        yield HttpPaperStore(
            "KHO",
            client,
            settings,
            breaker=Breaker(clock=clock.monotonic),
            clock=clock,
            timeout_s=PATIENCE_S,
        )
    plugs.plug()


async def test_only_what_was_asked_for_and_is_still_valid_is_told(
    store: HttpPaperStore, theirs: RegistriesEmulator, clock: Clock
) -> None:
    today = local_date(clock())
    theirs.keep("KHO", NUMBER, BIRTH | {"NgayCap": "20200131", "NgayHetHan": f"{today:%Y%m%d}"})
    theirs.keep("KHO", NUMBER, BIRTH | {"MaLuuTru": "OLD", "NgayHetHan": "20210101"})
    theirs.keep("KHO", NUMBER, BIRTH | {"MaKetQua": "KQ.G15.000032", "TenGiayTo": "Giấy đăng ký kết hôn"})

    by_code = await store.find(citizen_number=NUMBER, papers=[(2, paper())])
    by_name = await store.find(
        citizen_number=NUMBER, papers=[(1, paper(replaced_by=None, name="Giấy đăng ký kết hôn"))]
    )

    [held] = by_code
    assert (held.component, held.reference, held.issued_on) == (2, "KS-2020-17", date(2020, 1, 31))
    assert [each.result_code for each in by_name] == ["KQ.G15.000032"]
    assert await store.find(citizen_number="037190999124", papers=[(1, paper())]) == []
    assert theirs.purposes == {"reuse": 3}


@pytest.mark.parametrize("fault", ["error", "silent", "garbage", "shape"])
async def test_a_store_nobody_understands_is_silent(
    store: HttpPaperStore, theirs: RegistriesEmulator, fault: str
) -> None:
    theirs.faults["papers/KHO"].append(fault)
    with pytest.raises(PaperStoreUnavailable):
        await store.find(citizen_number=NUMBER, papers=[(1, paper())])


async def test_a_day_that_never_was_is_no_answer(store: HttpPaperStore, theirs: RegistriesEmulator) -> None:
    theirs.keep("KHO", NUMBER, BIRTH | {"NgayCap": "20230229"})
    with pytest.raises(PaperStoreUnavailable):
        await store.find(citizen_number=NUMBER, papers=[(1, paper())])


async def test_a_store_that_is_down_is_left_alone_and_tried_again(
    store: HttpPaperStore, theirs: RegistriesEmulator, clock: Clock
) -> None:
    theirs.down.add("papers/KHO")
    for _ in range(FAILURES_BORNE + 3):
        with pytest.raises(PaperStoreUnavailable):
            await store.find(citizen_number=NUMBER, papers=[(1, paper())])
    assert theirs.asked["papers/KHO"] == FAILURES_BORNE

    theirs.down.clear()
    theirs.keep("KHO", NUMBER, BIRTH)
    clock.advance(REST)
    assert len(await store.find(citizen_number=NUMBER, papers=[(1, paper())])) == 1


async def test_an_officer_takes_a_certificate_the_national_store_holds(
    town: Town,  # noqa: F811
    desk: Desk,  # noqa: F811
    store: HttpPaperStore,
    theirs: RegistriesEmulator,
) -> None:
    theirs.keep("KHO", NUMBER, BIRTH | {"NgayCap": "20200131"})
    ticket = await desk.serving(await town.citizen())
    plugs.plug(store)

    [held] = (await desk.look(ticket, citizen_number=NUMBER))["items"]
    taken = {
        "component": held["component"],
        "from_national_store": True,
        "result_code": held["result_code"],
    }
    number = (await desk.accept(MATERNITY, ticket, taken)).json()["number"]
    theirs.down.add("papers/KHO")
    silent = await desk.look(ticket, citizen_number=NUMBER)

    assert (held["store"], held["store_reference"], held["issued_on"]) == (
        "KHO",
        "KS-2020-17",
        "2020-01-31",
    )
    [kept] = (await desk.officer.get(f"/v1/staff/dossiers/{number}/components")).json()["items"]
    assert (kept["from_national_store"], kept["result_code"], kept["reuse"]) == (True, CERTIFICATE, 2)
    assert (silent["items"], silent["unavailable"]) == ([], ["KHO"])
    looked = await fetch("SELECT detail FROM journal WHERE action = 'papers.looked_for'")
    assert len(looked) == 2
    assert NUMBER not in str([dict(row) for row in looked])


async def test_the_stores_of_the_settings_and_no_others_are_opened(theirs: RegistriesEmulator) -> None:
    told = {"MOTCUA_REGISTRIES_URL": theirs.base_url, "MOTCUA_REGISTRIES_PAPERS": "KHO, CSDL_YTE,"}
    async with open_paper_stores(Settings.from_environment(told)) as stores:
        assert [each.source for each in stores] == ["KHO", "CSDL_YTE"]
    async with open_paper_stores(Settings.from_environment({})) as stores:
        assert stores == []
    with pytest.raises(SettingsError, match="MOTCUA_REGISTRIES_PAPERS"):
        Settings.from_environment(told | {"MOTCUA_REGISTRIES_PAPERS": "kho/../x"})
