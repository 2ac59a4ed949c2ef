"""What became of an administrative unit, day by day, and what it belonged to.

Old to new is not a function: xã Gia Tân was divided between xã Gia Vân and phường Tây Hoa Lư on 1 July 2025
(Resolution 1674/NQ-UBTVQH15). A unit that was divided is a question to a person, never a guess.
"""

from collections.abc import Sequence
from datetime import date

from app.centres import queries
from app.centres.queries import Successor, UnitRow


def exists_on(unit: UnitRow, on: date) -> bool:
    return unit.valid_from <= on and (unit.valid_to is None or unit.valid_to >= on)


async def candidates(unit: UnitRow, *, on: date) -> Sequence[Successor]:
    """The units that may be this one on the day: itself while it exists, else those that took it over.

    `divided` when a part of it went there, at whichever step. Nobody where no link says.
    """
    found: list[Successor] = []
    seen = {unit.id}
    waiting = [Successor(unit, divided=False)]
    while waiting:
        each = waiting.pop(0)
        if exists_on(each.unit, on):
            found.append(each)
            continue
        for later in await queries.successors(each.unit.id):
            if later.unit.id not in seen:
                seen.add(later.unit.id)
                waiting.append(Successor(later.unit, each.divided or later.divided))
    return sorted(found, key=lambda each: each.unit.code)


async def belonged_to(unit: UnitRow) -> Sequence[UnitRow]:
    """What it belonged to in its period, the nearest first: a district and a province, or a province."""
    above: list[UnitRow] = []
    parent_id = unit.parent_id
    while parent_id is not None:
        parent = await queries.any_unit(parent_id)
        if parent is None:
            break
        above.append(parent)
        parent_id = parent.parent_id
    return above
