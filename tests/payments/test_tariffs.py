"""Tariffs: data of a decision from a day on; what is owed already stays, and so do days that are over."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import app.sample
from app.core.clock import local_date
from app.core.errors import Refusal
from app.home_service import operations
from app.home_service.queries import HomeVisitRow
from app.payments import queries, tariff_file, tariffs
from app.payments.commands import tariff_command
from app.payments.errors import TariffInThePast
from app.payments.rules import Purse
from app.payments.tariffs import Decided
from app.rounds.queries import CourierRow
from tests.home_service.conftest import Zone, ask
from tests.payments.conftest import STATUS, bill

EXAMPLE = Path(app.sample.__file__).parent / "data" / "tariff.json"
POOR = {
    "code": "HN",
    "purse": "postage",
    "by_proof": False,
    "name_vi": "Hộ nghèo",
    "name_en": "Poor households",
}


def said(since: date, amount: int = 50_000, **other: Any) -> bytes:
    """A file with one price however far, for both legs."""
    prices = [{"up_to_km": None, "amount_vnd": amount}]
    whole = {
        "decision": "QĐ 12/2027",
        "valid_from": since.isoformat(),
        "collection": prices,
        "delivery": prices,
    }
    return json.dumps(whole | other).encode()


def decided(since: date, amount: int = 50_000, **other: Any) -> Decided:
    return tariff_file.read(said(since, amount, **other))


async def price(kind: str, on: date) -> list[tuple[int | None, int]]:
    return [(found.up_to_km, found.amount_vnd) for found in await queries.tariffs(kind, on=on)]


@pytest.fixture
async def prices(database: object, now: datetime) -> None:
    """The example's, as they stand since its first day."""
    await tariffs.put_tariff(tariff_file.read(EXAMPLE.read_bytes()), now=now)


async def test_a_new_tariff_stands_from_its_day_and_replaces_every_distance(
    prices: None, now: datetime
) -> None:
    today = local_date(now)
    first = today + timedelta(days=30)
    before = await price("collection", today)
    assert len(before) == 3

    changed = await tariffs.put_tariff(decided(first), now=now)

    assert changed == 2
    assert await price("collection", first - timedelta(days=1)) == before
    assert await price("collection", first) == [(None, 50_000)]
    assert await price("delivery", first) == [(None, 50_000)]
    assert await tariffs.put_tariff(decided(first), now=now) == 0


async def test_what_a_visit_costs_is_as_it_was_promised(
    visit: HomeVisitRow, zone: Zone, tu: CourierRow, now: datetime
) -> None:
    before = await bill(visit)

    await tariffs.put_tariff(decided(local_date(now), exemptions=[POOR]), now=now)

    assert await bill(visit) == before
    later = await bill(await ask(zone, now, procedure_codes=[STATUS]))
    assert [(line.amount_vnd, line.because) for line in later.charges if line.purse == Purse.POSTAGE] == [
        (50_000, "HN")
    ]


async def test_a_visit_that_failed_and_is_tried_again_keeps_its_price(
    visit: HomeVisitRow, zone: Zone, now: datetime
) -> None:
    before = (await bill(visit)).owed_in_all
    await tariffs.put_tariff(decided(local_date(now)), now=now)

    await operations.reschedule(
        home_visit_id=visit.id, citizen_id=visit.citizen_id, window_id=zone.windows[2].id, now=now
    )

    assert (await bill(visit)).owed_in_all == before


async def test_a_decision_that_is_put_right_before_its_day_leaves_nothing_of_what_it_said(
    database: object, now: datetime
) -> None:
    first = local_date(now) + timedelta(days=30)
    await tariffs.put_tariff(decided(first), now=now)

    await tariffs.put_tariff(
        decided(
            first,
            collection=[{"up_to_km": 5, "amount_vnd": 1}, {"up_to_km": None, "amount_vnd": 2}],
            delivery=None,
        ),
        now=now,
    )

    assert await price("collection", first) == [(5, 1), (None, 2)]
    assert await price("delivery", first) == [(None, 50_000)]


