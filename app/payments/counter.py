"""What is paid at the counter for a dossier (thu phí, lệ phí tại quầy): taken, waived, or taken back.

The state's money and the post's are apart (Decision 45/2016/QĐ-TTg, art. 11). A receipt number is given
once at a centre, also when what it stood for was taken back.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core import journal, outbox
from app.core.actor import current_actor
from app.core.clock import local_date
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.core.rows import select
from app.dossiers import queries as dossiers
from app.dossiers.queries import DossierRow
from app.payments import queries
from app.payments.errors import FeeNotFound, FeeTakenBack, GroupUnknown, ReceiptReused
from app.payments.events import DossierFeesChanged
from app.payments.rules import Purse, read_receipt
from app.procedures import queries as procedures

GIVE: Final = """
INSERT INTO receipt (issuer_id, number, dossier_id, purse, amount_vnd, at, series, serial, day)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) ON CONFLICT DO NOTHING RETURNING 1
"""
KEEP: Final = """
INSERT INTO counter_fee (id, dossier_id, centre_id, purse, amount_vnd, receipt, exemption, day, taken_at,
    officer_id)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
"""


class FeeRow(NamedTuple):
    """One line: money with its receipt, or an exemption without money. In đồng."""

    id: uuid.UUID
    dossier_id: uuid.UUID
    centre_id: uuid.UUID
    purse: str
    amount_vnd: int
    receipt: str
    exemption: str
    day: date
    taken_at: datetime
    voided_at: datetime | None
    void_because: str


async def of_dossier(dossier_id: uuid.UUID) -> Sequence[FeeRow]:
    """Every line, the oldest first; those taken back too."""
    rows = await fetch(
        f"{select(FeeRow, 'counter_fee')} WHERE dossier_id = $1 ORDER BY taken_at, id", dossier_id
    )
    return [FeeRow(*row) for row in rows]


@operation
async def take_fee(
    *, number: str, centre_id: uuid.UUID, purse: Purse, amount_vnd: int, receipt: str, now: datetime
) -> FeeRow:
    """Money was taken and a receipt given. Raises `DossierNotFound`, `ReceiptReused`."""
    file = await dossiers.at_centre(number, centre_id=centre_id)
    line = _line(file.dossier, centre_id, purse, now=now)._replace(amount_vnd=amount_vnd, receipt=receipt)
    await _give(line)
    await _tell(file.dossier, now=now)
    return await _keep(line, "fee.taken", {"amount_vnd": amount_vnd, "receipt": receipt})


@operation
async def waive_fee(
    *, number: str, centre_id: uuid.UUID, purse: Purse, group: str, now: datetime
) -> FeeRow:
    """Nothing is taken, because of a group whose paper was shown, or of the procedure's own.

    Raises `DossierNotFound`, `GroupUnknown` (none of that code holds for this dossier today).
    """
    file = await dossiers.at_centre(number, centre_id=centre_id)
    today = local_date(now)
    known = [e for e in await queries.exemptions(on=today) if e.code == group and e.purse == purse]
    procedure = await procedures.by_code(
        file.dossier.procedure_code, on=local_date(file.dossier.accepted_at)
    )
    if procedure is None or not any(
        e.covers(sector=procedure.sector, procedure_code=procedure.code) for e in known
    ):
        raise GroupUnknown
    line = _line(file.dossier, centre_id, purse, now=now)._replace(exemption=group)
    return await _keep(line, "fee.waived", {"group": group})


@operation
async def take_back(
    *, number: str, centre_id: uuid.UUID, fee_id: uuid.UUID, because: str, now: datetime
) -> FeeRow:
    """The line was a mistake, or the money was given back; it stays to be read, and so does its reason.

    Raises `DossierNotFound`, `FeeNotFound`, `FeeTakenBack`.
    """
    file = await dossiers.at_centre(number, centre_id=centre_id)
    row = await in_transaction().fetchrow(
        f"{select(FeeRow, 'counter_fee')} WHERE id = $1 AND dossier_id = $2 AND centre_id = $3 FOR UPDATE",
        fee_id,
        file.dossier.id,
        centre_id,
    )
    if row is None:
        raise FeeNotFound
    if row["voided_at"] is not None:
        raise FeeTakenBack
    await in_transaction().execute(
        "UPDATE counter_fee SET voided_at = $2, voided_by = $3, void_because = $4 WHERE id = $1",
        fee_id,
        now,
        current_actor.get().id,
        because,
    )
    await journal.write(
        "fee.taken_back",
        object_kind="dossier",
        object_id=file.dossier.id,
        at=now,
        detail={"fee": str(fee_id)},
    )
    await _tell(file.dossier, now=now)
    return FeeRow(*row)._replace(voided_at=now, void_because=because)


def _line(dossier: DossierRow, centre_id: uuid.UUID, purse: Purse, *, now: datetime) -> FeeRow:
    """Nothing yet, of this purse."""
    return FeeRow(
        new_id(), dossier.id, centre_id, purse.value, 0, "", "", local_date(now), now, None, ""
    )  # fmt: skip


async def _tell(dossier: DossierRow, *, now: datetime) -> None:
    await outbox.record(
        DossierFeesChanged(
            dossier_id=dossier.id,
            dossier_number=dossier.number,
            centre_id=dossier.centre_id,
            procedure_code=dossier.procedure_code,
            version=dossier.version,
            occurred_at=now,
        )
    )


async def _give(line: FeeRow) -> None:
    """The number is this payment's from here on. Raises `ReceiptReused`."""
    serial = read_receipt(line.receipt)
    given = await in_transaction().fetchval(
        GIVE,
        line.centre_id,
        line.receipt,
        line.dossier_id,
        line.purse,
        line.amount_vnd,
        line.taken_at,
        serial.series if serial else None,
        serial.number if serial else None,
        line.day,
    )
    if given is None:
        raise ReceiptReused


async def _keep(line: FeeRow, action: str, detail: dict[str, object]) -> FeeRow:
    await in_transaction().execute(KEEP, *line[:9], current_actor.get().id)
    await journal.write(
        action,
        object_kind="dossier",
        object_id=line.dossier_id,
        at=line.taken_at,
        detail={"fee": str(line.id), "purse": line.purse, **detail},
    )
    return line
