"""What can be asked about places and days. Every question names its day: units and centres end."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from app.centres import rules
from app.centres.errors import CentreNotFound, CommuneUnknown, CounterNotFound
from app.centres.rules import Hours, Point, Zone
from app.core.database import fetch, fetch_row
from app.core.rows import select
from app.core.working_calendar import WorkingCalendar


class UnitRow(NamedTuple):
    """An administrative unit during its period."""

    id: uuid.UUID
    code: str
    tier: str
    name_vi: str
    name_en: str
    parent_id: uuid.UUID | None
    lat: float | None
    lon: float | None
    valid_from: date
    valid_to: date | None
    decision: str


class Successor(NamedTuple):
    """A unit that took over an older one, or a part of it."""

    unit: UnitRow
    divided: bool


class UnitLinkRow(NamedTuple):
    """An old unit went to a new one, whole or `divided`."""

    old_id: uuid.UUID
    new_id: uuid.UUID
    divided: bool


class CentreRow(NamedTuple):
    """A centre during its period."""

    id: uuid.UUID
    code: str
    unit_id: uuid.UUID
    tier: str
    name_vi: str
    name_en: str
    address_vi: str
    address_en: str
    lat: float
    lon: float
    agency_code: str
    grain_minutes: int
    valid_from: date
    valid_to: date | None
    verified: bool


class CounterRow(NamedTuple):
    """A desk of a centre."""

    id: uuid.UUID
    centre_id: uuid.UUID
    number: int
    label_vi: str
    label_en: str


class PoolRow(NamedTuple):
    """Counters with the same skills, or a commune's home service. `kind` tells."""

    id: uuid.UUID
    centre_id: uuid.UUID
    kind: str
    code: str
    series: str
    name_vi: str
    name_en: str
    unit_id: uuid.UUID | None
    lat: float | None
    lon: float | None
    radius_km: float | None


class DayRow(NamedTuple):
    """A day that is not what its weekday says."""

    day: date
    kind: str
    name_vi: str
    name_en: str
    status: str
    stands_for: date | None
    reference: str


class PriorityGroupRow(NamedTuple):
    """Who is called first."""

    code: str
    name_vi: str
    name_en: str
    rule_vi: str
    rule_en: str
    position: int
    verified: bool


EXISTS: Final = "valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1)"
CENTRE: Final = select(CentreRow, "centre")
COUNTER: Final = select(CounterRow, "counter")
POOL: Final = select(PoolRow, "pool")
UNIT: Final = select(UnitRow, "admin_unit")
LINK: Final = select(UnitLinkRow, "admin_unit_link")
HOURS: Final = select(Hours, "opening_hours", extra=("centre_id",))
SPECIAL_DAY: Final = select(DayRow, "calendar_day")
GROUP: Final = select(PriorityGroupRow, "priority_group")
ZONES: Final = (
    select(
        PoolRow,
        "pool p JOIN admin_unit u ON u.id = p.unit_id JOIN centre c ON c.id = p.centre_id",
        alias="p.",
        extra=("u.code AS commune_code",),
    )
    + " WHERE p.kind = 'postal_zone'"
    " AND c.valid_from <= $1 AND (c.valid_to IS NULL OR c.valid_to >= $1)"
    " AND u.valid_from <= $1 AND (u.valid_to IS NULL OR u.valid_to >= $1)"
)
SUCCESSORS: Final = select(
    UnitRow,
    "admin_unit_link l JOIN admin_unit u ON u.id = l.new_id",
    alias="u.",
    extra=("l.divided",),
)


async def get_centre(centre_id: uuid.UUID, *, on: date) -> CentreRow:
    """A centre that exists on the day; raises `CentreNotFound` for any other."""
    row = await fetch_row(f"{CENTRE} WHERE {EXISTS} AND id = $2", on, centre_id)
    if row is None:
        raise CentreNotFound
    return CentreRow(*row)


async def any_centre(centre_id: uuid.UUID) -> CentreRow:
    """A centre of any period, for history; raises `CentreNotFound`."""
    row = await fetch_row(f"{CENTRE} WHERE id = $1", centre_id)
    if row is None:
        raise CentreNotFound
    return CentreRow(*row)


async def centres_on(on: date) -> Sequence[CentreRow]:
    """Every centre that exists on the day, by name."""
    return [CentreRow(*row) for row in await fetch(f"{CENTRE} WHERE {EXISTS} ORDER BY name_vi", on)]


async def pools_of(centre_id: uuid.UUID, kind: str | None = None) -> list[PoolRow]:
    """The pools of a centre, of one kind (`counter`, `postal_zone`) or all."""
    rows = await fetch(
        f"{POOL} WHERE centre_id = $1 AND ($2::text IS NULL OR kind = $2) ORDER BY kind, code",
        centre_id,
        kind,
    )
    return [PoolRow(*row) for row in rows]