async def test_one_that_starts_before_another_ends_when_that_one_starts(
    database: object, now: datetime
) -> None:
    today = local_date(now)
    second, first = today + timedelta(days=60), today + timedelta(days=30)
    await tariffs.put_tariff(decided(second, 70_000), now=now)

    await tariffs.put_tariff(decided(first, 60_000), now=now)

    assert await price("collection", second - timedelta(days=1)) == [(None, 60_000)]
    assert await price("collection", second) == [(None, 70_000)]


async def test_days_that_are_over_keep_their_prices(prices: None, now: datetime) -> None:
    yesterday = local_date(now) - timedelta(days=1)
    before = await price("collection", yesterday)

    with pytest.raises(TariffInThePast):
        await tariffs.put_tariff(decided(yesterday), now=now)

    assert await price("collection", yesterday) == before


async def test_the_sample_loaded_again_does_not_bring_its_prices_back(prices: None, now: datetime) -> None:
    first = local_date(now) + timedelta(days=30)
    await tariffs.put_tariff(decided(first), now=now)

    changed = await tariffs.put_tariff(tariff_file.read(EXAMPLE.read_bytes()), now=now)

    assert changed == 0
    assert await price("collection", first) == [(None, 50_000)]


def test_the_example_says_that_it_is_assumed() -> None:
    example = json.loads(EXAMPLE.read_text())

    assert "assumed" in example["note"]
    assert tariff_file.read(EXAMPLE.read_bytes()).decision == "giả định"


FAR = {"up_to_km": None, "amount_vnd": 1}


@pytest.mark.parametrize(
    ("other", "pointer"),
    [
        ({"collection": [{"up_to_km": 10, "amount_vnd": 1}]}, "/collection"),
        ({"collection": [FAR, FAR]}, "/collection"),
        ({"collection": [{"up_to_km": n, "amount_vnd": 1} for n in (10, 5)] + [FAR]}, "/collection"),
        ({"collection": [{"up_to_km": 5, "amount_vnd": 1}] * 2 + [FAR]}, "/collection"),
        ({"delivery": []}, "/delivery"),
        ({"delivery": [{"up_to_km": None, "amount_vnd": -1}]}, "/delivery/0/amount_vnd"),
        ({"delivery": [{"up_to_km": None, "amount_vnd": 1.5}]}, "/delivery/0/amount_vnd"),
        ({"valid_to": "2026-01-01"}, "/valid_to"),
        ({"valid_from": "0001-01-01"}, ""),
        ({"decision": ""}, "/decision"),
        ({"exemptions": [POOR, POOR]}, "/exemptions"),
        ({"exemptions": [POOR | {"purse": "gift"}]}, "/exemptions/0/purse"),
        ({"price": 1}, ""),
    ],
)
def test_a_file_that_is_wrong_is_refused_where_it_is_wrong(other: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        tariff_file.read(said(date(2027, 1, 1), **other))

    assert refused.value.code == "invalid_value"
    assert not pointer or [place["pointer"] for place in refused.value.facts["errors"]] == [pointer]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"decision": "x", "decision": "y"}'])
def test_what_is_no_tariff_file_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "tariff.json"
    file.write_bytes(content)

    answer = CliRunner().invoke(tariff_command(lambda work: work), [str(file)])

    assert answer.exit_code == 1
    assert answer.output.strip()
    assert isinstance(answer.exception, SystemExit)


async def test_after_its_last_day_the_tariff_before_does_not_come_back(prices: None, now: datetime) -> None:
    first = local_date(now) + timedelta(days=30)

    await tariffs.put_tariff(decided(first, valid_to=first.isoformat()), now=now)

    assert await price("collection", first) == [(None, 50_000)]
    assert await price("collection", first + timedelta(days=1)) == []
