"""Saying how it was, by a secret link."""

import uuid
from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.core.clock import local
from app.core.text import InvalidText, clean_text
from app.http.access import open_to
from app.http.once import Once
from app.http.principals import Audience, Caller, Principal
from app.http.problems import problems
from app.http.requests import MotcuaRequest, language_of
from app.satisfaction import operations
from app.satisfaction.errors import (
    AlreadyAnswered,
    CommentNotValid,
    StaffCannotAnswer,
    SurveyClosed,
    SurveyNotFound,
)
from app.satisfaction.queries import AnswerRow
from app.satisfaction.rules import COMMENT_LENGTH, Answers, Level

# Nine grades of Decree 61/2018/NĐ-CP: 2 is best.
Grade = Annotated[int, msgspec.Meta(ge=0, le=2)]


class SurveyRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """An answer to each of the eleven questions, and words if somebody wants to say more."""

    total_time: Grade
    unit_times: Grade
    contacts: Grade
    agencies: Grade
    organisation: Grade
    publicity: Grade
    attitude: Grade
    complaints: Grade
    online: Grade
    convenience: Level
    overall: Level
    comment: Annotated[str, msgspec.Meta(max_length=COMMENT_LENGTH)] | None = None

    def answers(self) -> Answers:
        return Answers(*(getattr(self, field) for field in Answers._fields))

    def cleaned(self) -> str | None:
        """The words without control characters; nothing for blank ones. Raises `CommentNotValid`."""
        if self.comment is None or not self.comment.strip():
            return None
        try:
            return clean_text(self.comment, max_length=COMMENT_LENGTH, allow_newlines=True)
        except InvalidText as fault:
            raise CommentNotValid(
                errors=[{"pointer": "/comment", "code": fault.code, "detail": fault.code}]
            ) from None


class SurveyAnswerView(msgspec.Struct):
    """`subject` is ticket or dossier."""

    id: uuid.UUID
    subject: str
    served_on: date
    overall: str
    answered_at: datetime

    @classmethod
    def of(cls, row: AnswerRow) -> "SurveyAnswerView":
        return cls(
            id=row.id,
            subject=row.subject_kind,
            served_on=row.served_on,
            overall=row.overall,
            answered_at=local(row.answered_at),
        )


@post(
    "/v1/surveys/{token:str}",
    operation_id="answerSurvey",
    summary="Say how satisfied you are with what was served",
    tags=["public"],
    opt=open_to(Caller.ANYONE),
    responses=problems(StaffCannotAnswer, SurveyNotFound, AlreadyAnswered, SurveyClosed, CommentNotValid),
)
async def answer_survey(
    request: MotcuaRequest,
    token: FromPath[str],
    data: JSONBody[SurveyRequest],
    now: NamedDependency[datetime],
    once: NamedDependency[Once],
) -> Response[SurveyAnswerView]:
    """One answer per ticket or dossier, without signing in: the link is the secret."""
    principal = request.scope.get("user")
    return await once(
        SurveyAnswerView.of,
        operations.answer(
            token=token,
            answers=data.answers(),
            comment=data.cleaned(),
            locale=language_of(request),
            by_staff=isinstance(principal, Principal) and principal.audience is Audience.STAFF,
            now=now,
        ),
        status=201,
    )


satisfaction_router: Final = Router(path="/", route_handlers=[answer_survey])
