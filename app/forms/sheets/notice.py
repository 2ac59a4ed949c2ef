"""Forms 02 to 05: what an officer decided and why, as it is told to whoever it concerns."""

from typing import Any

from app.dossiers.queries import DecisionRow
from app.forms import wording
from app.forms.queries import Record
from app.forms.sheets.receipt import returned_at


def notice(record: Record, decision: DecisionRow, *, draft: bool = False) -> dict[str, Any]:
    """The officer's words stand as they were written, paragraph by paragraph; a draft says it is one."""
    dossier = record.dossier
    return {
        "draft": draft,
        "applicant": wording.in_capitals(dossier.applicant_name),
        "applicant_name": wording.printable(dossier.applicant_name),
        "phone": wording.phone(dossier.applicant_phone),
        "procedure": wording.printable(record.procedure_name),
        "procedure_code": dossier.procedure_code,
        "received": wording.moment(dossier.accepted_at) if record.was_accepted else "",
        "reasons": wording.paragraphs(decision.reason),
        "apology": wording.paragraphs(decision.apology or ""),
        "decided": wording.moment(decision.at),
        "officer": wording.printable(record.officers.get(decision.actor_id, "")),
        "promised_before": wording.moment(decision.previous_due_at),
        "promised_now": wording.moment(decision.due_at),
        "returned_at": returned_at(record),
    }
