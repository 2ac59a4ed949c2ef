"""The sample's units, centres, counters, pools, hours and days, as rows of `app.centres`."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Final

from app.centres import queries, steps
from app.centres.queries import CounterRow, DayRow, PoolRow, PriorityGroupRow
from app.centres.steps import CentreRecord, CounterPoolRecord, HoursRecord, LinkRecord, UnitRecord
from app.core.text import fold
from app.sample import files
from app.sample.files import CentreEntry, CentresFile, UnitsFile, sample_id

GRAIN_MINUTES: Final = 10
WORKING_WEEK: Final = range(1, 6)
SATURDAY: Final = 6


async def put_places() -> int:
    """Write everything about places and days; how many rows changed. Joins the caller's operation."""
    units, centres = files.units(), files.centres()
    ids = await _unit_ids(units)
    changed = await steps.put_units(_units(units, ids))
    changed += await steps.put_links(
        LinkRecord(ids[link.old], ids[link.new], link.divided) for link in units.links
    )
    changed += await steps.put_centres(_centre(entry, ids) for entry in centres.centres)
    changed += await steps.put_counters(_counters(centres))
    changed += await steps.put_pools(_pools(centres))
    changed += await steps.put_pools(_zones(centres, units, ids))
    changed += await steps.put_counter_pools(_counter_pools(centres))
    changed += await steps.put_hours(_hours(centres))
    changed += await steps.put_days(
        DayRow(day.day, day.kind, day.name_vi, day.name_en, day.status, day.stands_for, day.reference)
        for day in files.calendar().days
    )
    groups = files.priority_groups()
    changed += await steps.put_priority_groups(
        PriorityGroupRow(
            group.code,
            group.name_vi,
            group.name_en,
            group.rule_vi,
            group.rule_en,
            position,
            groups.verified,
        )
        for position, group in enumerate(groups.groups, 1)
    )
    return changed


def pool_id(centre: CentreEntry, code: str) -> uuid.UUID:
    return sample_id("pool", f"{centre.code}|{code}")


def counter_id(centre: CentreEntry, number: int) -> uuid.UUID:
    return sample_id("counter", f"{centre.code}|{number}")


async def _unit_ids(file: UnitsFile) -> dict[str, uuid.UUID]:
    """The ids of the sample's units: the stored one where the unit came from an import before."""
    stored = {(row.code, row.valid_from): row.id for row in await queries.all_units()}
    return {
        unit.key: stored.get((unit.code, unit.valid_from), sample_id("unit", unit.key))
        for unit in file.units
    }


def _units(file: UnitsFile, ids: Mapping[str, uuid.UUID]) -> Iterator[UnitRecord]:
    """The sample's own units; one that was imported is left as the import made it."""
    for unit in file.units:
        if ids[unit.key] != sample_id("unit", unit.key):
            continue
        lat, lon = unit.point or (None, None)
        yield UnitRecord(
            id=ids[unit.key],
            code=unit.code,
            tier=unit.tier,
            name_vi=unit.name_vi,
            name_en=unit.name_en,
            folded=fold(f"{unit.name_vi} {unit.code}"),
            parent_id=None if unit.parent is None else ids[unit.parent],
            lat=lat,
            lon=lon,
            valid_from=unit.valid_from,
            valid_to=unit.valid_to,
            decision=unit.decision,
        )


def _centre(entry: CentreEntry, ids: Mapping[str, uuid.UUID]) -> CentreRecord:
    return CentreRecord(
        id=entry.id,
        code=entry.code,
        unit_id=ids[entry.unit],
        tier=entry.tier,
        name_vi=entry.name_vi,
        name_en=entry.name_en,
        folded=fold(f"{entry.name_vi} {entry.name_en}"),
        address_vi=entry.address_vi,
        address_en=entry.address_en,
        lat=entry.point[0],
        lon=entry.point[1],
        agency_code=entry.agency_code,
        grain_minutes=GRAIN_MINUTES,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        verified=False,
    )


def _counters(file: CentresFile) -> Iterator[CounterRow]:
    for entry in file.centres:
        for number in range(1, file.layouts[entry.layout].counters + 1):
            yield CounterRow(
                counter_id(entry, number), entry.id, number, f"Quầy {number}", f"Counter {number}"
            )


def _pools(file: CentresFile) -> Iterator[PoolRow]:
    for entry in file.centres:
        for pool in file.layouts[entry.layout].pools:
            yield PoolRow(
                id=pool_id(entry, pool.code),
                centre_id=entry.id,
                kind="counter",
                code=pool.code,
                series=pool.series,
                name_vi=pool.name_vi,
                name_en=pool.name_en,
                unit_id=None,
                lat=None,
                lon=None,
                radius_km=None,
            )


def _zones(file: CentresFile, units: UnitsFile, ids: Mapping[str, uuid.UUID]) -> Iterator[PoolRow]:
    by_key = {unit.key: unit for unit in units.units}
    for entry in file.centres:
        for key in entry.postal_zones:
            unit = by_key[key]
            lat, lon = unit.point or entry.point
            yield PoolRow(
                id=pool_id(entry, f"BC-{unit.code}"),
                centre_id=entry.id,
                kind="postal_zone",
                code=f"BC-{unit.code}",
                series=file.postal_zone.series,
                name_vi=f"{file.postal_zone.name_vi}: {unit.name_vi}",
                name_en=f"{file.postal_zone.name_en}: {unit.name_en}",
                unit_id=ids[key],
                lat=lat,
                lon=lon,
                radius_km=file.postal_zone.radius_km,
            )


def _counter_pools(file: CentresFile) -> Iterator[CounterPoolRecord]:
    for entry in file.centres:
        for pool in file.layouts[entry.layout].pools:
            for number in pool.counters:
                yield CounterPoolRecord(counter_id(entry, number), pool_id(entry, pool.code), entry.id)


def _hours(file: CentresFile) -> Iterator[HoursRecord]:
    hours = file.hours
    for entry in file.centres:
        week = [(day, period) for day in WORKING_WEEK for period in hours.weekday]
        if entry.saturday_morning:
            week += [(SATURDAY, period) for period in hours.saturday_morning]
        for weekday, (opens, closes) in week:
            yield HoursRecord(
                id=sample_id("hours", f"{entry.code}|{weekday}|{opens:%H:%M}"),
                centre_id=entry.id,
                weekday=weekday,
                opens=opens,
                closes=closes,
                valid_from=entry.valid_from,
                valid_to=entry.valid_to,
                decision=hours.decision,
            )
