"""How long a quote of a day's windows and a promise take over HTTP, with 1,500 stops and 120 couriers.

The whole product: granian, tokens, idempotency, the seat ledger, the proof under the day's lock, the facts.
No reference but the limits themselves: these are waits of people, not rates of a machine.
"""

import random
import uuid
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from app.appointments import operations as appointments
from app.core.clock import at_local, current_time, local_date
from app.core.database import DB, fetch, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.home_service import operations
from app.rounds import asking, live, plans
from app.rounds.asking import Wish
from app.rounds.day import Day
from app.rounds.planning.checker import violations
from app.rounds.planning.generator import province_day
from bench.booking_http import Citizens
from bench.metrics import Metric, nothing_of, percentile, shown, within
from bench.stage import PROCEDURE, make_centre, own_database
from bench.wire import Crowd, Served, crowd, get, post, server

STOPS: Final = 1_500
COURIERS: Final = 120
SEED: Final = 1
COMMUNE: Final = "14329"
PARTNER: Final = uuid.UUID(int=1)
# The generator's map, moved to where the product serves people.
NORTHWARDS: Final = -0.75
AROUND: Final = (20.25, 105.8)
WINDOWS_PER_DAY: Final = 4
QUOTES: Final = 600
PROMISES: Final = 200
CONNECTIONS: Final = 2
QUOTE_LIMIT_MS: Final = 50.0
PROMISE_LIMIT_MS: Final = 100.0


class Place(NamedTuple):
    """A door anywhere in the province."""

    lat: float
    lon: float


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """p99 of a quote of four windows and of a promise."""
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            now = current_time()
            # Beyond the day after tomorrow nothing is told yet: promises may move what is in their way.
            day = local_date(now) + timedelta(days=3)
            await _open(url, day, now=now)
            full = await _fill(day, now=now)
            async with server(url) as served:
                return await _measure(served, day, full, times=4 if long else 1)
        finally:
            plans.forget()
            await DB.close()


async def _measure(served: Served, day: date, full: Day, *, times: int) -> dict[str, Metric]:
    chance = random.Random(SEED)
    windows = await fetch("SELECT id FROM slot ORDER BY starts_at")
    ids = [str(row["id"]) for row in windows]
    assert len(ids) == WINDOWS_PER_DAY
    await _quotes(served, day, chance, 20)
    quotes = await _quotes(served, day, chance, QUOTES * times)
    promises = await _promises(served, ids, chance, PROMISES * times)
    plans.forget()
    after = (await plans.at([day], now=current_time()))[day]
    made = promises.statuses[201]
    return {
        "windows": within(percentile(quotes.waits_ms, 0.99), "ms", limit=QUOTE_LIMIT_MS),
        "windows_p50": shown(percentile(quotes.waits_ms, 0.5), "ms"),
        "promise_p99": within(percentile(promises.waits_ms, 0.99), "ms", limit=PROMISE_LIMIT_MS),
        "promise_p50": shown(percentile(promises.waits_ms, 0.5), "ms"),
        "promised": shown(made, "of those who asked"),
        "stops": shown(len(full.stops), "before anybody asked"),
        "lost": nothing_of(len(full.stops) + made - len(after.stops), "stops"),
        "violations": nothing_of(len(violations(after.problem, after.plan)), "violations"),
        "unexpected_statuses": nothing_of(
            quotes.statuses.total()
            - quotes.statuses[200]
            + promises.statuses.total()
            - made
            - promises.statuses[409],
            "answers",
        ),
    }


async def _quotes(served: Served, day: date, chance: random.Random, total: int) -> Crowd:
    asked = [
        urlencode(
            {
                "procedure": PROCEDURE,
                "lat": door.lat,
                "lon": door.lon,
                "from": day.isoformat(),
                "to": day.isoformat(),
            }
        )
        for door in (_door(chance) for _ in range(total))
    ]
    requests = iter([get(f"/v1/visit-windows?{query}") for query in asked])
    return await crowd(served.port, requests, total=total, connections=CONNECTIONS)


