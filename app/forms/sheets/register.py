"""Form 07: the register of a centre's local day, the sheet that holds the dossier (sổ theo dõi hồ sơ)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.dossiers.records import SHEET, RegisterRow
from app.dossiers.states import NAMES, Status
from app.forms import wording
from app.forms.queries import Record

RETURNED: Final = {"counter": "Tại quầy", "home": "Tại nhà"}


def register(
    record: Record, line: int, *, lines: Sequence[RegisterRow], length: int, names: Mapping[str, str]
) -> dict[str, Any]:
    """The sheet with the record's `line`. `names` are the procedures' by code, `length` is how many lines
    the day has.
    """
    return {
        "day": wording.day(record.dossier.accepted_at),
        "sheet": (line - 1) // SHEET + 1,
        "sheets": (length - 1) // SHEET + 1,
        "length": length,
        "lines": [_line(row, names) for row in lines],
    }


def _line(row: RegisterRow, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "line": row.line,
        "number": row.number,
        "procedure": _narrow(names.get(row.procedure_code, row.procedure_code)),
        "applicant": _narrow(row.applicant_name),
        "phone": wording.phone(row.applicant_phone),
        "received": wording.short_moment(row.accepted_at),
        "promised": wording.short_moment(row.due_at),
        "ended": wording.short_moment(row.ended_at),
        "returned": wording.short_moment(row.returned_at),
        "how": RETURNED[row.return_mode],
        "status": NAMES[Status(row.status)].vi,
    }


def _narrow(text: str) -> str:
    return wording.printable(text, longest_run=wording.NARROW)
