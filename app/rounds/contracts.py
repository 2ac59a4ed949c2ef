"""Contracts with courier partners (hợp đồng với doanh nghiệp bưu chính): what holds on which day.

Always true:
- on a day at most one contract of a partner holds; a decision of the province is named in each;
- a partner without any contract goes everywhere; one with contracts goes nowhere on a day none holds;
- a contract that changes narrows the duties still to come; promises made before stay promises.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

import asyncpg
import msgspec

from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch, in_transaction
from app.core.ids import new_id
from app.rounds import shifts
from app.rounds.errors import ContractDaysNotValid, ContractOverlap, SkillOutsideContract
from app.rounds.penalties import Term
from app.rounds.queries import COURIER, CourierRow
from app.rounds.scope import Scope, outside
from app.rounds.shifts import CALM, Shaken


class ContractRow(NamedTuple):
    """A contract as it is kept; `terms` are decoded by `terms_of`."""

    id: uuid.UUID
    partner_id: uuid.UUID
    decision: str
    valid_from: date
    valid_to: date | None
    centres: Sequence[str]
    tasks: Sequence[str]
    procedures: Sequence[str]
    communes: Sequence[str]
    assigned_by: str
    terms: str
    version: int

    @property
    def scope(self) -> Scope:
        return Scope(
            frozenset(self.tasks),
            frozenset(self.procedures),
            frozenset(self.communes),
            frozenset(self.centres),
        )


COLUMNS: Final = ", ".join(ContractRow._fields)
OF_PARTNER: Final = f"SELECT {COLUMNS} FROM courier_contract WHERE partner_id = $1"


def terms_of(contract: ContractRow) -> list[Term]:
    return msgspec.json.decode(contract.terms, type=list[Term])


async def put(
    *,
    partner_id: uuid.UUID,
    decision: str,
    valid_from: date,
    valid_to: date | None,
    scope: Scope,
    assigned_by: Literal["motcua", "partner"],
    terms: Sequence[Term],
    now: datetime,
) -> tuple[ContractRow, Shaken]:
    """Write the contract of a decision, and narrow the partner's duties still to come to it.

    The same decision again replaces what it said. Raises `ContractOverlap`, `ContractDaysNotValid`.
    """
    if valid_to is not None and valid_to < valid_from:
        raise ContractDaysNotValid
    try:
        row = await in_transaction().fetchrow(
            "INSERT INTO courier_contract (id, partner_id, decision, valid_from, valid_to, centres,"
            " tasks, procedures, communes, assigned_by, terms, made_at)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"
            " ON CONFLICT (partner_id, decision) DO UPDATE SET valid_from = EXCLUDED.valid_from,"
            " valid_to = EXCLUDED.valid_to, centres = EXCLUDED.centres, tasks = EXCLUDED.tasks,"
            " procedures = EXCLUDED.procedures, communes = EXCLUDED.communes,"
            " assigned_by = EXCLUDED.assigned_by, terms = EXCLUDED.terms,"
            f" version = courier_contract.version + 1 RETURNING {COLUMNS}",
            new_id(),
            partner_id,
            decision,
            valid_from,
            valid_to,
            *(sorted(each) for each in (scope.centres, scope.tasks, scope.procedures, scope.communes)),
            assigned_by,
            msgspec.json.encode(list(terms)).decode(),
            now,
        )
    except asyncpg.ExclusionViolationError:
        raise ContractOverlap from None
    contract, shaken = ContractRow(*row), CALM
    await journal.write("contract.put", object_kind="courier_contract", object_id=contract.id, at=now)
    for courier in await _couriers(partner_id):
        for shift in await shifts.of_days_to_come(courier.id, local_date(now)):
            shaken = shaken.with_more(await shifts.renew(courier, shift, now=now))
    return contract, shaken


async def of_partner(partner_id: uuid.UUID) -> list[ContractRow]:
    """All of a partner's contracts, the oldest first."""
    return [ContractRow(*row) for row in await fetch(OF_PARTNER + " ORDER BY valid_from", partner_id)]


def on(contracts: Sequence[ContractRow], day: date) -> ContractRow | None:
    """The one that holds on a day."""
    return next(
        (
            contract
            for contract in contracts
            if contract.valid_from <= day and (contract.valid_to is None or day <= contract.valid_to)
        ),
        None,
    )


async def refuse_outside(partner_id: uuid.UUID, skills: Sequence[str], *, today: date) -> None:
    """Raises `SkillOutsideContract` for skills that no contract of today or later covers."""
    contracts = await of_partner(partner_id)
    if not contracts:
        return
    live = [c.scope for c in contracts if c.valid_to is None or c.valid_to >= today]
    strange = outside(skills, live)
    if strange:
        places = [n for n, skill in enumerate(skills) if skill in strange]
        raise SkillOutsideContract(
            errors=[
                {
                    "pointer": f"/skills/{n}",
                    "code": SkillOutsideContract.code,
                    "detail": "No contract covers this skill.",
                }
                for n in places
            ]
        )


async def _couriers(partner_id: uuid.UUID) -> list[CourierRow]:
    rows = await in_transaction().fetch(
        f"SELECT {COURIER} FROM courier WHERE partner_id = $1 ORDER BY id", partner_id
    )
    return [CourierRow(*row) for row in rows]
