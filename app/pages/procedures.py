"""What the citizen's pages say of a procedure."""

from datetime import datetime
from typing import Any

from app.core.clock import local_date
from app.procedures import queries as procedures
from app.procedures import rules as procedure_rules
from app.procedures.errors import ProcedureNotFound
from app.procedures.queries import ProcedureRow


def word(vi: str, en: str, language: str) -> str:
    """The one of two texts that is the caller's."""
    return en if language == "en" else vi


async def procedure_of(code: str, now: datetime) -> ProcedureRow:
    """The procedure a form names; raises `ProcedureNotFound`."""
    row = await procedures.by_code(code[:40], on=local_date(now))
    if row is None:
        raise ProcedureNotFound
    return row


def papers_of(row: ProcedureRow, language: str) -> list[dict[str, str]]:
    """What to bring."""
    return [
        {
            "name": word(paper.name_vi, paper.name_en, language),
            "note": word(paper.bring_vi, paper.bring_en, language),
        }
        for paper in row.papers
    ]


def listed(row: ProcedureRow, language: str) -> dict[str, Any]:
    """One line of the list to choose from."""
    sector = procedure_rules.sector_name(row.sector)
    return {
        "code": row.code,
        "name": word(row.name_vi, row.name_en, language),
        "sector_name": sector.in_language(language),
        "minutes": row.p50_minutes,
        "fee": word(row.fee_vi, row.fee_en, language),
        "presence_required": row.presence_required,
        "home_collection": row.home_collection,
        "papers": papers_of(row, language),
    }
