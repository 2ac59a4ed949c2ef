"""Form 01: what was handed in, what it costs, when and where the result is (giấy tiếp nhận và hẹn trả)."""

from typing import Any, Final

from app.core.citizen_numbers import mask_citizen_number
from app.dossiers.records import ComponentRow
from app.dossiers.states import Status
from app.forms import rules, wording
from app.forms.queries import Record
from app.procedures.queries import ProcedureRow

CHANNELS: Final = {
    "counter": "Trực tiếp tại Bộ phận Một cửa",
    "online": "Trực tuyến",
    "postal": "Qua dịch vụ bưu chính công ích (tại nhà)",
}


def receipt(record: Record) -> dict[str, Any]:
    dossier, procedure = record.dossier, record.procedure
    return {
        "applicant": wording.in_capitals(dossier.applicant_name),
        "applicant_name": wording.printable(dossier.applicant_name),
        "phone": wording.phone(dossier.applicant_phone),
        "citizen_number": shown_number(record),
        "channel": CHANNELS[dossier.channel],
        "procedure": wording.printable(record.procedure_name),
        "procedure_code": dossier.procedure_code,
        "papers": [_paper(component, procedure) for component in record.components],
        **_terms(procedure),
        "received": wording.moment(dossier.accepted_at),
        "promised": wording.moment(dossier.promise),
        "returned_at": returned_at(record),
        "competent": ""
        if record.competent.id == record.centre.id
        else wording.printable(record.competent.name_vi),
        "line": record.line,
        "register_day": wording.short_day(dossier.accepted_at),
        "officer": accepted_by(record),
    }


def shown_number(record: Record) -> str:
    """Whole on what its owner is handed, masked on what passes through other hands."""
    number = record.citizen_number
    carried = rules.carried_by_courier(
        channel=record.dossier.channel, return_mode=record.dossier.return_mode
    )
    if number is None:
        return ""
    return mask_citizen_number(number) if carried else number


def returned_at(record: Record) -> str:
    """Where the result is received."""
    if record.dossier.return_mode == "home":
        return "Tại nhà, qua dịch vụ bưu chính công ích"
    return wording.printable(f"{record.centre.name_vi}, {record.centre.address_vi}")


def accepted_by(record: Record) -> str:
    """The officer who took it, or nothing when nobody of the centre did."""
    taken = next((step for step in record.trail if step.status == Status.ACCEPTED.value), None)
    return "" if taken is None else wording.printable(record.officers.get(taken.actor_id, ""))


def _paper(component: ComponentRow, procedure: ProcedureRow | None) -> dict[str, Any]:
    published = {} if procedure is None else {paper.position: paper.name_vi for paper in procedure.papers}
    name = published.get(component.component, f"Thành phần hồ sơ số {component.component}")
    return {
        "name": wording.printable(name),
        "originals": component.originals,
        "certified_copies": component.certified_copies,
        "copies": component.copies,
        "scanned": component.document_id is not None,
    }


def _terms(procedure: ProcedureRow | None) -> dict[str, Any]:
    """Processing time and fee; a fee is never told without its exemptions."""
    if procedure is None:
        return {"term": "", "fee": "", "exemptions": ""}
    return {
        "term": wording.term(procedure.processing_value, procedure.processing_unit),
        "fee": wording.printable(procedure.fee_vi),
        "exemptions": wording.printable(procedure.exemptions_vi) or "Không quy định",
    }