async def counter_pools() -> list[PoolRow]:
    """Every pool of counters there is; home service is not among them."""
    return [PoolRow(*row) for row in await fetch(f"{POOL} WHERE kind = 'counter' ORDER BY id")]


async def pool(pool_id: uuid.UUID) -> PoolRow | None:
    row = await fetch_row(f"{POOL} WHERE id = $1", pool_id)
    return None if row is None else PoolRow(*row)


async def counters_of(centre_id: uuid.UUID) -> list[CounterRow]:
    """The desks of a centre, by number."""
    rows = await fetch(f"{COUNTER} WHERE centre_id = $1 ORDER BY number", centre_id)
    return [CounterRow(*row) for row in rows]


async def counter(counter_id: uuid.UUID, *, centre_id: uuid.UUID | None = None) -> CounterRow:
    """A desk, of one centre when it is named; raises `CounterNotFound`."""
    row = await fetch_row(
        f"{COUNTER} WHERE id = $1 AND ($2::uuid IS NULL OR centre_id = $2)", counter_id, centre_id
    )
    if row is None:
        raise CounterNotFound
    return CounterRow(*row)


async def pool_ids_of_counter(counter_id: uuid.UUID) -> list[uuid.UUID]:
    """The pools a desk serves."""
    rows = await fetch(
        "SELECT pool_id FROM counter_pool WHERE counter_id = $1 ORDER BY pool_id", counter_id
    )
    return [row["pool_id"] for row in rows]


async def pool_ids_of_own_counter(counter_id: uuid.UUID, *, centre_id: uuid.UUID) -> list[uuid.UUID]:
    """The pools a desk of this centre serves; raises `CounterNotFound` for any other desk."""
    rows = await fetch(
        "SELECT cp.pool_id FROM counter c LEFT JOIN counter_pool cp ON cp.counter_id = c.id"
        " WHERE c.id = $1 AND c.centre_id = $2 ORDER BY cp.pool_id",
        counter_id,
        centre_id,
    )
    if not rows:
        raise CounterNotFound
    return [row["pool_id"] for row in rows if row["pool_id"] is not None]


async def pools_by_counter(centre_id: uuid.UUID) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """For every desk of a centre the pools it serves."""
    rows = await fetch(
        "SELECT counter_id, array_agg(pool_id) AS pool_ids FROM counter_pool WHERE centre_id = $1"
        " GROUP BY counter_id",
        centre_id,
    )
    return {row["counter_id"]: frozenset(row["pool_ids"]) for row in rows}


async def counter_ids_of_pool(pool_id: uuid.UUID) -> list[uuid.UUID]:
    """The desks that serve a pool, by number."""
    rows = await fetch(
        "SELECT c.id FROM counter_pool cp JOIN counter c ON c.id = cp.counter_id"
        " WHERE cp.pool_id = $1 ORDER BY c.number",
        pool_id,
    )
    return [row["id"] for row in rows]


async def postal_zone_for(
    *,
    on: date,
    commune_code: str | None = None,
    lat: float | None = None,
    lon: float | None = None,
) -> PoolRow | None:
    """The zone whose couriers reach an address on that day, or None when nobody does.

    The commune decides where it is known: a code is read as the unit it names *on that day*. Otherwise
    the nearest zone whose reach covers the point.
    """
    found = await zone_and_commune(on=on, commune_code=commune_code, lat=lat, lon=lon)
    return None if found is None else found[0]


async def zone_and_commune(
    *,
    on: date,
    commune_code: str | None = None,
    lat: float | None = None,
    lon: float | None = None,
) -> tuple[PoolRow, str] | None:
    """The same, with the code of the commune the zone is."""
    rows = await fetch(ZONES, on)
    found = {row["id"]: (PoolRow(*row[:-1]), str(row["commune_code"])) for row in rows}
    if commune_code is not None:
        named = [row["id"] for row in rows if row["commune_code"] == commune_code]
        if named:
            return found[named[0]]
    if lat is None or lon is None:
        return None
    zones = [Zone(row["id"], Point(row["lat"], row["lon"]), row["radius_km"]) for row in rows]
    nearest = rules.nearest_zone(zones, rules.point(lat, lon))
    return None if nearest is None else found[nearest]


