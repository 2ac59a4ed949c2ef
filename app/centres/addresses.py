"""An address as people still write it, in three levels, read as communes (pure).

`xóm 4, xã Gia Tân, huyện Gia Viễn, tỉnh Ninh Bình`: parts between commas are names of units of any period,
with or without their kind (xã, phường …), with or without marks. Whoever explains more parts comes first.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from app.centres.queries import UnitRow
from app.core.text import fold

COMMUNE: Final = "commune"
KIND: Final = re.compile(
    r"^(?:(?:xa|phuong|thi tran|huyen|thi xa|thanh pho|tinh|tt|tx|tp) +|(?:x|p|tt|h|tx|tp|t)\. *)(?=\S)"
)
MOST_PARTS: Final = 8


class Match(NamedTuple):
    """A commune an address may mean; `score` counts the parts it explains, twice with the right kind."""

    unit: UnitRow
    score: int


def read(text: str, units: Mapping[uuid.UUID, UnitRow]) -> Sequence[Match]:
    """The communes of any period the address may mean, the best first; only the best where they differ."""
    parts = [fold(part) for part in text.split(",")][-MOST_PARTS:]
    whole, bare = {part for part in parts if part}, {_bare(part) for part in parts if part}
    found = []
    for unit in units.values():
        if unit.tier != COMMUNE or _bare(fold(unit.name_vi)) not in bare:
            continue
        score = 1 + (fold(unit.name_vi) in whole)
        parent = unit
        while parent.parent_id is not None and parent.parent_id in units:
            parent = units[parent.parent_id]
            score += _bare(fold(parent.name_vi)) in bare
            score += fold(parent.name_vi) in whole
        found.append(Match(unit, score))
    best = max((match.score for match in found), default=0)
    return sorted(
        (match for match in found if match.score == best),
        key=lambda match: (-match.unit.valid_from.toordinal(), match.unit.code),
    )


def _bare(name: str) -> str:
    return KIND.sub("", name)