async def _promises(served: Served, windows: list[str], chance: random.Random, total: int) -> Crowd:
    people = await Citizens(served).come(total)
    requests = []
    for headers in people:
        door = _door(chance)
        body = {
            "kind": "collection",
            "procedures": [PROCEDURE],
            "window_id": chance.choice(windows),
            "address": {"text": "Xóm 4", "commune": COMMUNE, "lat": door.lat, "lon": door.lon},
            "contact": {"name": "Bùi Thị Hoa", "phone": "0987654321"},
        }
        requests.append(post("/v1/home-visits", msgspec.json.encode(body), headers))
    return await crowd(served.port, iter(requests), total=total, connections=CONNECTIONS)


def _door(chance: random.Random) -> Place:
    return Place(AROUND[0] + chance.uniform(-0.19, 0.19), AROUND[1] + chance.uniform(-0.19, 0.19))


async def _open(url: str, day: date, *, now: datetime) -> None:
    """One zone as wide as the province, four windows, and the couriers of the generator's day."""
    stage = await make_centre(url, pools=1)
    zone = new_id()
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO pool (id, centre_id, kind, code, series, name_vi, name_en, unit_id, lat, lon,"
        " radius_km) SELECT $1, $2, 'postal_zone', 'Z', 'Z', '', '', id, $3, $4, 60 FROM admin_unit",
        zone,
        stage.centre_id,
        *AROUND,
    )
    for hour in (8, 14):
        await appointments.publish_opening(
            centre_id=stage.centre_id,
            pool_id=zone,
            starts_at=at_local(day, hour),
            ends_at=at_local(day, hour + 4),
            counters=500,
            grain_minutes=120,
            now=now,
        )
    made = province_day(STOPS, COURIERS, seed=SEED)
    for n in range(COURIERS):
        office = n % (int(made.problem.stops[0].point))
        await operations.put_courier(
            partner_id=PARTNER,
            external_id=f"BT-{n}",
            given_name="Tú",
            phone="+84912345678",
            skills=["*"],
            lat=float(made.lats[office]) + NORTHWARDS,
            lon=float(made.lons[office]),
            active=True,
            now=now,
        )
        await operations.put_shift(
            partner_id=PARTNER,
            external_id=f"BT-{n}",
            day=day,
            starts_at=at_local(day, 7),
            ends_at=at_local(day, 18),
            capacity=30,
            now=now,
        )


@operation
async def _fill(day: date, *, now: datetime) -> Day:
    """The generator's doors, each at its cheapest place in its window, in the order of booking."""
    made = province_day(STOPS, COURIERS, seed=SEED)
    wishes = {kind: Wish(kind, [PROCEDURE], COMMUNE, *AROUND) for kind in ("collection", "delivery")}
    asked = {kind: await asking.what(wish) for kind, wish in wishes.items()}
    skills = frozenset[str]().union(*(each.skills for each in asked.values()))
    full = (await live.locked([day], now=now, asked=skills))[day]
    slots = await fetch("SELECT starts_at, ends_at FROM slot ORDER BY starts_at")
    chance = random.Random(SEED)
    for stop in made.problem.stops:
        kind = "collection" if chance.random() < 0.6 else "delivery"
        wish = asked[kind]._replace(
            lat=float(made.lats[stop.point]) + NORTHWARDS, lon=float(made.lons[stop.point])
        )
        row = full.stop_row(new_id(), wish, *tuple(chance.choice(slots)))
        placed = full.placed(row, moves_tried=0)
        full = full if placed is None else placed.day
    head = await live.next_version(day, now=now, promised=len(full.stops))
    await in_transaction().executemany(
        live.ADD_STOP, [tuple(stop._replace(version=head.version)) for stop in full.stops]
    )
    await live.touch([duty.id for duty in full.duties], head.version)
    return full
