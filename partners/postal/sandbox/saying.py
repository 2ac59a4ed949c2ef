"""What the sandbox's courier says in each report: the facts of `app.home_service.facts`, from the visit."""

import uuid
from typing import Any, Final, NamedTuple

from app.core.ids import new_id
from app.home_service import fees, papers
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind, Reason, Report, State
from app.identity import queries as identity
from app.payments.rules import Purse
from partners.postal import item_numbers
from partners.postal.errors import NobodyAtTheCentre
from partners.postal.sandbox.ways import Step

HUB: Final = "SANDBOX"
RELATIVE: Final = {"receiver": "spouse", "relation": "spouse", "authorisation": "UQ-SANDBOX-1"}


class Told(NamedTuple):
    """One report and its facts."""

    report: Report
    data: dict[str, Any]


async def told(visit: HomeVisitRow, step: Step, *, partner_id: uuid.UUID, reason: Reason) -> list[Told]:
    """The reports of one step: its own, and before a result is given those of what is owed for it."""
    assert step.report is not None
    money = await _money(visit) if step.leads_to is State.DELIVERED else []
    return [*money, Told(step.report, await _facts(visit, step, partner_id, reason))]


async def _officer_of(visit: HomeVisitRow) -> uuid.UUID:
    """Somebody at the counter of the visit's centre; raises `NobodyAtTheCentre`."""
    found = await identity.some_officer_at(visit.centre_id)
    if found is None:
        raise NobodyAtTheCentre
    return found


async def _facts(visit: HomeVisitRow, step: Step, partner_id: uuid.UUID, reason: Reason) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    match step.report:
        case Report.COUNTED:
            facts = await _count(visit, complete=step.leads_to is not State.INCOMPLETE)
        case Report.SEALED:
            facts = await _seal(visit, step, partner_id)
        case Report.REACHED_HUB:
            facts = {"hub": HUB}
        case Report.FAILED | Report.ATTEMPT_FAILED:
            facts = {"reason": reason.value}
        case Report.HANDED_OVER if visit.kind == Kind.ASSISTED_ONLINE:
            facts = {"submission": f"SB-{visit.id.hex[-12:]}"}
        case Report.DELIVERED | Report.RETURNED:
            facts = dict(RELATIVE)
        case _:
            pass
    return facts


async def _count(visit: HomeVisitRow, *, complete: bool) -> dict[str, Any]:
    needed = await papers.published(visit)
    counted = [{"component": p.component, "originals": p.originals, "copies": p.copies} for p in needed]
    missing = [] if complete else [paper.component for paper in needed if paper.required][:1]
    return {"papers": counted, "missing": missing}


async def _seal(visit: HomeVisitRow, step: Step, partner_id: uuid.UUID) -> dict[str, Any]:
    facts: dict[str, Any] = {"seal": f"SB-{new_id().hex[-16:].upper()}"}
    if visit.kind == Kind.DELIVERY or step.leads_to is State.RETURNING:
        facts["officer"] = str(await _officer_of(visit))
    elif visit.state == State.INCOMPLETE:
        facts["partial"] = True
    number = await item_numbers.of_visit(partner_id, visit.id)
    # A number is on one bag, ever: papers that go back go in a bag without.
    if number is not None and step.leads_to is not State.RETURNING:
        facts["item"] = number
    return facts


async def _money(visit: HomeVisitRow) -> list[Told]:
    bill = await fees.bill_of(visit)
    return [
        Told(
            Report.FEE_COLLECTED,
            {"amount": bill.owed(purse), "kind": purse.value, "receipt": f"SB-{new_id().hex[-12:]}"},
        )
        for purse in Purse
        if bill.owed(purse)
    ]
