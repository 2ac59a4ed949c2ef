"""What a file would change in the catalogue: pure, values in, a plan out."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from app.procedures.importing.columns import VERSIONS
from app.procedures.importing.reasons import Reason, Refused
from app.procedures.importing.rows import Wanted, WantedVersion

DAY: Final = timedelta(days=1)


class Version(NamedTuple):
    """A version of a procedure, as stored or as it is to be; `stored` says which."""

    id: uuid.UUID
    key: uuid.UUID
    code: str
    valid_from: date
    valid_to: date | None
    values: Mapping[str, Any]
    papers: tuple[Mapping[str, Any], ...]
    stored: bool = True

    def stands_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


class Plan(NamedTuple):
    """Versions to write, by what happens to them, and the rows that were refused."""

    added: Sequence[Version]
    replaced: Sequence[Version]
    ended: Sequence[Version]
    unchanged: int
    refused: Sequence[Refused]
    called_otherwise: Sequence[tuple[str, str, date]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "added": [_told(version) for version in self.added],
            "replaced": [_told(version) for version in self.replaced],
            "ended": [_told(version) for version in self.ended],
            "codes": [
                {"from": old, "to": new, "on": day.isoformat()} for old, new, day in self.called_otherwise
            ],
            "unchanged": self.unchanged,
            "refused": [each.as_dict() for each in self.refused],
        }


class _Not(Exception):
    def __init__(self, column: str, reason: Reason, **facts: Any) -> None:
        super().__init__(reason)
        self.column, self.reason, self.facts = column, reason, facts


class _Catalogue:
    """The versions as they will be, row by row; what was not stored may still be rearranged freely."""

    def __init__(self, stored: Sequence[Version], *, today: date, new_id: Callable[[], uuid.UUID]) -> None:
        self.today = today
        self.new_id = new_id
        self.before = {version.id: version for version in stored}
        self.versions = dict(self.before)
        self.unchanged = 0

    def of(self, key: uuid.UUID) -> list[Version]:
        return sorted((v for v in self.versions.values() if v.key == key), key=lambda v: v.valid_from)

    def owner(self, code: str) -> uuid.UUID | None:
        """Whose a code is: of the procedure that had it last."""
        named = [version for version in self.versions.values() if version.code == code]
        return max(named, key=lambda version: version.valid_from).key if named else None

    def take(self, row: WantedVersion) -> None:
        """Let a row stand; raises `_Not`."""
        key = self._key(row)
        versions = [] if key is None else self.of(key)
        same = next((each for each in versions if each.valid_from == row.valid_from), None)
        if same is not None:
            self._same(row, same, versions)
            return
        standing = [each for each in versions if each.valid_from < row.valid_from]
        if any(each.stored for each in versions) and row.valid_from <= self.today:
            raise _Not("valid_from", Reason.BEGINS_TOO_SOON)
        if standing and standing[-1].code != row.code and row.replaces is None:
            raise _Not("code", Reason.CODE_SUPERSEDED, code=standing[-1].code)
        end = _end(row, versions)
        if standing and standing[-1].stands_on(row.valid_from):
            self._put(standing[-1]._replace(valid_to=row.valid_from - DAY))
        self._put(
            Version(
                self.new_id(),
                key or self.new_id(),
                row.code,
                row.valid_from,
                end,
                row.values,
                row.papers,
                stored=False,
            )
        )

    def _key(self, row: WantedVersion) -> uuid.UUID | None:
        own = self.owner(row.code)
        if row.replaces is None:
            return own
        former = self.owner(row.replaces)
        if former is None:
            raise _Not("replaces", Reason.REPLACES_NOT_KNOWN, code=row.replaces)
        if own not in (None, former):
            raise _Not("code", Reason.CODE_TAKEN)
        return former

    def _same(self, row: WantedVersion, same: Version, versions: Sequence[Version]) -> None:
        """The version is there: what has begun keeps what it says, and may only be ended."""
        changed = _changes(row, same)
        if changed and same.valid_from <= self.today:
            raise _Not(changed[0], Reason.ALREADY_BEGUN, columns=", ".join(changed))
        if row.valid_to not in (None, same.valid_to):
            if same.valid_to is not None and same.valid_to < self.today:
                raise _Not("valid_to", Reason.ALREADY_ENDED, day=same.valid_to.isoformat())
            if row.valid_to < self.today:
                raise _Not("valid_to", Reason.ENDS_IN_THE_PAST)
            self._put(same._replace(valid_to=_end(row, versions)))
        elif not changed:
            self.unchanged += 1
        if changed:
            self._put(self.versions[same.id]._replace(code=row.code, values=row.values, papers=row.papers))

    def _put(self, version: Version) -> None:
        self.versions[version.id] = version

    def changes(self) -> Iterator[Version]:
        for version in sorted(self.versions.values(), key=lambda v: (v.valid_from, v.code)):
            if version != self.before.get(version.id):
                yield version


def plan_import(
    wanted: Wanted, stored: Sequence[Version], *, today: date, new_id: Callable[[], uuid.UUID]
) -> Plan:
    """Compare a file with what is stored; a row is taken or refused by itself, the earliest day first.

    The last day of a version that has a next one is the day before it, and never before `today`.
    """
    catalogue = _Catalogue(stored, today=today, new_id=new_id)
    refused = list(wanted.refused)
    for row in sorted(wanted.versions, key=lambda each: (each.valid_from, each.row)):
        try:
            catalogue.take(row)
        except _Not as wrong:
            refused.append(Refused(VERSIONS, row.row, wrong.column, wrong.reason, wrong.facts))
    changes = list(catalogue.changes())
    known = {version.id: version for version in stored}
    return Plan(
        added=[each for each in changes if not each.stored],
        replaced=[each for each in changes if each.stored and _says_otherwise(each, known[each.id])],
        ended=[each for each in changes if each.stored and not _says_otherwise(each, known[each.id])],
        unchanged=catalogue.unchanged,
        refused=sorted(refused, key=lambda each: (each.sheet, each.row)),
        called_otherwise=list(_new_codes(catalogue, changes)),
    )


def _new_codes(catalogue: _Catalogue, changes: Sequence[Version]) -> Iterator[tuple[str, str, date]]:
    touched = {version.id for version in changes}
    for key in {version.key for version in changes}:
        for before, after in pairwise(catalogue.of(key)):
            if before.code != after.code and after.id in touched:
                yield before.code, after.code, after.valid_from


def _changes(row: WantedVersion, same: Version) -> list[str]:
    """The columns in which a row and a version differ, apart from the last day."""
    found = [name for name, value in row.values.items() if value != same.values[name]]
    if row.code != same.code:
        found.insert(0, "code")
    if row.papers != same.papers:
        found.append("papers")
    return found


def _says_otherwise(version: Version, before: Version) -> bool:
    return version._replace(valid_to=None) != before._replace(valid_to=None)


def _end(row: WantedVersion, versions: Sequence[Version]) -> date | None:
    following = next((each for each in versions if each.valid_from > row.valid_from), None)
    if following is None:
        return row.valid_to
    if row.valid_to is not None and row.valid_to >= following.valid_from:
        raise _Not("valid_to", Reason.OVERLAPS_THE_NEXT, day=following.valid_from.isoformat())
    return row.valid_to or following.valid_from - DAY


def _told(version: Version) -> dict[str, Any]:
    return {
        "code": version.code,
        "name": version.values["name_vi"],
        "valid_from": version.valid_from.isoformat(),
        "valid_to": None if version.valid_to is None else version.valid_to.isoformat(),
    }