async def hours_of(centre_ids: Sequence[uuid.UUID], *, on: date) -> dict[uuid.UUID, list[Hours]]:
    """The week of each centre as it stands on the day."""
    rows = await fetch(
        f"{HOURS} WHERE {EXISTS} AND centre_id = ANY($2) ORDER BY centre_id, weekday, opens",
        on,
        list(centre_ids),
    )
    week: dict[uuid.UUID, list[Hours]] = {centre_id: [] for centre_id in centre_ids}
    for row in rows:
        week[row["centre_id"]].append(Hours(*row[:-1]))
    return week


async def hours_on(centre_id: uuid.UUID, day: date) -> list[Hours]:
    """When a centre is open on one day, which may be a holiday or a worked Saturday."""
    week = await hours_of([centre_id], on=day)
    special = next((row.kind for row in await special_days(start=day, end=day)), None)
    return rules.hours_of_day(week[centre_id], day, special=special)


async def special_days(*, start: date, end: date) -> list[DayRow]:
    """Holidays and worked Saturdays from a day to a day, both included."""
    rows = await fetch(
        f"{SPECIAL_DAY} WHERE day BETWEEN $1 AND $2 ORDER BY day",
        start,
        end,
    )
    return [DayRow(*row) for row in rows]


async def load_working_calendar() -> WorkingCalendar:
    """Every special day we hold. A day that still needs confirmation counts as the day off it says."""
    rows = await fetch("SELECT day, kind FROM calendar_day")
    return WorkingCalendar(
        holidays=frozenset(row["day"] for row in rows if row["kind"] == "holiday"),
        working_days=frozenset(row["day"] for row in rows if row["kind"] == "working"),
    )


async def priority_groups() -> list[PriorityGroupRow]:
    """The groups in the order of the card."""
    rows = await fetch(f"{GROUP} ORDER BY position")
    return [PriorityGroupRow(*row) for row in rows]


async def unit_on(code: str, *, on: date) -> UnitRow | None:
    """The unit a code names on the day. On another day it may name another."""
    row = await fetch_row(f"{UNIT} WHERE {EXISTS} AND code = $2", on, code)
    return None if row is None else UnitRow(*row)


async def commune_on(code: str, *, on: date) -> UnitRow:
    """The commune a code names on the day; raises `CommuneUnknown`, also for a district or a province."""
    unit = await unit_on(code, on=on)
    if unit is None or unit.tier != "commune":
        raise CommuneUnknown
    return unit


async def any_unit(unit_id: uuid.UUID) -> UnitRow | None:
    """A unit of any period, for history."""
    row = await fetch_row(f"{UNIT} WHERE id = $1", unit_id)
    return None if row is None else UnitRow(*row)


async def centre_above(unit: UnitRow, *, tier: str, on: date) -> CentreRow | None:
    """The centre of the tier that a unit belongs to on the day, its own included; None where there is none.

    A unit of a tier above it has none, for it belongs to several.
    """
    row = await fetch_row(
        f"""
        WITH RECURSIVE above AS (
            SELECT id, parent_id, 0 AS height FROM admin_unit WHERE id = $2
            UNION ALL
            SELECT u.id, u.parent_id, a.height + 1 FROM admin_unit u JOIN above a ON u.id = a.parent_id)
        SELECT {", ".join(f"c.{name}" for name in CentreRow._fields)}
          FROM above JOIN centre c ON c.unit_id = above.id
         WHERE c.tier = $3 AND c.valid_from <= $1 AND (c.valid_to IS NULL OR c.valid_to >= $1)
         ORDER BY above.height, c.code LIMIT 1
        """,
        on,
        unit.id,
        tier,
    )
    return None if row is None else CentreRow(*row)


async def names_on(on: date, *, tier: str, language: str) -> dict[str, str]:
    """What every unit of a tier is called on the day, by its code: 129 communes make a province."""
    rows = await fetch(
        f"SELECT code, name_vi, name_en FROM admin_unit WHERE {EXISTS} AND tier = $2", on, tier
    )
    return {row["code"]: row["name_en"] if language == "en" else row["name_vi"] for row in rows}


async def successors(unit_id: uuid.UUID) -> list[Successor]:
    """What became of a unit: more than one row, or one that is `divided`, is a question to a person."""
    rows = await fetch(f"{SUCCESSORS} WHERE l.old_id = $1 ORDER BY u.code", unit_id)
    return [Successor(UnitRow(*row[:-1]), row["divided"]) for row in rows]


async def all_units() -> list[UnitRow]:
    """Every unit of every period."""
    return [UnitRow(*row) for row in await fetch(f"{UNIT} ORDER BY code, valid_from")]


async def all_links() -> list[UnitLinkRow]:
    """Every link from an old unit to a new one."""
    rows = await fetch(f"{LINK} ORDER BY old_id, new_id")
    return [UnitLinkRow(*row) for row in rows]
