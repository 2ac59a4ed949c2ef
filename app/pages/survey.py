"""How was it? One page of questions behind a secret link, and a word of thanks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from app.centres import queries as centres
from app.core.text import InvalidText, clean_text
from app.http.access import open_to
from app.http.principals import Audience, Caller
from app.http.requests import MotcuaRequest, language_of
from app.pages.responses import form_of, go, page
from app.pages.session import principal_of
from app.satisfaction import operations, queries
from app.satisfaction.errors import AlreadyAnswered, StaffCannotAnswer
from app.satisfaction.queries import Subject
from app.satisfaction.rules import COMMENT_LENGTH, QUESTIONS, Answers, Question

MISSING: Final = {"vi": "Chọn một câu trả lời cho câu {n}", "en": "Choose an answer to question {n}"}
TOO_MUCH: Final = {
    "vi": f"Viết tối đa {COMMENT_LENGTH} ký tự, không có ký tự lạ",
    "en": f"Write at most {COMMENT_LENGTH} characters, and no control characters",
}


@get("/survey/{token:str}", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def ask(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Response[str]:
    """The eleven questions, or thanks when they were answered."""
    await _refuse_staff(request)
    subject = await queries.subject_of(token, now=now)
    if await queries.is_answered(subject):
        return _thanks(request, again=True)
    return await _questions(request, token, subject, values={}, errors=[])


@post("/survey/{token:str}", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=303)
async def take(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Keep the answer; ask again for what is missing, with what was chosen still chosen."""
    form = await form_of(request)
    language = language_of(request)
    subject = await queries.subject_of(token, now=now)
    chosen = {question.field: _chosen(question, form) for question in QUESTIONS}
    errors = [
        {"field": question.field, "message": MISSING[language].format(n=n)}
        for n, question in enumerate(QUESTIONS, start=1)
        if chosen[question.field] is None
    ]
    words = form.get("comment", "").strip()
    try:
        comment = clean_text(words, max_length=COMMENT_LENGTH, allow_newlines=True) if words else None
    except InvalidText:
        errors.append({"field": "comment", "message": TOO_MUCH[language]})
    if errors:
        return await _questions(request, token, subject, values=form, errors=errors)
    try:
        await operations.answer(
            token=token,
            answers=Answers(**chosen),
            comment=comment,
            locale=language,
            by_staff=await principal_of(request, Audience.STAFF) is not None,
            now=now,
        )
    except AlreadyAnswered:
        return _thanks(request, again=True, status=409)
    return go(request, f"/survey/{token}/thanks")


@get("/survey/{token:str}/thanks", opt=open_to(Caller.ANYONE), include_in_schema=False)
async def thank(
    request: MotcuaRequest, token: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Where an answer leads to; nobody is thanked for one that was not given."""
    if await queries.is_answered(await queries.subject_of(token, now=now)):
        return _thanks(request, again=False)
    return go(request, f"/survey/{token}")


async def _refuse_staff(request: MotcuaRequest) -> None:
    if await principal_of(request, Audience.STAFF) is not None:
        raise StaffCannotAnswer


def _chosen(question: Question, form: Mapping[str, str]) -> Any:
    """The choice a form's text names; nothing for any other text."""
    return next((value for value in question.choices if str(value) == form.get(question.field)), None)


def _thanks(request: MotcuaRequest, *, again: bool, status: int = 200) -> Response[str]:
    return page(request, "survey/thanks.html", {"again": again, "book_url": "/booking"}, status=status)


async def _questions(
    request: MotcuaRequest,
    token: str,
    subject: Subject,
    *,
    values: Mapping[str, str],
    errors: list[dict[str, str]],
) -> Response[str]:
    language = language_of(request)
    centre = await centres.any_centre(subject.centre_id)
    context = {
        "what": {
            "kind": subject.kind,
            "centre_name": centre.name_en if language == "en" else centre.name_vi,
            "served_at": subject.served_at,
        },
        "questions": [
            {
                "field": question.field,
                "text": question.words.in_language(language),
                "choices": [
                    {"value": str(value), "text": words.in_language(language)}
                    for value, words in question.choices.items()
                ],
            }
            for question in QUESTIONS
        ],
        "values": values,
        "comment_length": COMMENT_LENGTH,
        "action": f"/survey/{token}",
        "errors": errors,
    }
    return page(request, "survey/questions.html", context, status=422 if errors else 200)


survey_handlers: Final[list[Any]] = [ask, take, thank]
