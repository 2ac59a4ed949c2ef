"""What is exchanged of a dossier with systems outside: the national portal, and the registries.

One read, whole and current. It carries personal data: it goes into one request and is stored nowhere.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.database import fetch, fetch_row
from app.core.keys import keys
from app.dossiers.errors import DossierNotFound
from app.dossiers.states import Status
from app.procedures import queries as procedures
from app.procedures.queries import PaperRow

# Where processing ends for the national score (DOMAIN: on-time rule); the first of them counts, unless a
# correction took it back.
ENDED: Final = frozenset(
    {Status.DONE, Status.STOPPED, Status.NOT_ACCEPTED, Status.WITHDRAWN, Status.RETURNED}
)


class Step(NamedTuple):
    """One change of status, and who made it as the public may read it."""

    status: Status
    at: datetime
    by: str


class Paper(NamedTuple):
    """One paper that was handed in, or was there already: `reuse`, `from_national_store` and `result_code`
    are DuocTaiSuDung, DuocLayTuKhoDMQG and MaKetQuaThayThe.
    """

    position: int
    code: str | None
    name: str
    originals: int
    certified_copies: int
    copies: int
    digitised: bool
    reuse: int = 0
    from_national_store: bool = False
    result_code: str | None = None


class Supplement(NamedTuple):
    """A request for what is missing, when it was complete, and the promised moments around it."""

    asked_at: datetime
    received_at: datetime | None
    previous_due_at: datetime | None
    due_at: datetime | None


class PaidFee(NamedTuple):
    """A state fee that was paid at the counter and not given back, in đồng."""

    receipt: str
    amount_vnd: int


class Exchanged(NamedTuple):
    """A dossier as others are told it; `steps` are in order and never empty."""

    id: uuid.UUID
    number: str
    procedure_code: str
    procedure_name: str
    sector: str
    centre_name: str
    channel: str
    return_mode: str
    applicant_name: str
    applicant_phone: str | None
    citizen_number: str | None
    tax_code: str | None
    accepted_at: datetime
    due_at: datetime | None
    returned_at: datetime | None
    result_name: str
    result_code: str | None
    has_result: bool
    papers: Sequence[Paper]
    steps: Sequence[Step]
    supplements: Sequence[Supplement] = ()
    fees: Sequence[PaidFee] = ()
    competent_name: str = ""

    @property
    def decided_by(self) -> str:
        """The centre that decides it: the receiving one unless another is named."""
        return self.competent_name or self.centre_name

    @property
    def ended_at(self) -> datetime | None:
        """When processing ended, for the score."""
        ended: datetime | None = None
        for step in self.steps:
            ended = (ended or step.at) if step.status in ENDED else None
        return ended

    @property
    def statuses(self) -> list[int]:
        return [step.status.value for step in self.steps]


async def load(dossier_id: uuid.UUID) -> Exchanged:
    """The dossier now. Raises `DossierNotFound`."""
    row = await fetch_row("SELECT * FROM dossier WHERE id = $1", dossier_id)
    if row is None:
        raise DossierNotFound
    procedure = await procedures.by_code(row["procedure_code"], on=local_date(row["accepted_at"]))
    centre = await centres.any_centre(row["centre_id"])
    competent = row["competent_centre_id"]
    sealed = row["citizen_no_sealed"]
    return Exchanged(
        id=dossier_id,
        number=row["number"],
        procedure_code=row["procedure_code"],
        procedure_name=procedure.name_vi if procedure else row["procedure_code"],
        sector=procedure.sector if procedure else "",
        centre_name=centre.name_vi,
        channel=row["channel"],
        return_mode=row["return_mode"],
        applicant_name=row["applicant_name"],
        applicant_phone=row["applicant_phone"],
        citizen_number=None if sealed is None else _opened(sealed, dossier_id),
        tax_code=row["tax_code"],
        accepted_at=row["accepted_at"],
        due_at=row["due_at"],
        returned_at=row["returned_at"],
        result_name=procedure.result_vi if procedure else "",
        result_code=procedure.result_code if procedure else None,
        has_result=row["result_document_id"] is not None,
        papers=await _papers(dossier_id, () if procedure is None else procedure.papers),
        steps=await _steps(dossier_id, centre.name_vi),
        supplements=await _supplements(dossier_id),
        competent_name="" if competent is None else (await centres.any_centre(competent)).name_vi,
    )


def _opened(sealed: bytes, dossier_id: uuid.UUID) -> str:
    place = f"dossier|citizen_no_sealed|{dossier_id}"
    return keys().fields.decrypt(sealed, place=place).decode()


async def _papers(dossier_id: uuid.UUID, listed: Sequence[PaperRow]) -> list[Paper]:
    rows = await fetch(
        "SELECT component, originals, certified_copies, copies, document_id IS NOT NULL, reuse,"
        " from_national_store, result_code FROM dossier_component WHERE dossier_id = $1 ORDER BY component",
        dossier_id,
    )
    known = {paper.position: (paper.code, paper.name_vi) for paper in listed}
    return [Paper(row[0], *known.get(row[0], (None, str(row[0]))), *row[1:]) for row in rows]


async def _supplements(dossier_id: uuid.UUID) -> list[Supplement]:
    rows = await fetch(
        "SELECT began_at, ended_at, previous_due_at, due_at FROM dossier_pause"
        " WHERE dossier_id = $1 AND status = $2 ORDER BY began_at, id",
        dossier_id,
        Status.SUPPLEMENT.value,
    )
    return [Supplement(*row) for row in rows]


async def _steps(dossier_id: uuid.UUID, centre_name: str) -> list[Step]:
    """Whoever is no officer of ours acts for the centre."""
    rows = await fetch(
        "SELECT e.status, e.at, coalesce(o.name, $2) AS by FROM dossier_event e"
        " LEFT JOIN officer o ON e.actor_kind = 'officer' AND o.id::text = e.actor_id"
        " WHERE e.dossier_id = $1 ORDER BY e.at, e.id",
        dossier_id,
        centre_name,
    )
    return [Step(Status(row["status"]), row["at"], row["by"]) for row in rows]
