"""Papers that need not be asked for again (tái sử dụng): what a person's earlier dossiers already hold.

Always true:
- a paper is reused only where the catalogue says it may be (`reusable_from`), for the same person, from
  a clean document that an officer took in or a centre gave out, and that is still valid;
- what is proposed and what is accepted are judged by the same query: nothing becomes reused by being said.

Flags as exchanged (DuocTaiSuDung): 1 from another dossier's component, 2 from a result.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import IntEnum
from typing import Final, NamedTuple

from app.core.clock import at_local, local_date
from app.core.database import fetch
from app.core.text import fold
from app.procedures import queries as procedures
from app.procedures.queries import PaperRow, ProcedureRow

MOST_LOOKED_AT: Final = 200


class Reuse(IntEnum):
    """DuocTaiSuDung."""

    NONE = 0
    COMPONENT = 1
    RESULT = 2


class Person(NamedTuple):
    """Whose papers: by account, by the keyed index of the personal number, or both."""

    citizen_id: uuid.UUID | None
    citizen_no_index: bytes | None


class Earlier(NamedTuple):
    """A clean document of one of the person's dossiers; `component` is None for its result."""

    document_id: uuid.UUID
    kind: str
    component: int | None
    dossier_number: str
    procedure_code: str
    accepted_at: datetime
    issued_at: datetime
    valid_until: date | None


class Proposal(NamedTuple):
    """A paper that is there already; of a result, `result_code` says which (MaKetQuaThayThe)."""

    component: int
    document_id: uuid.UUID
    reuse: Reuse
    result_code: str | None
    dossier_number: str
    issued_at: datetime
    valid_until: date | None


# A document that was coded with a last day is used until then. What a citizen put into the store by
# themselves is in no dossier, and so is never taken for a paper somebody checked.
EARLIER: Final = """
SELECT * FROM (
    SELECT d.result_document_id AS document_id, o.kind, NULL::smallint AS component, d.number,
           d.procedure_code, d.accepted_at, d.completed_at AS issued_at, c.valid_until
      FROM dossier d JOIN document o ON o.id = d.result_document_id
      LEFT JOIN document_coding c ON c.document_id = o.id
     WHERE (d.citizen_id = $1 OR d.citizen_no_index = $2) AND d.status IN (9, 10) AND o.state = 'clean'
    UNION ALL
    SELECT p.document_id, o.kind, p.component, d.number, d.procedure_code, d.accepted_at, d.accepted_at,
           c.valid_until
      FROM dossier d JOIN dossier_component p ON p.dossier_id = d.id
      JOIN document o ON o.id = p.document_id
      LEFT JOIN document_coding c ON c.document_id = o.id
     WHERE (d.citizen_id = $1 OR d.citizen_no_index = $2) AND d.status NOT IN (1, 3) AND o.state = 'clean'
) held
 WHERE valid_until IS NULL OR valid_until >= $3
 ORDER BY issued_at DESC, document_id LIMIT $4
"""


# What was taken from old files, by the personal number alone: an account is not proved to be a person's.
# A result stands for a paper by its code, a paper by its own; there is no dossier of ours to ask.
FROM_OLD_FILES: Final = """
SELECT b.document_id, o.kind, c.code, b.dossier_number, c.issued_on, b.imported_at, c.valid_until
  FROM backfile_paper b JOIN document o ON o.id = b.document_id
  JOIN document_coding c ON c.document_id = o.id
 WHERE b.owner_index = $1 AND o.state = 'clean' AND (c.valid_until IS NULL OR c.valid_until >= $2)
 ORDER BY c.issued_on DESC NULLS LAST, b.document_id LIMIT $3
"""


async def proposals(procedure: ProcedureRow, person: Person, *, now: datetime) -> list[Proposal]:
    """Every document that may stand for a paper of the procedure, the newest first for each paper."""
    if person == Person(None, None):
        return []
    rows = await fetch(EARLIER, person.citizen_id, person.citizen_no_index, local_date(now), MOST_LOOKED_AT)
    versions: dict[tuple[str, date], ProcedureRow | None] = {}
    found: list[Proposal] = []
    for row in rows:
        earlier = Earlier(*row)
        key = (earlier.procedure_code, local_date(earlier.accepted_at))
        if key not in versions:
            versions[key] = await procedures.by_code(key[0], on=key[1])
        version = versions[key]
        if version is not None:
            found += matches(procedure.papers, earlier, version)
    if person.citizen_no_index is not None:
        found += await _from_old_files(procedure.papers, person.citizen_no_index, now=now)
    unique = {(each.component, each.document_id): each for each in reversed(found)}
    return sorted(unique.values(), key=lambda p: (p.component, -p.issued_at.timestamp(), p.document_id))


async def _from_old_files(papers: Sequence[PaperRow], index: bytes, *, now: datetime) -> list[Proposal]:
    rows = await fetch(FROM_OLD_FILES, index, local_date(now), MOST_LOOKED_AT)
    return [
        Proposal(
            place,
            row["document_id"],
            Reuse.RESULT if row["kind"] == "result" else Reuse.COMPONENT,
            row["code"] if row["kind"] == "result" else None,
            row["dossier_number"],
            row["imported_at"] if row["issued_on"] is None else at_local(row["issued_on"], 0),
            row["valid_until"],
        )
        for row in rows
        for place, paper in enumerate(papers, 1)
        if paper.reusable_from is not None
        and row["code"] == (paper.replaced_by if row["kind"] == "result" else paper.code)
    ]


def matches(papers: Sequence[PaperRow], earlier: Earlier, version: ProcedureRow) -> Iterator[Proposal]:
    """The papers an earlier document may stand for; `version` is what its dossier was accepted under."""
    for place, paper in enumerate(papers, 1):
        if paper.reusable_from is not None and _stands_for(paper, earlier, version):
            # A result that stood for a paper once is still a result.
            result = earlier.kind == "result"
            yield Proposal(
                place,
                earlier.document_id,
                Reuse.RESULT if result else Reuse.COMPONENT,
                paper.replaced_by if result else None,
                earlier.dossier_number,
                earlier.issued_at,
                earlier.valid_until,
            )


def _stands_for(paper: PaperRow, earlier: Earlier, version: ProcedureRow) -> bool:
    if earlier.component is None:
        return version.result_code is not None and paper.replaced_by == version.result_code
    handed_in = version.papers[earlier.component - 1 : earlier.component]
    return any(same_paper(each, paper) for each in handed_in)


def same_paper(one: PaperRow, other: PaperRow) -> bool:
    """By code where both have one, else by name without its marks."""
    if one.code is not None and other.code is not None:
        return one.code == other.code
    return fold(one.name_vi) == fold(other.name_vi)
