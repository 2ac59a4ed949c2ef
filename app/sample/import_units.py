"""Bringing administrative units up to date from a file: plan, look at the difference, apply.

`plan_import` compares the file with what is stored and decides nothing else; `apply_import` writes a
plan, and refuses one that was made against units that have changed since. Applying twice changes
nothing: the second plan is empty.
"""

from datetime import date, datetime
from pathlib import Path

from app.centres import queries, steps
from app.centres.errors import UnitsChangedMeanwhile
from app.centres.queries import UnitRow
from app.centres.steps import LinkRecord, UnitRecord
from app.core import journal
from app.core.ids import new_id
from app.core.operation import operation
from app.core.text import fold
from app.sample.units_file import read_units
from app.sample.units_plan import DECISIONS, Diff, Renamed, Stored, basis_of, plan_import


async def stored_units() -> Stored:
    """The units and links of today's database, for a plan."""
    return Stored(await queries.all_units(), await queries.all_links())


@operation
async def apply_import(*, diff: Diff, now: datetime) -> int:
    """Write a plan in one transaction; how many rows were changed.

    Ends come before beginnings, so that a re-used code is free on its new first day.
    """
    if basis_of(await stored_units()) != diff.basis:
        raise UnitsChangedMeanwhile
    ids = {key: row.id for key, row in diff.matched}
    ids |= {unit.key: new_id() for unit in diff.added}
    ends = {ended.unit.id: ended.valid_to for ended in diff.ended}
    names = {renamed.unit.id: renamed for renamed in diff.renamed}
    touched = {ended.unit.id: ended.unit for ended in diff.ended}
    touched |= {renamed.unit.id: renamed.unit for renamed in diff.renamed}
    changed = await steps.put_units(
        _kept(row, names.get(row.id), ends.get(row.id, row.valid_to)) for row in touched.values()
    )
    changed += await steps.put_units(
        UnitRecord(
            id=ids[unit.key],
            code=unit.key.code,
            tier=unit.tier,
            name_vi=unit.name_vi,
            name_en=unit.name_en,
            folded=fold(f"{unit.name_vi} {unit.key.code}"),
            parent_id=None if unit.parent is None else ids[unit.parent],
            lat=unit.lat,
            lon=unit.lon,
            valid_from=unit.key.valid_from,
            valid_to=unit.valid_to,
            decision=DECISIONS.get(unit.key.valid_from, ""),
        )
        for unit in diff.added
    )
    changed += await steps.put_links(
        LinkRecord(ids[link.old], ids[link.new], link.divided) for link in diff.links
    )
    if changed:
        await journal.write(
            "units.imported",
            object_kind="admin_units",
            object_id=str(now.date()),
            at=now,
            detail={"added": len(diff.added), "ended": len(diff.ended), "links": len(diff.links)},
        )
    return changed


async def import_file(path: Path, *, apply: bool, now: datetime) -> Diff:
    """Read a file and plan; write the plan only when asked to. The plan is what comes back."""
    diff = plan_import(read_units(path), await stored_units())
    if apply:
        await apply_import(diff=diff, now=now)
    return diff


def _kept(row: UnitRow, renamed: Renamed | None, valid_to: date | None) -> UnitRecord:
    name_vi = renamed.name_vi if renamed else row.name_vi
    return UnitRecord(
        id=row.id,
        code=row.code,
        tier=row.tier,
        name_vi=name_vi,
        name_en=renamed.name_en if renamed else row.name_en,
        folded=fold(f"{name_vi} {row.code}"),
        parent_id=row.parent_id,
        lat=row.lat,
        lon=row.lon,
        valid_from=row.valid_from,
        valid_to=valid_to,
        decision=row.decision,
    )
