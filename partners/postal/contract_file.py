"""A contract as a file: read strictly, written by an operator with the province's decision in hand."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from app.core.database import fetch_value
from app.home_service import operations
from app.http import body as strict
from app.rounds.contracts import ContractRow
from app.rounds.penalties import Term
from app.rounds.scope import Scope
from partners.postal.errors import PartnerNotFound

Words = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=r"^(\*|[0-9A-Za-z.\-]{2,40})$")]],
    msgspec.Meta(min_length=1, max_length=1000),
]


class ContractFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`partner` is its code with us; `communes` are official codes of today; `*` is everything."""

    partner: str
    decision: Annotated[str, msgspec.Meta(min_length=3, max_length=100)]
    valid_from: date
    valid_to: date | None = None
    centres: Words = msgspec.field(default_factory=lambda: ["*"])
    tasks: Annotated[list[Literal["collection", "delivery"]], msgspec.Meta(min_length=1)]
    procedures: Words
    communes: Words
    assigned_by: Literal["motcua", "partner"] = "motcua"
    terms: list[Term] = []


async def put(content: bytes, *, now: datetime) -> ContractRow:
    """Write what a file says; raises a `Refusal` that names the place where it is wrong."""
    agreed: ContractFile = strict.decode(content, ContractFile)
    partner_id = await fetch_value("SELECT id FROM courier_partner WHERE code = $1", agreed.partner)
    if partner_id is None:
        raise PartnerNotFound
    return await operations.put_contract(
        partner_id=partner_id,
        decision=agreed.decision,
        valid_from=agreed.valid_from,
        valid_to=agreed.valid_to,
        scope=Scope(
            frozenset(agreed.tasks),
            frozenset(agreed.procedures),
            frozenset(agreed.communes),
            frozenset(agreed.centres),
        ),
        assigned_by=agreed.assigned_by,
        terms=agreed.terms,
        now=now,
    )
