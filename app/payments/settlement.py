"""A day of a partner's money (đối soát): by courier and by centre, balanced or with the reason why not.

Computed from the cash book each time it is asked for: what is told late changes the day it happened on.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from app.core.database import fetch
from app.payments import cases, numbers
from app.payments.cases import CaseRow
from app.payments.numbers import BookDay
from app.payments.rules import Holder, Purse, Reason

NOT_REMITTED_YET: Final = "not_remitted_yet"

BY_COURIER: Final = """
SELECT courier_id, purse, reason,
       sum(CASE WHEN to_kind = 'courier' THEN amount_vnd ELSE -amount_vnd END)::bigint AS change
  FROM cash_entry
 WHERE partner_id = $1 AND day = $2 AND courier_id IS NOT NULL AND 'courier' IN (from_kind, to_kind)
 GROUP BY courier_id, purse, reason ORDER BY courier_id, purse DESC
"""
# What the partner owes a centre: fees its couriers took there, less what was given back and paid over.
BY_CENTRE: Final = """
SELECT centre_id,
       coalesce(sum(owed) FILTER (WHERE day < $2), 0)::bigint AS opening,
       coalesce(sum(owed) FILTER (WHERE day = $2 AND reason = 'collected'), 0)::bigint AS collected,
       coalesce(-sum(owed) FILTER (WHERE day = $2 AND reason = 'refunded'), 0)::bigint AS refunded,
       coalesce(-sum(owed) FILTER (WHERE day = $2 AND reason = 'paid_to_centre'), 0)::bigint AS paid
  FROM (SELECT centre_id, day, reason,
               CASE WHEN reason = 'collected' THEN amount_vnd ELSE -amount_vnd END AS owed
          FROM cash_entry
         WHERE partner_id = $1 AND day <= $2 AND purse = 'state' AND centre_id IS NOT NULL
           AND reason IN ('collected', 'refunded', 'paid_to_centre')) moved
 GROUP BY centre_id ORDER BY centre_id
"""


class PurseLine(NamedTuple):
    """One courier's purse of the day, in đồng: `difference` is what was taken and not accounted for."""

    courier_id: uuid.UUID
    purse: Purse
    collected: int
    refunded: int
    remitted: int
    corrected: int

    @property
    def difference(self) -> int:
        return self.collected - self.refunded - self.remitted + self.corrected


class CentreLine(NamedTuple):
    """State fees between the partner and one centre; `closing` is what the partner still owes it."""

    centre_id: uuid.UUID
    opening: int
    collected: int
    refunded: int
    paid: int

    @property
    def closing(self) -> int:
        return self.opening + self.collected - self.refunded - self.paid


class Why(NamedTuple):
    """One reason why the day does not balance."""

    code: str
    purse: str
    amount_vnd: int
    courier_id: uuid.UUID | None
    home_visit_id: uuid.UUID | None
    case_id: uuid.UUID | None


class Settlement(NamedTuple):
    """The day: balanced, or every reason why not."""

    partner_id: uuid.UUID
    day: date
    couriers: Sequence[PurseLine]
    centres: Sequence[CentreLine]
    cases: Sequence[CaseRow]
    numbers: Sequence[BookDay] = ()

    @property
    def reasons(self) -> list[Why]:
        found = [
            Why(case.kind, case.purse, case.amount_vnd, case.courier_id, case.home_visit_id, case.id)
            for case in self.cases
            if case.state == "open"
        ]
        told = {(case.courier_id, case.purse) for case in self.cases if _is_about_cash(case)}
        return found + [
            Why(NOT_REMITTED_YET, line.purse, line.difference, line.courier_id, None, None)
            for line in self.couriers
            if line.difference and (line.courier_id, line.purse) not in told
        ]

    @property
    def is_balanced(self) -> bool:
        return not self.reasons


def _is_about_cash(case: CaseRow) -> bool:
    return case.state == "open" and case.home_visit_id is None


async def of_day(partner_id: uuid.UUID, day: date) -> Settlement:
    """A partner's day as the book stands now."""
    changes: dict[tuple[uuid.UUID, Purse], dict[str, int]] = {}
    for row in await fetch(BY_COURIER, partner_id, day):
        changes.setdefault((row["courier_id"], Purse(row["purse"])), {})[row["reason"]] = row["change"]
    return Settlement(
        partner_id,
        day,
        [_line(courier_id, purse, change) for (courier_id, purse), change in changes.items()],
        [CentreLine(*row) for row in await fetch(BY_CENTRE, partner_id, day)],
        await cases.of_partner(partner_id, day),
        await numbers.of_day(partner_id, day),
    )


def _line(courier_id: uuid.UUID, purse: Purse, change: Mapping[str, int]) -> PurseLine:
    collected = change.get(Reason.COLLECTED, 0)
    refunded, remitted = -change.get(Reason.REFUNDED, 0), -change.get(Reason.REMITTED, 0)
    corrected = sum(change.values()) - collected + refunded + remitted
    return PurseLine(courier_id, purse, collected, refunded, remitted, corrected)


async def of_centre(centre_id: uuid.UUID, day: date) -> Mapping[uuid.UUID, CentreLine]:
    """What each partner owes a centre at the end of a day, by partner."""
    rows = await fetch(
        "SELECT DISTINCT partner_id FROM cash_entry"
        " WHERE centre_id = $1 AND day <= $2 AND partner_id IS NOT NULL ORDER BY partner_id",
        centre_id,
        day,
    )
    found: dict[uuid.UUID, CentreLine] = {}
    for row in rows:
        for line in await fetch(BY_CENTRE, row["partner_id"], day):
            if line["centre_id"] == centre_id:
                found[row["partner_id"]] = CentreLine(*line)
    return found


async def paid_at_centre(centre_id: uuid.UUID, day: date) -> int:
    """Fees citizens paid at the centre itself on the day, less what was given back there."""
    rows = await fetch(
        "SELECT coalesce(sum(CASE WHEN to_kind = $3 THEN amount_vnd ELSE -amount_vnd END), 0)::bigint"
        " AS paid"
        " FROM cash_entry WHERE centre_id = $1 AND day = $2 AND partner_id IS NULL",
        centre_id,
        day,
        Holder.CENTRE.value,
    )
    return int(rows[0]["paid"])
