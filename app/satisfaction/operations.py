"""What can be done about satisfaction: say how it was."""

from datetime import datetime

from app.core import journal, outbox
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.operation import operation
from app.satisfaction import queries
from app.satisfaction.errors import AlreadyAnswered, StaffCannotAnswer
from app.satisfaction.events import SurveyAnswered
from app.satisfaction.queries import COLUMNS, AnswerRow
from app.satisfaction.rules import Answers


@operation
async def answer(
    *, token: str, answers: Answers, comment: str | None, locale: str, by_staff: bool, now: datetime
) -> AnswerRow:
    """Keep the one answer about what the link names. `AlreadyAnswered` for every later one, also the same:
    who holds the link is not known, so nobody may change what was said.
    """
    if by_staff:
        raise StaffCannotAnswer
    subject = await queries.subject_of(token, now=now)
    fields = ", ".join(Answers._fields)
    row = await in_transaction().fetchrow(
        "INSERT INTO survey_answer (id, subject_kind, subject_id, centre_id, served_on,"
        f" procedure_codes, {fields}, comment, locale, answered_at)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20)"
        f" ON CONFLICT ON CONSTRAINT survey_is_answered_once DO NOTHING RETURNING {COLUMNS}",
        new_id(),
        subject.kind,
        subject.id,
        subject.centre_id,
        subject.served_on,
        list(subject.procedure_codes),
        *answers,
        comment,
        locale,
        now,
    )
    if row is None:
        raise AlreadyAnswered
    kept = AnswerRow(*row)
    await outbox.record(
        SurveyAnswered(
            occurred_at=now,
            survey_id=kept.id,
            subject_kind=subject.kind,
            subject_id=subject.id,
            centre_id=subject.centre_id,
            served_on=subject.served_on,
        )
    )
    await journal.write(
        "survey.answered",
        object_kind="survey",
        object_id=kept.id,
        at=now,
        detail={"subject": f"{subject.kind}:{subject.id}"},
    )
    return kept
