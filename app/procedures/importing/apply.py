"""Bringing the catalogue up to date: what is stored, what a file would change, and writing it."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.rows import select
from app.procedures import steps
from app.procedures.importing import sheet
from app.procedures.importing.columns import COLUMNS, PAPERS, VERSIONS
from app.procedures.importing.plan import DAY, Plan, Version, plan_import
from app.procedures.importing.rows import ASIDE, OF_THE_VERSION, Wanted, understand
from app.procedures.queries import searchable
from app.procedures.steps import PaperRecord, ProcedureRecord

OF_A_VERSION: Final = [column.name for column in COLUMNS[VERSIONS] if column.name not in ASIDE]
OF_A_PAPER: Final = [column.name for column in COLUMNS[PAPERS] if column.name not in OF_THE_VERSION]


async def stored_versions() -> list[Version]:
    """The whole catalogue, every version with its papers."""
    papers: dict[Any, list[dict[str, Any]]] = {}
    for row in await fetch(f"{select(PaperRecord, 'procedure_paper')} ORDER BY procedure_id, position"):
        papers.setdefault(row["procedure_id"], []).append({name: row[name] for name in OF_A_PAPER})
    versions = []
    for row in await fetch(select(ProcedureRecord, "procedure")):
        values = {name: row[name] for name in OF_A_VERSION}
        if values["form_schema"] is not None:
            values["form_schema"] = msgspec.json.decode(values["form_schema"])
        versions.append(
            Version(
                row["id"],
                row["key"],
                row["code"],
                row["valid_from"],
                row["valid_to"],
                values,
                tuple(papers.get(row["id"], ())),
            )
        )
    return versions


async def import_file(path: Path, *, apply: bool, now: datetime) -> Plan:
    """Read a file and plan; write the plan only when asked to. The plan is what comes back.

    Raises `CatalogueFileNotValid` for a file that cannot be read at all.
    """
    wanted = understand(sheet.read(path))
    if apply:
        return await apply_import(wanted=wanted, now=now)
    return plan_import(wanted, await stored_versions(), today=local_date(now), new_id=new_id)


@operation
async def apply_import(*, wanted: Wanted, now: datetime) -> Plan:
    """Plan against the catalogue as it is now, and write it; two imports come one after the other.

    Offers follow their procedure: under its new code from that day on with the centre's own times, and
    nowhere once it is abolished.
    """
    # Readers are not kept waiting, another import is.
    await in_transaction().execute("LOCK TABLE procedure IN SHARE ROW EXCLUSIVE MODE")
    plan = plan_import(wanted, await stored_versions(), today=local_date(now), new_id=new_id)
    changes = [*plan.ended, *plan.replaced, *plan.added]
    # Ends before beginnings, so that the day of a new version is free.
    for some in (plan.ended, plan.replaced, plan.added):
        await steps.put_procedures(_record(version) for version in some)
    for version in (*plan.replaced, *plan.added):
        await steps.replace_papers(version.id, _papers(version))
    for old, new, day in plan.called_otherwise:
        await steps.carry_offers(old, new, first=day)
    for version in plan.ended:
        if version.valid_to is not None and not _follows(version, changes):
            await steps.end_offers(version.code, last=version.valid_to)
    if changes:
        await journal.write(
            "procedures.imported",
            object_kind="catalogue",
            object_id=str(local_date(now)),
            at=now,
            detail={
                "added": len(plan.added),
                "replaced": len(plan.replaced),
                "ended": len(plan.ended),
                "refused": len(plan.refused),
            },
        )
    return plan


def _follows(version: Version, changes: list[Version]) -> bool:
    """Whether another version begins when this one ends."""
    ends: date | None = version.valid_to
    return ends is not None and any(
        each.key == version.key and each.valid_from == ends + DAY for each in changes
    )


def _record(version: Version) -> ProcedureRecord:
    values = dict(version.values)
    return ProcedureRecord(
        id=version.id,
        key=version.key,
        code=version.code,
        folded=searchable(values["name_vi"], values["name_en"], version.code),
        code_is_local=".H" in version.code or ".G" in version.code,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        **values,
    )


def _papers(version: Version) -> list[PaperRecord]:
    return [PaperRecord(id=new_id(), procedure_id=version.id, **paper) for paper in version.papers]
