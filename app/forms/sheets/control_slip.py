"""Form 06: who held a dossier, from when to when, and for how long in working time (phiếu kiểm soát)."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from app.core.working_calendar import CalendarHorizon, WorkingCalendar
from app.custody.queries import ChainLink
from app.dossiers import rules
from app.dossiers.rules import Timeliness
from app.dossiers.states import NAMES, Status
from app.forms import wording
from app.forms.queries import Record

PARTIES: Final = {
    "citizen": "Người nộp hồ sơ",
    "courier": "Nhân viên bưu chính",
    "post_office": "Bưu cục",
    "partner": "Đơn vị bưu chính",
    "officer": "Cán bộ Bộ phận Một cửa",
}
# Nobody holds a dossier in these: there is nothing more to count.
ENDED: Final = frozenset({Status.NOT_ACCEPTED, Status.WITHDRAWN, Status.STOPPED, Status.RETURNED})
RESULTS: Final = (
    (Timeliness.EARLY, "Trước hạn"),
    (Timeliness.ON_TIME, "Đúng hạn"),
    (Timeliness.OVERDUE, "Quá hạn"),
)


class _Step(NamedTuple):
    who: str
    what: str
    begins: datetime
    over: bool


def control_slip(record: Record, *, calendar: WorkingCalendar, now: datetime) -> dict[str, Any]:
    dossier = record.dossier
    judged = rules.timeliness(due=dossier.promise, ended=dossier.ended_at, now=now)
    over = Status(dossier.status) in ENDED | {Status.DONE}
    return {
        "applicant": wording.in_capitals(dossier.applicant_name),
        "procedure": wording.printable(record.procedure_name),
        "procedure_code": dossier.procedure_code,
        "received": wording.moment(dossier.accepted_at),
        "promised": wording.moment(dossier.due_at),
        "steps": _timed(_steps(record), calendar, now),
        "status": NAMES[Status(dossier.status)].vi,
        # Before its end only lateness is certain.
        "results": [
            {"name": name, "ticked": kind is judged and (over or kind is Timeliness.OVERDUE)}
            for kind, name in RESULTS
        ],
    }


def _steps(record: Record) -> list[_Step]:
    """Hand-overs of its package before it was a dossier, then every change of its status."""
    hands = [
        _Step(
            _who(record, link.receiver_kind, link.receiver_id), _handed(link), link.occurred_at, over=False
        )
        for link in record.hands
        if link.occurred_at <= record.dossier.accepted_at
    ]
    statuses = [
        _Step(
            _who(record, step.actor_kind, step.actor_id),
            NAMES[Status(step.status)].vi,
            step.at,
            over=Status(step.status) in ENDED,
        )
        for step in record.trail
    ]
    return [*hands, *statuses]


def _timed(steps: list[_Step], calendar: WorkingCalendar, now: datetime) -> list[dict[str, Any]]:
    ends = [*(step.begins for step in steps[1:]), None]
    return [
        {
            "who": step.who,
            "what": step.what,
            "begins": wording.short_moment(step.begins),
            "ends": wording.short_moment(end),
            "held": "" if step.over else _held(step.begins, end or now, calendar),
        }
        for step, end in zip(steps, ends, strict=True)
    ]


def _held(begins: datetime, ends: datetime, calendar: WorkingCalendar) -> str:
    try:
        return wording.length(wording.worked_minutes(begins, ends, calendar))
    except CalendarHorizon:
        return ""  # a year nobody declared has no working time yet


def _who(record: Record, kind: str, who: str) -> str:
    """An officer by name, anybody else by what they are: a slip is read by many."""
    name = record.officers.get(who, "") if kind == "officer" else ""
    return wording.printable(name, longest_run=wording.NARROW) or _kind(kind)


def _handed(link: ChainLink) -> str:
    sealed = {"intact": "niêm phong nguyên vẹn", "broken": "niêm phong không còn nguyên"}
    state = sealed.get(link.seal_state)
    return f"Nhận từ {_kind(link.giver_kind).lower()}" + (f", {state}" if state else "")


def _kind(kind: str) -> str:
    return PARTIES.get(kind, "Hệ thống")
