"""What a home visit does with money inside its own operation: charge, take, free, let go."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from app.core import journal
from app.core.database import in_transaction
from app.core.ids import new_id
from app.payments import book, cases, queries, receipts, rules
from app.payments.book import About, Account
from app.payments.cases import Subject
from app.payments.errors import AmountDiffers, NothingOwed, NothingToRefund, ReceiptReused
from app.payments.receipts import Payment
from app.payments.rules import CaseKind, ChargeState, Holder, Purse, Reason, Taken
from app.procedures.queries import ProcedureRow

# What a courier is told of money that was booked and is not as it should be; or a `CaseKind`, of a receipt.
AMOUNT_DIFFERS: Final = "amount_differs"
WAIVER_UNKNOWN: Final = "waiver_unknown"


class Money(NamedTuple):
    """What somebody took at a visit. `family` are the visits of one dossier, eldest first: what was not
    paid when the papers were fetched is owed when the result is brought.
    """

    visit_id: uuid.UUID
    family: Sequence[uuid.UUID]
    purse: Purse
    amount_vnd: int
    receipt: str
    day: date
    centre_id: uuid.UUID
    event_id: uuid.UUID | None = None


class Booked(NamedTuple):
    """The entry of the book, none for what was booked before; and a stable code of what is wrong."""

    entry_id: uuid.UUID | None
    wrong: str | None


class Bearer(NamedTuple):
    """The courier who took it, of which partner."""

    courier_id: uuid.UUID
    partner_id: uuid.UUID


async def charge(
    home_visit_id: uuid.UUID,
    *,
    kind: str,
    procedures: Sequence[ProcedureRow],
    with_fees: bool,
    fee_is_known: bool = True,
    km: float,
    on: date,
    now: datetime,
) -> None:
    """What a visit will cost, as the catalogue and the tariff stand on the day it is promised."""
    exemptions = await queries.exemptions(on=on)
    if with_fees:
        for procedure in procedures:
            free = rules.exempt_by_itself(exemptions, Purse.STATE, procedure)
            amount = procedure.fee_vnd if fee_is_known or not procedure.fee_vnd else None
            await _line(home_visit_id, Purse.STATE, procedure.code, amount, procedure.decision, free, now)
    tariff = rules.tariff_for(await queries.tariffs(kind, on=on), km=km)
    if tariff is not None:
        free = rules.postage_exempt(exemptions, procedures)
        await _line(home_visit_id, Purse.POSTAGE, "", tariff.amount_vnd, tariff.decision, free, now)


async def take_at_door(money: Money, bearer: Bearer, *, now: datetime) -> Booked:
    """Book what a courier took; a stable code when something about it is not as it should be.

    The money is in the bag whatever is wrong with it, so it is booked in any case: a wrong amount opens a
    case, and so does a receipt that was used, is void, or is not of a book of the courier's. Only the same
    receipt for the same money again is one payment told twice.
    """
    await book.hold_family(money.family[0])
    await book.hold_day(bearer.courier_id, money.day)
    used = await receipts.use(_payment(money, bearer.partner_id, bearer.courier_id), now=now)
    if used.again:
        return Booked(None, used.wrong)
    await _assess(money)
    bill = await queries.bill_of(*money.family)
    right = money.amount_vnd == bill.owed(money.purse)
    is_its_own = used.wrong is not CaseKind.RECEIPT_REUSED
    entry_id = await book.move(
        money.amount_vnd,
        purse=money.purse,
        giver=Account(Holder.CITIZEN, money.visit_id),
        receiver=Account(Holder.COURIER, bearer.courier_id),
        reason=Reason.COLLECTED,
        about=About(
            day=money.day,
            partner_id=bearer.partner_id,
            courier_id=bearer.courier_id,
            centre_id=money.centre_id,
            home_visit_id=money.visit_id,
            receipt=used.number if is_its_own else None,
            reference="" if is_its_own else used.number,
            event_id=money.event_id,
        ),
        now=now,
    )
    subject = Subject(
        f"receipt:{bearer.partner_id}:{used.number}:{money.event_id}",
        money.purse,
        money.day,
        bearer.partner_id,
        bearer.courier_id,
        money.centre_id,
        money.visit_id,
    )
    if used.wrong is not None:
        await cases.open_once(used.wrong, money.amount_vnd, subject, now=now)
    await cases.weigh_family(money.family, subject=subject, now=now)
    await cases.weigh_day(bearer.courier_id, money.day, partner_id=bearer.partner_id, ended=False, now=now)
    return Booked(entry_id, used.wrong or (None if right else AMOUNT_DIFFERS))


def _payment(money: Money, issuer_id: uuid.UUID, courier_id: uuid.UUID | None) -> Payment:
    return Payment(
        issuer_id, money.receipt, money.visit_id, courier_id, money.purse, money.amount_vnd, money.day
    )


async def free(
    visit_id: uuid.UUID,
    family: Sequence[uuid.UUID],
    *,
    purse: Purse,
    code: str,
    sectors: Mapping[str, str],
    centre_id: uuid.UUID,
    on: date,
    now: datetime,
) -> str | None:
    """The citizen showed the paper of a group that does not pay; a stable code when it frees nothing.

    What was taken before is owed back then, and what was missing is missing no more.
    """
    await book.hold_family(family[0])
    bill = await queries.bill_of(*family)
    lines = rules.freed(bill, await queries.exemptions(on=on), sectors, purse=purse, code=code)
    if not lines:
        return WAIVER_UNKNOWN
    await _end_lines([line.id for line in lines], ChargeState.WAIVED, because=code)
    await journal.write(
        "charge.waived", object_kind="home_visit", object_id=visit_id, at=now, detail={"group": code}
    )
    partner_id = await queries.partner_that_took(family)
    subject = Subject("", purse, on, partner_id, None, centre_id, visit_id)
    await cases.weigh_family(family, subject=subject, now=now)
    return None


async def let_go(
    home_visit_id: uuid.UUID,
    family: Sequence[uuid.UUID],
    *,
    purses: Collection[Purse],
    centre_id: uuid.UUID,
    day: date,
    because: str,
    now: datetime,
) -> None:
    """The visit will not be done: nothing of these purses is due for it any more, and what was paid is
    owed back by the partner whose courier took it, or by the centre.
    """
    await book.hold_family(family[0])
    bill = await queries.bill_of(home_visit_id)
    lines = [line.id for line in bill.charges if line.state == ChargeState.DUE and line.purse in purses]
    if not lines and not bill.paid:
        return
    await _end_lines(lines, ChargeState.CANCELLED, because=because)
    partner_id = await queries.partner_that_took(family)
    for purse in purses:
        subject = Subject("", purse, day, partner_id, None, centre_id, home_visit_id)
        await cases.weigh_family(family, subject=subject, now=now)


async def due_again(
    home_visit_id: uuid.UUID,
    family: Sequence[uuid.UUID],
    *,
    centre_id: uuid.UUID,
    day: date,
    now: datetime,
) -> None:
    """What was cancelled with a failed visit is due as before."""
    await book.hold_family(family[0])
    await in_transaction().execute(
        "UPDATE charge SET state = 'due', because = '' WHERE home_visit_id = $1 AND state = 'cancelled'"
        " AND because = 'failed'",
        home_visit_id,
    )
    partner_id = await queries.partner_that_took(family)
    for purse in Purse:
        subject = Subject("", purse, day, partner_id, None, centre_id, home_visit_id)
        await cases.weigh_family(family, subject=subject, now=now)


async def take_at_centre(money: Money, *, officer_id: uuid.UUID, now: datetime) -> uuid.UUID:
    """A citizen pays a state fee at the centre itself: exactly, and with a number of the centre's own; the
    entry of the book.

    Raises `NothingOwed`, `AmountDiffers`, `ReceiptReused`: at a counter there is somebody to ask.
    """
    await book.hold_family(money.family[0])
    await _assess(money)
    owed = (await queries.bill_of(*money.family)).owed(money.purse)
    if not owed:
        raise NothingOwed
    if owed != money.amount_vnd:
        raise AmountDiffers(owed_vnd=owed)
    used = await receipts.use(_payment(money, money.centre_id, None), now=now)
    if used.wrong is not None:
        raise ReceiptReused
    entry_id = await book.move(
        money.amount_vnd,
        purse=money.purse,
        giver=Account(Holder.CITIZEN, money.visit_id),
        receiver=Account(Holder.CENTRE, money.centre_id),
        reason=Reason.PAID_AT_CENTRE,
        about=About(
            day=money.day,
            centre_id=money.centre_id,
            home_visit_id=money.visit_id,
            receipt=money.receipt,
            reference=str(officer_id),
        ),
        now=now,
    )
    subject = Subject("", money.purse, money.day, None, None, money.centre_id, money.visit_id)
    await cases.weigh_family(money.family, subject=subject, now=now)
    assert entry_id is not None, "a fee that is owed is more than nothing"
    return entry_id


async def give_back(
    family: Sequence[uuid.UUID], *, purse: Purse, payer: Account, about: About, now: datetime
) -> int:
    """Reverse, newest first, so much of what was taken as is owed back; how much that was.

    A centre gives back what was paid to it, the post office and its couriers what couriers took. Raises
    `NothingToRefund`.
    """
    await book.hold_family(family[0])
    if about.courier_id is not None:
        await book.hold_day(about.courier_id, about.day)
    over = (await queries.bill_of(*family)).over(purse)
    reason = Reason.PAID_AT_CENTRE if payer.holder is Holder.CENTRE else Reason.COLLECTED
    taken = await queries.not_reversed(family, purse=purse, reason=reason)
    undone = rules.undo([Taken(one.id, one.left_vnd) for one in taken], amount_vnd=over)
    if not undone:
        raise NothingToRefund
    entries = {one.id: one for one in taken}
    for part in undone:
        entry = entries[part.entry_id]
        await book.move(
            part.amount_vnd,
            purse=purse,
            giver=payer,
            receiver=Account(Holder.CITIZEN, entry.home_visit_id),
            reason=Reason.REFUNDED,
            about=about._replace(
                centre_id=entry.centre_id, home_visit_id=entry.home_visit_id, reverses=entry.id
            ),
            now=now,
        )
    subject = Subject("", purse, about.day, about.partner_id, None, about.centre_id, family[0])
    await cases.weigh_family(family, subject=subject, now=now)
    if about.courier_id is not None and about.partner_id is not None:
        await cases.weigh_day(
            about.courier_id, about.day, partner_id=about.partner_id, ended=False, now=now
        )
    return sum(part.amount_vnd for part in undone)


async def _assess(money: Money) -> None:
    """A fee the catalogue has no amount for is what was taken beyond the lines that have one."""
    bill = await queries.bill_of(*money.family)
    open_lines = bill.unassessed(money.purse)
    extra = money.amount_vnd - bill.owed(money.purse)
    if extra <= 0:
        return
    for line in open_lines:
        await in_transaction().execute(
            "UPDATE charge SET amount_vnd = $2, because = 'assessed' WHERE id = $1", line.id, extra
        )
        extra = 0


async def _line(
    home_visit_id: uuid.UUID,
    purse: Purse,
    code: str,
    amount_vnd: int | None,
    decision: str,
    free: str,
    now: datetime,
) -> None:
    await in_transaction().execute(
        "INSERT INTO charge (id, home_visit_id, purse, procedure_code, amount_vnd, decision, state,"
        " because, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) ON CONFLICT DO NOTHING",
        new_id(),
        home_visit_id,
        purse.value,
        code,
        amount_vnd,
        decision,
        (ChargeState.WAIVED if free else ChargeState.DUE).value,
        free,
        now,
    )


async def _end_lines(line_ids: Sequence[uuid.UUID], state: ChargeState, *, because: str) -> None:
    await in_transaction().execute(
        "UPDATE charge SET state = $2, because = $3 WHERE id = ANY($1)",
        list(line_ids),
        state.value,
        because,
    )
