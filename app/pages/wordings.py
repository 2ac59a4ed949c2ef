"""What messages say, for whoever edits it: tried while it is typed, published, taken back.

Pages know no messages: what is done here is done by the desk an entrance put into the application's hands.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from app.core.errors import Forbidden, Invalid, PreconditionFailed, Unauthenticated, Words
from app.http.access import open_to
from app.http.principals import Caller, Principal
from app.http.requests import MotcuaRequest, language_of
from app.pages.console import SIGN_IN, officer_frame
from app.pages.responses import form_of, go, page, version_of
from app.pages.session import officer_of
from app.staff import queries as staff

WORDINGS_URL: Final = "/wordings"
ONE_URL: Final = f"{WORDINGS_URL}/{{key:str}}"
# Who publishes, and who sees what is said.
EDITOR: Final = Caller.MESSAGE_EDITOR
READERS: Final = frozenset({EDITOR, Caller.MONITOR, Caller.CENTRE_LEADER})
# More than is ever published, so that what is too long is seen and told to be.
LONGEST_FIELD: Final = 2000
CHANGED: Final = Words(
    "Người khác vừa công bố câu chữ mới; hãy so với bản đang dùng rồi công bố lại nếu vẫn cần.",
    "Somebody else published meanwhile: compare with what is in force, and publish again if you want to.",
)


class Typed(NamedTuple):
    """What stands in the fields."""

    vi: str
    en: str
    note: str = ""


class Wordings(Protocol):
    """The desk of an editor; a context is what the templates of this page say they read."""

    async def listed(self, *, language: str) -> dict[str, Any]:
        """`everything_held` and `wordings`."""

    async def wording(self, key: str, *, language: str) -> dict[str, Any]:
        """One of them; raises `NotFound`."""

    def looks(self, key: str, *, vi: str, en: str, language: str) -> list[dict[str, Any]]:
        """How these texts would arrive; changes nothing. Raises `NotFound`."""

    async def publish(
        self,
        key: str,
        *,
        vi: str,
        en: str,
        note: str,
        seen: int,
        language: str,
        officer_id: uuid.UUID,
        now: datetime,
    ) -> int:
        """The version in force then. Raises `NotFound`, `PreconditionFailed` where another than `seen` is
        in force, `Invalid` with every reason.
        """

    async def publish_again(
        self, key: str, *, version: int, seen: int, language: str, officer_id: uuid.UUID, now: datetime
    ) -> int:
        """The same with the words of an older version."""

    async def hold(self, key: str, *, reason: str, officer_id: uuid.UUID, now: datetime) -> None:
        """Nothing of it leaves from now on. Raises `NotFound`, `Invalid` for what is no reason."""

    async def let_go(self, key: str, *, now: datetime) -> None:
        """It leaves again, whoever held it. Raises `NotFound`."""


@get(WORDINGS_URL, opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_wordings(request: MotcuaRequest, now: NamedDependency[datetime]) -> Redirect | Response[str]:
    """Everything there is to say, in both languages."""
    principal = await _one_of(request, READERS)
    if principal is None:
        return go(request, SIGN_IN)
    language = language_of(request)
    context = await officer_frame(principal, now, language) | await _desk(request).listed(language=language)
    return page(request, "wordings/index.html", context | {"wordings_url": WORDINGS_URL})


@get(ONE_URL, opt=open_to(Caller.ANYONE), include_in_schema=False)
async def show_wording(
    request: MotcuaRequest, key: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """One wording, and the form to change it for whoever may."""
    principal = await _one_of(request, READERS)
    if principal is None:
        return go(request, SIGN_IN)
    return await _wording(request, principal, key, now)


@post(f"{ONE_URL}/preview", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=200)
async def show_looks(request: MotcuaRequest, key: FromPath[str]) -> Response[str]:
    """The region alone, again and again while somebody types."""
    form = await form_of(request)
    if await _one_of(request, {EDITOR}) is None:
        raise Unauthenticated  # Not the sign-in page: it would be shown inside this one.
    typed = _typed(form)
    looks = _desk(request).looks(key, vi=typed.vi, en=typed.en, language=language_of(request))
    return page(request, "wordings/_looks.html", {"looks": looks, "said_aloud": True})


@post(ONE_URL, opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=200)
async def change_wording(
    request: MotcuaRequest, key: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Publish what was typed; or, without a script, look at it first."""
    form = await form_of(request)
    principal = await _one_of(request, {EDITOR})
    if principal is None:
        return go(request, SIGN_IN)
    typed = _typed(form)
    if form.get("do") != "publish":
        return await _wording(request, principal, key, now, typed=typed)
    desk, language = _desk(request), language_of(request)
    try:
        version = await desk.publish(
            key,
            vi=typed.vi,
            en=typed.en,
            note=typed.note,
            seen=version_of(form),
            language=language,
            officer_id=principal.id,
            now=now,
        )
    except Invalid as refusal:
        errors = [_error(each) for each in refusal.facts["errors"]]
        return await _wording(request, principal, key, now, typed=typed, errors=errors, status=422)
    except PreconditionFailed:
        stands = await desk.wording(key, language=language)
        # Pressed twice: the first time was heard.
        if [" ".join(text.split()) for text in typed[:2]] == [stands["vi"], stands["en"]]:
            return go(request, _told(key, stands["version"]))
        errors = [{"field": "", "message": CHANGED.in_language(language)}]
        return await _wording(request, principal, key, now, typed=typed, errors=errors, status=409)
    return go(request, _told(key, version))


