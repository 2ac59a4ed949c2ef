"""What other concepts ask of the catalogue and of places."""

from datetime import date, datetime

import pytest

from app.centres import queries as centres
from app.centres.errors import CentreNotFound, CounterNotFound, PointNotValid
from app.procedures import queries
from app.sample.files import sample_id
from tests import remembered

TODAY = date(2026, 11, 25)
HOA_LU = sample_id("centre", "HCC-14329")
TAY_HOA_LU = sample_id("centre", "HCC-14533")


@pytest.fixture(autouse=True)
async def sample(database: object, now: datetime) -> None:
    assert database
    await remembered.catalogue(now)


async def test_an_offer_counts_the_usual_minutes_in_grains_of_ten() -> None:
    offers = await queries.offers(HOA_LU, ["2.000815", "1.000894", "1.999999"], on=TODAY)

    assert {code: offer.grains for code, offer in offers.items()} == {"2.000815": 1, "1.000894": 3}
    assert offers["1.000894"].p50_minutes == 22
    assert 22 < offers["1.000894"].p80_minutes < 35


async def test_a_centre_offers_nothing_before_it_exists() -> None:
    assert await queries.offers(HOA_LU, ["2.000815"], on=date(2025, 6, 30)) == {}


async def test_pools_that_serve_all_are_asked_least_flexible_first() -> None:
    pools = {pool.id: pool.code for pool in await centres.pools_of(HOA_LU, "counter")}

    linked = await queries.pools_serving(HOA_LU, ["2.000986"])
    mixed = await queries.pools_serving(HOA_LU, ["2.000986", "1.001193"])
    apart = await queries.pools_serving(HOA_LU, ["1.001193", "1.012753"])

    sizes = [len(await queries.codes_of_pool(pool)) for pool in linked]
    assert {pools[pool] for pool in linked} == {"TP", "XH"}
    assert sizes == sorted(sizes)
    assert [pools[pool] for pool in mixed] == ["TP"]
    assert apart == []
    assert await queries.pools_serving(HOA_LU, []) == []


async def test_a_commune_code_names_the_zone_of_its_day() -> None:
    zone = await centres.postal_zone_for(on=TODAY, commune_code="14488")
    before = await centres.postal_zone_for(on=date(2025, 6, 30), commune_code="14533")

    assert zone is not None
    assert (zone.kind, zone.centre_id) == ("postal_zone", TAY_HOA_LU)
    assert before is None


async def test_a_point_belongs_to_the_nearest_zone_and_a_far_one_to_none() -> None:
    near = await centres.postal_zone_for(on=TODAY, lat=20.262, lon=105.968)
    far = await centres.postal_zone_for(on=TODAY, lat=10.77, lon=106.7)

    assert near is not None
    assert near.centre_id == HOA_LU
    assert far is None
    with pytest.raises(PointNotValid):
        await centres.postal_zone_for(on=TODAY, lat=91.0, lon=0.0)


async def test_a_counter_belongs_to_its_centre_and_to_its_pools() -> None:
    counter = (await centres.counters_of(HOA_LU))[2]

    assert (await centres.counter(counter.id, centre_id=HOA_LU)).number == 3
    assert len(await centres.pool_ids_of_counter(counter.id)) == 2
    with pytest.raises(CounterNotFound):
        await centres.counter(counter.id, centre_id=TAY_HOA_LU)


async def test_history_opens_a_centre_that_has_ended() -> None:
    district = sample_id("centre", "MCH-372")

    assert (await centres.get_centre(district, on=date(2022, 3, 1))).tier == "district"
    assert (await centres.any_centre(district)).valid_to == date(2025, 6, 30)
    with pytest.raises(CentreNotFound):
        await centres.get_centre(district, on=TODAY)


async def test_the_priority_groups_stand_in_the_order_of_the_card() -> None:
    groups = await centres.priority_groups()
    assert [group.code for group in groups] == ["NCT", "TB", "PNMT", "NKT", "TE"]
