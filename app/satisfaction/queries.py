"""What can be asked about satisfaction: what a link is about, and how satisfied a centre's people were."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.core.database import fetch_row, fetch_value
from app.core.links import read_tracking_token
from app.dossiers import queries as dossiers
from app.queue import queries as queue
from app.satisfaction import rules
from app.satisfaction.errors import SurveyClosed, SurveyNotFound
from app.satisfaction.rules import Interval, Level


class Subject(NamedTuple):
    """What a survey is about, as it was served."""

    kind: str
    id: uuid.UUID
    centre_id: uuid.UUID
    served_at: datetime
    served_on: date
    procedure_codes: Sequence[str]


class AnswerRow(NamedTuple):
    """One answer, without its words."""

    id: uuid.UUID
    subject_kind: str
    served_on: date
    overall: str
    answered_at: datetime


class Satisfaction(NamedTuple):
    """How satisfied those were whom a centre served on some days. `None` where nobody answered."""

    n: int
    satisfied: int
    served: int
    rate: float | None
    interval: Interval | None
    response_rate: float | None


COLUMNS: Final = ", ".join(AnswerRow._fields)


async def subject_of(token: str, *, now: datetime) -> Subject:
    """What a link is about; raises `SurveyNotFound` and, after thirty days, `SurveyClosed`."""
    named = read_tracking_token(token)
    look = LOOKS.get(named[0]) if named else None
    found = await look(named[1]) if named and look else None
    if found is None:
        raise SurveyNotFound
    if not rules.may_be_answered(served_at=found.served_at, now=now):
        raise SurveyClosed
    return found


async def is_answered(subject: Subject) -> bool:
    return bool(
        await fetch_value(
            "SELECT EXISTS (SELECT FROM survey_answer WHERE subject_kind = $1 AND subject_id = $2)",
            subject.kind,
            subject.id,
        )
    )


async def satisfaction(centre_id: uuid.UUID, *, first: date, last: date) -> Satisfaction:
    """Of what a centre served from the first to the last day: who answered, and how many were satisfied."""
    row = await fetch_row(
        "SELECT count(*) AS n, count(*) FILTER (WHERE overall <> $4) AS satisfied"
        " FROM survey_answer WHERE centre_id = $1 AND served_on BETWEEN $2 AND $3",
        centre_id,
        first,
        last,
        Level.NOT_SATISFIED.value,
    )
    n, satisfied = (row["n"], row["satisfied"]) if row else (0, 0)
    served = await queue.count_served(centre_id, first=first, last=last)
    served += await dossiers.count_completed(centre_id, first=first, last=last)
    return Satisfaction(
        n=n,
        satisfied=satisfied,
        served=served,
        rate=rules.share(satisfied, n),
        interval=rules.wilson(satisfied, n),
        response_rate=rules.share(n, served),
    )


async def _ticket(ticket_id: uuid.UUID) -> Subject | None:
    row = await queue.served(ticket_id)
    if row is None or row.ended_at is None:
        return None
    return Subject(
        "ticket", row.id, row.centre_id, row.ended_at, local_date(row.ended_at), row.procedure_codes
    )


async def _dossier(dossier_id: uuid.UUID) -> Subject | None:
    """Asked about from completion on, and for thirty days after its result reached its owner."""
    row = await dossiers.completed(dossier_id)
    if row is None or row.completed_at is None:
        return None
    return Subject(
        "dossier",
        row.id,
        row.centre_id,
        row.returned_at or row.completed_at,
        local_date(row.completed_at),
        [row.procedure_code],
    )


LOOKS: Final[Mapping[str, Callable[[uuid.UUID], Awaitable[Subject | None]]]] = MappingProxyType(
    {"ticket": _ticket, "dossier": _dossier}
)
