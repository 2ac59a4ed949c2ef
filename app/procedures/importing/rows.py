"""What a spreadsheet's rows say: each cell judged by its column, each row with the papers it lists."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from app.procedures.importing.columns import COLUMNS, PAPERS, VERSIONS, NotTaken
from app.procedures.importing.reasons import Reason, Refused

Cells = Mapping[str, Any]
# A code and the first day tell two versions of a file apart.
Key = tuple[str, date]


class Line(NamedTuple):
    """A row of a sheet as the spreadsheet counts, from 1, and its cells by column."""

    row: int
    cells: Cells


class WantedVersion(NamedTuple):
    """One version as the file says it should be; `values` and each of `papers` by column."""

    row: int
    code: str
    replaces: str | None
    valid_from: date
    valid_to: date | None
    values: Mapping[str, Any]
    papers: tuple[Mapping[str, Any], ...]


class Wanted(NamedTuple):
    """What could be read of a file, and what could not."""

    versions: Sequence[WantedVersion]
    refused: Sequence[Refused]


class _Papers(NamedTuple):
    """The papers of each version by their place, and the first row that was refused of those with one."""

    listed: dict[Key, dict[int, Line]]
    refused: dict[Key, int]


ASIDE: Final = frozenset({"code", "replaces", "valid_from", "valid_to"})
OF_THE_VERSION: Final = frozenset({"procedure", "valid_from"})


def understand(sheets: Mapping[str, Iterable[Line]]) -> Wanted:
    """Every row that says something possible, papers with their version."""
    refused: list[Refused] = []
    lines = list(sheets[VERSIONS])
    versions = _versions(lines, refused)
    # A row that is refused is still whose papers these are.
    named = {_key(line, VERSIONS, "code") for line in lines}
    papers = _papers(sheets[PAPERS], named, refused)
    taken = []
    for key, (row, values) in versions.items():
        if key in papers.refused:
            refused.append(
                Refused(VERSIONS, row, "code", Reason.PAPER_REFUSED, {"row": papers.refused[key]})
            )
            continue
        listed = papers.listed.get(key, {})
        taken.append(
            WantedVersion(
                row,
                values["code"],
                values["replaces"],
                values["valid_from"],
                values["valid_to"],
                {name: value for name, value in values.items() if name not in ASIDE},
                tuple(_paper(listed[position].cells) for position in sorted(listed)),
            )
        )
    return Wanted(taken, refused)


def _paper(values: Cells) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in OF_THE_VERSION}


def _versions(lines: Iterable[Line], refused: list[Refused]) -> dict[Key, tuple[int, dict[str, Any]]]:
    found: dict[Key, tuple[int, dict[str, Any]]] = {}
    for line in lines:
        values = _read(VERSIONS, line, refused)
        if values is None:
            continue
        wrong = _contradiction(values)
        key = (values["code"], values["valid_from"])
        if wrong is not None:
            refused.append(Refused(VERSIONS, line.row, *wrong))
        elif key in found:
            first = found[key][0]
            refused.append(Refused(VERSIONS, line.row, "code", Reason.TWICE_IN_FILE, {"row": first}))
        else:
            found[key] = (line.row, values)
    return found


def _contradiction(values: Mapping[str, Any]) -> tuple[str, Reason] | None:
    if values["p90_minutes"] < values["p50_minutes"]:
        return "p90_minutes", Reason.P90_BELOW_P50
    if values["valid_to"] is not None and values["valid_to"] < values["valid_from"]:
        return "valid_to", Reason.ENDS_BEFORE_IT_BEGINS
    return None


def _papers(lines: Iterable[Line], named: Collection[Key | None], refused: list[Refused]) -> _Papers:
    found = _Papers({}, {})
    for line in lines:
        before = len(refused)
        key = _key(line, PAPERS, "procedure")
        values = _read(PAPERS, line, refused)
        if values is not None and key is not None:
            listed = found.listed.setdefault(key, {})
            first = listed.get(values["position"])
            if key not in named:
                refused.append(Refused(PAPERS, line.row, "procedure", Reason.NO_SUCH_VERSION))
            elif first is not None:
                refused.append(
                    Refused(PAPERS, line.row, "position", Reason.TWICE_IN_FILE, {"row": first.row})
                )
            else:
                listed[values["position"]] = Line(line.row, values)
        if len(refused) > before and key is not None:
            found.refused.setdefault(key, line.row)
    return found


def _key(line: Line, sheet: str, code: str) -> Key | None:
    """Which version a row is about, as far as its cells can be read."""
    known = {column.name: column for column in COLUMNS[sheet]}
    try:
        return known[code].read(line.cells[code]), known["valid_from"].read(line.cells["valid_from"])
    except NotTaken:
        return None


def _read(sheet: str, line: Line, refused: list[Refused]) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    before = len(refused)
    for column in COLUMNS[sheet]:
        try:
            values[column.name] = column.read(line.cells[column.name])
        except NotTaken as wrong:
            refused.append(Refused(sheet, line.row, column.name, wrong.reason, wrong.facts))
    return values if len(refused) == before else None
