"""What a file of administrative units would change: pure, values in, a difference out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from app.centres.queries import UnitLinkRow, UnitRow
from app.core.text import strip_marks
from app.sample.units_file import Units

# The three states of the province: three tiers, seven districts for six months, two tiers.
FIRST_DAY: Final = date(2020, 1, 1)
SEVEN_DISTRICTS_FROM: Final = date(2025, 1, 1)
TWO_TIERS_FROM: Final = date(2025, 7, 1)
DECISIONS: Final = {
    FIRST_DAY: "",
    SEVEN_DISTRICTS_FROM: "Nghị quyết 1318/NQ-UBTVQH15",
    TWO_TIERS_FROM: "Nghị quyết 1674/NQ-UBTVQH15",
}

KINDS: Final = {
    "Tỉnh": "Province",
    "Thành phố": "City",
    "Thị xã": "Town",
    "Huyện": "District",
    "Phường": "Ward",
    "Thị trấn": "Township",
    "Xã": "Commune",
}


class Key(NamedTuple):
    """What tells two units apart in a file: a code, and the first day it names this unit."""

    code: str
    valid_from: date


class Wanted(NamedTuple):
    """A unit as the file says it should be."""

    key: Key
    tier: str
    name_vi: str
    name_en: str
    parent: Key | None
    lat: float | None
    lon: float | None
    valid_to: date | None


class Renamed(NamedTuple):
    """The same unit, in the same period, under a corrected name."""

    unit: UnitRow
    name_vi: str
    name_en: str


class Ended(NamedTuple):
    """A unit whose last day is now known."""

    unit: UnitRow
    valid_to: date | None


class LinkWanted(NamedTuple):
    old: Key
    new: Key
    divided: bool


class Stored(NamedTuple):
    """What the plan is compared with."""

    units: Sequence[UnitRow]
    links: Sequence[UnitLinkRow]


class Diff(NamedTuple):
    """What applying the file would change."""

    basis: int
    added: Sequence[Wanted]
    renamed: Sequence[Renamed]
    ended: Sequence[Ended]
    unchanged: Sequence[UnitRow]
    links: Sequence[LinkWanted]
    split: Sequence[Key]
    """Old units that went to more than one new one: an address there needs a question."""
    merged: Sequence[Key]
    """New units made of more than one old one."""
    matched: Sequence[tuple[Key, UnitRow]]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.renamed or self.ended or self.links)

    def as_text(self) -> str:
        """The difference for a person: one line each, and the sums at the end."""
        return "\n".join(lines(self))

    def as_dict(self) -> dict[str, Any]:
        """The sums for a machine, and the units whose addresses need a question."""
        return {
            "added": len(self.added),
            "renamed": len(self.renamed),
            "ended": len(self.ended),
            "unchanged": len(self.unchanged),
            "links": len(self.links),
            "split": [key.code for key in self.split],
            "merged": [key.code for key in self.merged],
        }


def english_name(name: str) -> str:
    """`Phường Hoa Lư` → `Hoa Lu Ward`."""
    for vietnamese, english in KINDS.items():
        if name.startswith(f"{vietnamese} "):
            return f"{strip_marks(name.removeprefix(vietnamese).strip())} {english}"
    return strip_marks(name)


def plan_import(
    units: Units,
    stored: Stored,
    *,
    province_code: str = "37",
    province_name: str = "Tỉnh Ninh Bình",
    first_day: date = FIRST_DAY,
    seven_districts_from: date = SEVEN_DISTRICTS_FROM,
    two_tiers_from: date = TWO_TIERS_FROM,
) -> Diff:
    """Compare a file with what is stored; pure."""
    periods = _Periods(first_day, seven_districts_from, two_tiers_from)
    wanted = [
        *_province(province_code, province_name, periods),
        *_districts(units, province_code, periods),
        *_communes(units, province_code, periods),
    ]
    matched = _match(wanted, stored.units)
    links = [
        LinkWanted(Key(link.old_code, first_day), Key(link.new_code, two_tiers_from), link.divided)
        for link in units.links
    ]
    sources = Counter(link.new for link in links)
    targets = Counter(link.old for link in links)
    divided = {link.old for link in links if link.divided}
    return Diff(
        basis=basis_of(stored),
        added=[unit for unit in wanted if unit.key not in matched],
        renamed=[
            Renamed(matched[unit.key], unit.name_vi, unit.name_en)
            for unit in wanted
            if unit.key in matched and matched[unit.key].name_vi != unit.name_vi
        ],
        ended=[
            *(
                Ended(matched[unit.key], unit.valid_to)
                for unit in wanted
                if unit.key in matched and matched[unit.key].valid_to != unit.valid_to
            ),
            *_no_longer_listed(stored.units, matched.values(), two_tiers_from),
        ],
        unchanged=[
            matched[unit.key]
            for unit in wanted
            if unit.key in matched
            and matched[unit.key].name_vi == unit.name_vi
            and matched[unit.key].valid_to == unit.valid_to
        ],
        links=_new_links(links, matched, stored.links),
        split=sorted({old for old, n in targets.items() if n > 1} | divided),
        merged=sorted(new for new, n in sources.items() if n > 1),
        matched=sorted(matched.items()),
    )


class _Periods(NamedTuple):
    first_day: date
    seven_districts_from: date
    two_tiers_from: date


def _day_before(day: date) -> date:
    return day - timedelta(days=1)


def _province(code: str, name: str, periods: _Periods) -> Iterator[Wanted]:
    """The province of 2025 is another: three became one under the old code and name."""
    for start, end in (
        (periods.first_day, _day_before(periods.two_tiers_from)),
        (periods.two_tiers_from, None),
    ):
        yield Wanted(Key(code, start), "province", name, english_name(name), None, None, None, end)


def _districts(units: Units, province: str, periods: _Periods) -> Iterator[Wanted]:
    """A district that keeps its code and name is one unit; one that changes its name is two."""
    parent = Key(province, periods.first_day)
    last_day = _day_before(periods.two_tiers_from)
    kept = {(row.code, row.name) for row in units.districts_2025_01}
    first = {(row.code, row.name) for row in units.districts_2021}
    for row in units.districts_2021:
        stays = (row.code, row.name) in kept
        end = last_day if stays else _day_before(periods.seven_districts_from)
        key = Key(row.code, periods.first_day)
        yield Wanted(key, "district", row.name, row.name_en, parent, None, None, end)
    for row in units.districts_2025_01:
        if (row.code, row.name) not in first:
            key = Key(row.code, periods.seven_districts_from)
            yield Wanted(key, "district", row.name, row.name_en, parent, None, None, last_day)


def _communes(units: Units, province: str, periods: _Periods) -> Iterator[Wanted]:
    """An old commune that leads to no new one was gone before: it ended with the eighth district."""
    linked = {link.old_code for link in units.links}
    for old in units.communes_2021:
        next_state = periods.two_tiers_from if old.code in linked else periods.seven_districts_from
        yield Wanted(
            Key(old.code, periods.first_day),
            "commune",
            old.name,
            english_name(old.name),
            Key(old.district_code, periods.first_day),
            old.lat,
            old.lon,
            _day_before(next_state),
        )
    for new in units.communes_2025_07:
        yield Wanted(
            Key(new.code, periods.two_tiers_from),
            "commune",
            new.name,
            english_name(new.name),
            Key(province, periods.two_tiers_from),
            new.lat,
            new.lon,
            None,
        )


def _match(wanted: Sequence[Wanted], stored: Sequence[UnitRow]) -> dict[Key, UnitRow]:
    """The stored row of each wanted unit: the same code and tier, begun on the same day or in its time."""
    free = sorted(stored, key=lambda row: (row.code, row.valid_from))
    matched: dict[Key, UnitRow] = {}
    for unit in sorted(wanted, key=lambda unit: unit.key):
        for row in free:
            if row.code != unit.key.code or row.tier != unit.tier:
                continue
            end = unit.valid_to or date.max
            if unit.key.valid_from <= row.valid_from <= end:
                matched[unit.key] = row
                free.remove(row)
                break
    return matched


def _no_longer_listed(
    stored: Sequence[UnitRow], matched: Iterable[UnitRow], two_tiers_from: date
) -> list[Ended]:
    """Open units of the old tiers that the file does not know ended with the old tiers."""
    known = {row.id for row in matched}
    return [
        Ended(row, _day_before(two_tiers_from))
        for row in stored
        if row.id not in known and row.valid_to is None and row.valid_from < two_tiers_from
    ]


def _new_links(
    links: Sequence[LinkWanted], matched: dict[Key, UnitRow], stored: Sequence[UnitLinkRow]
) -> list[LinkWanted]:
    """Links that are not stored as they are in the file."""
    have = {(link.old_id, link.new_id, link.divided) for link in stored}
    return [
        link
        for link in links
        if link.old not in matched
        or link.new not in matched
        or (matched[link.old].id, matched[link.new].id, link.divided) not in have
    ]


def basis_of(stored: Stored) -> int:
    """What a plan was made against, in one number of this process."""
    return hash((frozenset(stored.units), frozenset(stored.links)))


def lines(diff: Diff) -> list[str]:
    """The difference for a person, one line each and a sum at the end."""
    told = [f"+ {unit.key.code} {unit.name_vi} from {unit.key.valid_from}" for unit in diff.added]
    told += [f"~ {r.unit.code} {r.unit.name_vi} -> {r.name_vi}" for r in diff.renamed]
    told += [f"x {e.unit.code} {e.unit.name_vi} until {e.valid_to or 'further notice'}" for e in diff.ended]
    told += [f"? {key.code} was divided: an address there needs a question" for key in diff.split]
    told.append(
        f"{len(diff.added)} added, {len(diff.renamed)} renamed, {len(diff.ended)} ended,"
        f" {len(diff.unchanged)} unchanged, {len(diff.links)} links,"
        f" {len(diff.split)} split, {len(diff.merged)} merged"
    )
    return told
