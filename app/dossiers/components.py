"""The papers of a dossier (thành phần hồ sơ): what may be attached, and what was there already."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.core.citizen_numbers import validate_citizen_number
from app.core.crypto import blind_index
from app.core.database import fetch, in_transaction
from app.core.keys import keys
from app.documents import queries as documents
from app.documents.reading import Purpose, note_read
from app.documents.steps import name_documents
from app.dossiers.errors import CitizenNumberNotAccepted, NotReusable, UnknownComponent
from app.dossiers.reuse import Person, Proposal, Reuse, proposals
from app.procedures.queries import ProcedureRow


class Component(NamedTuple):
    """One paper handed in; `component` is its place in the procedure's published list, from 1.

    `from_national_store`: an officer took it from the person's national store, under `result_code`.
    """

    component: int
    originals: int
    certified_copies: int
    copies: int
    document_id: uuid.UUID | None
    from_national_store: bool = False
    result_code: str | None = None


class Flags(NamedTuple):
    """DuocTaiSuDung, DuocLayTuKhoDMQG and MaKetQuaThayThe of a component, as exchanged."""

    reuse: Reuse = Reuse.NONE
    from_national_store: bool = False
    result_code: str | None = None


class ComponentRow(NamedTuple):
    """A component as stored."""

    component: int
    originals: int
    certified_copies: int
    copies: int
    document_id: uuid.UUID | None
    reuse: int
    from_national_store: bool
    result_code: str | None

    @property
    def local_state(self) -> int:
        """0 not digitised, 1 digitised, 2 reused from a component, 3 reused from a result."""
        return 1 + self.reuse if self.reuse or self.document_id else 0


async def check_components(
    components: Sequence[Component],
    procedure: ProcedureRow,
    centre_id: uuid.UUID,
    package_id: uuid.UUID | None,
    person: Person,
    *,
    now: datetime,
) -> Mapping[int, Flags]:
    """What is reused, by component.

    Places of the published list only, each once. An attached document is one of the person's that may be
    reused, or a scan that is clean and here. Raises `UnknownComponent`, `NotReusable`, `DocumentNotFound`,
    `DocumentNotClean`.
    """
    places = [component.component for component in components]
    if len(set(places)) != len(places) or any(not 1 <= place <= len(procedure.papers) for place in places):
        raise UnknownComponent
    held: dict[tuple[int, uuid.UUID], Proposal] = {}
    if any(component.document_id is not None for component in components):
        found = await proposals(procedure, person, now=now)
        held = {(each.component, each.document_id): each for each in found}
    flags = {}
    for component in components:
        flags[component.component] = await _judged(component, procedure, held, centre_id, package_id)
    return flags


async def _judged(
    component: Component,
    procedure: ProcedureRow,
    held: Mapping[tuple[int, uuid.UUID], Proposal],
    centre_id: uuid.UUID,
    package_id: uuid.UUID | None,
) -> Flags:
    if component.from_national_store:
        paper = procedure.papers[component.component - 1]
        if paper.reusable_from is None or component.result_code is None:
            raise NotReusable(component=component.component)
        return Flags(Reuse.RESULT, from_national_store=True, result_code=component.result_code)
    if component.document_id is None:
        return Flags()
    proposal = held.get((component.component, component.document_id))
    if proposal is not None:
        return Flags(proposal.reuse, result_code=proposal.result_code)
    document = await documents.by_id(component.document_id)
    if package_id is None or document.partner_id is None:
        document = await documents.clean_at_centre(component.document_id, centre_id=centre_id)
    # A result that was given to somebody is no scan of a paper handed in now.
    if document.kind == "result":
        raise NotReusable(component=component.component)
    return Flags()


async def keep_components(
    dossier_id: uuid.UUID,
    number: str,
    components: Sequence[Component],
    flags: Mapping[int, Flags],
    *,
    citizen_id: uuid.UUID | None,
    now: datetime,
) -> None:
    """With the dossier that names them. A scan comes into its person's store, each reuse is noted there.

    Raises `DocumentNotFound` for one that was removed meanwhile.
    """
    attached = {each.document_id for each in components if each.document_id is not None}
    await name_documents(attached, owner_id=citizen_id, at=now)
    for component in components:
        if component.document_id is not None and flags[component.component].reuse is not Reuse.NONE:
            await note_read(component.document_id, purpose=Purpose.REUSE, dossier_number=number, at=now)
    await in_transaction().executemany(
        "INSERT INTO dossier_component (dossier_id, component, originals, certified_copies, copies,"
        " document_id, reuse, from_national_store, result_code) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
        [(dossier_id, *component[:5], *flags[component.component]) for component in components],
    )


async def of_dossier(dossier_id: uuid.UUID) -> Sequence[ComponentRow]:
    """In the order of the published list."""
    rows = await fetch(
        f"SELECT {', '.join(ComponentRow._fields)} FROM dossier_component WHERE dossier_id = $1"
        " ORDER BY component",
        dossier_id,
    )
    return [ComponentRow(*row) for row in rows]


def citizen_index(citizen_number: str | None) -> bytes | None:
    """Where a personal number is found, without the number; raises `CitizenNumberNotAccepted`."""
    if citizen_number is None:
        return None
    try:
        number = validate_citizen_number(citizen_number)
    except ValueError:
        raise CitizenNumberNotAccepted from None
    return blind_index(keys().index, "citizen_number", number)
