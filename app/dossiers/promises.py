"""Promised dates beside another calendar: named, and never moved (DOMAIN 7.2)."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.core.database import fetch
from app.core.working_calendar import CalendarHorizon, WorkingCalendar
from app.dossiers import rules
from app.dossiers.states import Status
from app.procedures import queries as procedures
from app.procedures.queries import ProcedureRow

OPEN: Final = (
    Status.NEW,
    Status.ACCEPTED,
    Status.PROCESSING,
    Status.SUPPLEMENT,
    Status.FINANCIAL_DUTY,
)


class Promise(NamedTuple):
    """A date as it was promised, and as it would be promised by another calendar."""

    dossier_number: str
    due_at: datetime
    would_be: datetime


async def different_by(
    calendar: WorkingCalendar, *, instead_of: WorkingCalendar, start: datetime, end: datetime
) -> list[Promise]:
    """Promises of open dossiers running at that time that another calendar would give otherwise."""
    rows = await fetch(
        "SELECT number, procedure_code, accepted_at, due_at FROM dossier"
        " WHERE due_at >= $1 AND accepted_at < $2 AND status = ANY($3) ORDER BY due_at, number",
        start,
        end,
        [status.value for status in OPEN],
    )
    terms: dict[tuple[str, date], ProcedureRow | None] = {}
    asked = []
    for number, code, accepted_at, due_at in rows:
        version = (code, local_date(accepted_at))
        if version not in terms:
            terms[version] = await procedures.by_code(code, on=version[1])
        procedure = terms[version]
        if procedure is not None:
            asked.append((number, accepted_at, due_at, procedure))
    # A province has tens of thousands of open dossiers: counting them must not hold up everybody else.
    return await asyncio.to_thread(_compare, asked, calendar, instead_of)


def _compare(
    asked: Sequence[tuple[str, datetime, datetime, ProcedureRow]],
    calendar: WorkingCalendar,
    instead_of: WorkingCalendar,
) -> list[Promise]:
    found = []
    for number, accepted_at, due_at, procedure in asked:
        unit, value = rules.Unit(procedure.processing_unit), procedure.processing_value
        try:
            was, would_be = (
                rules.due_at(accepted_at=accepted_at, value=value, unit=unit, calendar=each)
                for each in (instead_of, calendar)
            )
        except CalendarHorizon:
            continue  # Nobody can say what that year would have given.
        if was != would_be:
            found.append(Promise(number, due_at, due_at + (would_be - was)))
    return found