@post(
    f"{ONE_URL}/versions/{{version:int}}/publish",
    opt=open_to(Caller.ANYONE),
    include_in_schema=False,
    status_code=200,
)
async def go_back(
    request: MotcuaRequest,
    key: FromPath[str],
    version: FromPath[int],
    now: NamedDependency[datetime],
) -> Redirect | Response[str]:
    """Say it in the words of an older version again."""
    form = await form_of(request)
    principal = await _one_of(request, {EDITOR})
    if principal is None:
        return go(request, SIGN_IN)
    language = language_of(request)
    try:
        published = await _desk(request).publish_again(
            key,
            version=version,
            seen=version_of(form),
            language=language,
            officer_id=principal.id,
            now=now,
        )
    except Invalid as refusal:
        # The form beside shows other words than these.
        errors = [{"field": "", "message": each["detail"]} for each in refusal.facts["errors"]]
        return await _wording(request, principal, key, now, errors=errors, status=422)
    except PreconditionFailed:
        errors = [{"field": "", "message": CHANGED.in_language(language)}]
        return await _wording(request, principal, key, now, errors=errors, status=409)
    return go(request, _told(key, published))


@post(f"{ONE_URL}/hold", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=200)
async def hold_back(
    request: MotcuaRequest, key: FromPath[str], now: NamedDependency[datetime]
) -> Redirect | Response[str]:
    """Let nothing of it leave, and say why."""
    form = await form_of(request)
    principal = await _one_of(request, {EDITOR})
    if principal is None:
        return go(request, SIGN_IN)
    reason = form.get("reason", "")
    try:
        await _desk(request).hold(key, reason=reason, officer_id=principal.id, now=now)
    except Invalid as refusal:
        errors = [{"field": "reason", "message": refusal.words(language_of(request))}]
        return await _wording(request, principal, key, now, errors=errors, status=422)
    return go(request, f"{WORDINGS_URL}/{key}")


@post(f"{ONE_URL}/let-go", opt=open_to(Caller.ANYONE), include_in_schema=False, status_code=200)
async def let_go(request: MotcuaRequest, key: FromPath[str], now: NamedDependency[datetime]) -> Redirect:
    """What held it was an officer, or its own refusals: the words are mended first."""
    await form_of(request)
    if await _one_of(request, {EDITOR}) is None:
        return go(request, SIGN_IN)
    await _desk(request).let_go(key, now=now)
    return go(request, f"{WORDINGS_URL}/{key}")


async def _wording(
    request: MotcuaRequest,
    principal: Principal,
    key: str,
    now: datetime,
    *,
    typed: Typed | None = None,
    errors: Sequence[dict[str, str]] = (),
    status: int = 200,
) -> Response[str]:
    """The page: what is in force, what was typed and how that looks, and all that was in force before."""
    language, desk = language_of(request), _desk(request)
    stands = await desk.wording(key, language=language)
    typed = typed or Typed(stands["vi"], stands["en"])
    officers = {row["published_by"] for row in stands["versions"] if row["published_by"]}
    known = {each: await staff.officer(each) for each in officers}
    context = await officer_frame(principal, now, language) | {
        # Of a page that was posted, too, the address that can be asked for again.
        "here": f"{WORDINGS_URL}/{key}",
        "wording": stands,
        "typed": typed,
        "looks": desk.looks(key, vi=typed.vi, en=typed.en, language=language),
        "said_aloud": False,
        "publishers": {each: officer.name for each, officer in known.items() if officer},
        "may_publish": EDITOR in principal.callers,
        "published": request.query_params.get("published") == str(stands["version"]) and not errors,
        "wordings_url": WORDINGS_URL,
        "action": f"{WORDINGS_URL}/{key}",
        "errors": errors,
    }
    return page(request, "wordings/one.html", context, status=status)


async def _one_of(request: MotcuaRequest, callers: frozenset[Caller] | set[Caller]) -> Principal | None:
    """The officer of this session; raises `Forbidden` for one who is none of these."""
    principal = await officer_of(request)
    if principal is not None and not principal.callers & callers:
        raise Forbidden
    return principal


def _desk(request: MotcuaRequest) -> Wordings:
    desk: Wordings = request.app.state.wordings
    return desk


def _typed(form: dict[str, str]) -> Typed:
    """A message is one line, so a line break in a field is a space."""
    vi, en, note = (" ".join(form.get(name, "")[:LONGEST_FIELD].splitlines()) for name in Typed._fields)
    return Typed(vi, en, note)


def _error(each: dict[str, str]) -> dict[str, str]:
    return {"field": each["pointer"].removeprefix("/"), "message": each["detail"]}


def _told(key: str, version: int) -> str:
    return f"{WORDINGS_URL}/{key}?published={version}"


wordings_handlers: Final[list[Any]] = [
    show_wordings,
    show_wording,
    show_looks,
    change_wording,
    go_back,
    hold_back,
    let_go,
]
