"""Cases (vụ việc chênh lệch): opened when something does not balance, closed when it does.

Each is found again by what it is about, so weighing twice opens one case; a case that went away and
came back is a new one.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core import journal
from app.core.database import fetch, fetch_row, in_transaction
from app.core.ids import new_id
from app.core.rows import select
from app.payments import book, queries, rules
from app.payments.rules import CaseKind, Purse, Reason

BALANCED: Final = "balanced"


class CaseRow(NamedTuple):
    """One case as stored. `amount_vnd` is how much is missing, too much, or owed back."""

    id: uuid.UUID
    kind: str
    purse: str
    amount_vnd: int
    day: date
    partner_id: uuid.UUID | None
    courier_id: uuid.UUID | None
    centre_id: uuid.UUID | None
    home_visit_id: uuid.UUID | None
    state: str
    opened_at: datetime
    closed_because: str


class Subject(NamedTuple):
    """What a case is about."""

    key: str
    purse: Purse
    day: date
    partner_id: uuid.UUID | None = None
    courier_id: uuid.UUID | None = None
    centre_id: uuid.UUID | None = None
    home_visit_id: uuid.UUID | None = None


CASE: Final = select(CaseRow, "money_case")


async def weigh_family(family: Sequence[uuid.UUID], *, subject: Subject, now: datetime) -> None:
    """After money moved or a visit ended: too little was taken, or something is owed back.

    The eldest visit gives the case its name, so that it is found again from any other of the dossier.
    """
    bill, purse = await queries.bill_of(*family), subject.purse
    about = subject._replace(key=f"visit:{family[0]}:{purse}")
    over = bill.over(purse)
    if over:
        await _stands(CaseKind.REFUND_OWED, over, about, now=now)
    elif bill.paid.get(purse, 0) and bill.owed(purse):
        await _stands(CaseKind.UNDERPAID, bill.owed(purse), about, now=now)
    else:
        await _ends(about.key, because=BALANCED, now=now)


async def weigh_day(
    courier_id: uuid.UUID, day: date, *, partner_id: uuid.UUID, ended: bool, now: datetime
) -> None:
    """What a courier took against what was handed in.

    Cash of a day nobody handed in yet is no case until the day has `ended`; then it stays one however
    much is reported late.
    """
    for purse in Purse:
        subject = Subject(f"cash:{courier_id}:{day}:{purse}", purse, day, partner_id, courier_id)
        handed_in = bool(
            await in_transaction().fetchval(
                "SELECT 1 FROM cash_entry WHERE courier_id = $1 AND day = $2 AND reason = $3 LIMIT 1",
                courier_id,
                day,
                Reason.REMITTED.value,
            )
        )
        difference = await book.in_hand(courier_id, day, purse)
        kind = rules.case_of_cash(difference, handed_in=handed_in)
        if kind is None:
            await _ends(subject.key, because=BALANCED, now=now)
        elif handed_in or ended or difference < 0:
            await _stands(kind, abs(difference), subject, now=now)
        else:
            await _follows(subject.key, abs(difference))


async def open_once(kind: CaseKind, amount_vnd: int, subject: Subject, *, now: datetime) -> None:
    """A case that only a person can close."""
    await _stands(kind, amount_vnd, subject, now=now)


async def find(case_id: uuid.UUID, *, partner_id: uuid.UUID) -> CaseRow | None:
    row = await fetch_row(f"{CASE} WHERE id = $1 AND partner_id = $2", case_id, partner_id)
    return None if row is None else CaseRow(*row)


async def locked(case_id: uuid.UUID, *, partner_id: uuid.UUID) -> CaseRow | None:
    row = await in_transaction().fetchrow(
        f"{CASE} WHERE id = $1 AND partner_id = $2 FOR UPDATE", case_id, partner_id
    )
    return None if row is None else CaseRow(*row)


async def close(case: CaseRow, *, because: str, now: datetime) -> CaseRow:
    row = await in_transaction().fetchrow(
        "UPDATE money_case SET state = 'closed', closed_at = $2, closed_because = $3"
        f" WHERE id = $1 RETURNING {', '.join(CaseRow._fields)}",
        case.id,
        now,
        because,
    )
    await journal.write("money_case.closed", object_kind="money_case", object_id=case.id, at=now)
    return CaseRow(*row)


async def of_partner(partner_id: uuid.UUID, day: date) -> list[CaseRow]:
    """The cases of a day, also those that were closed."""
    rows = await fetch(f"{CASE} WHERE partner_id = $1 AND day = $2 ORDER BY opened_at, id", partner_id, day)
    return [CaseRow(*row) for row in rows]


async def at_centre(centre_id: uuid.UUID) -> list[CaseRow]:
    """What a centre itself still owes to citizens."""
    rows = await fetch(
        f"{CASE} WHERE centre_id = $1 AND partner_id IS NULL AND state = 'open' ORDER BY opened_at, id",
        centre_id,
    )
    return [CaseRow(*row) for row in rows]


async def of_visit(home_visit_id: uuid.UUID) -> list[CaseRow]:
    rows = await fetch(f"{CASE} WHERE home_visit_id = $1 ORDER BY opened_at, id", home_visit_id)
    return [CaseRow(*row) for row in rows]


async def _stands(kind: CaseKind, amount_vnd: int, subject: Subject, *, now: datetime) -> None:
    row = await in_transaction().fetchrow(
        "INSERT INTO money_case AS known (id, kind, key, purse, amount_vnd, day, partner_id, courier_id,"
        " centre_id, home_visit_id, state, opened_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'open',$11) ON CONFLICT (key) WHERE state = 'open'"
        " DO UPDATE SET kind = EXCLUDED.kind, amount_vnd = EXCLUDED.amount_vnd"
        " RETURNING id, opened_at = $11 AS new",
        new_id(),
        kind.value,
        subject.key,
        subject.purse.value,
        amount_vnd,
        subject.day,
        subject.partner_id,
        subject.courier_id,
        subject.centre_id,
        subject.home_visit_id,
        now,
    )
    if row["new"]:
        await journal.write(f"money_case.{kind}", object_kind="money_case", object_id=row["id"], at=now)


async def _follows(key: str, amount_vnd: int) -> None:
    """A case that is open keeps up with what is reported late."""
    await in_transaction().execute(
        "UPDATE money_case SET amount_vnd = $2 WHERE key = $1 AND state = 'open'", key, amount_vnd
    )


async def _ends(key: str, *, because: str, now: datetime) -> None:
    await in_transaction().execute(
        "UPDATE money_case SET state = 'closed', closed_at = $2, closed_because = $3"
        " WHERE key = $1 AND state = 'open'",
        key,
        now,
        because,
    )
