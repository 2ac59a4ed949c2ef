"""A rendered page on its way out: policy headers, language, and the form's guard.

A form is guarded by a token: the MAC of a nonce the browser keeps in a cookie. Another site can make a
browser send the cookie, and cannot know the token.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from app.core.errors import Forbidden, Refusal, Words
from app.core.keys import keys
from app.http.problems import status_of
from app.http.requests import MotcuaRequest, language_of, request_id_of
from app.pages.i18n import LANGUAGE_COOKIE
from app.pages.templates import render

NONCE_COOKIE: Final = "motcua_nonce"
NONCE_BYTES: Final = 18
YEAR_S: Final = 365 * 24 * 3600
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}
BRAND: Final = {
    "name": "Một cửa Ninh Bình",
    "place": "",
    "help_phone": "1022",
    "help_hours": "07:00–17:00",
    "home_url": "/",
    "is_sample": True,
}


class FormNotOurs(Forbidden):
    code = "form_not_ours"
    detail = Words("Biểu mẫu đã hết hạn; hãy tải lại trang.", "The form has expired; load the page again.")


def nonce_of(request: MotcuaRequest) -> str:
    """The browser's nonce, made on its first page."""
    state: dict[str, Any] = request.scope["state"]
    return str(
        state.setdefault(
            NONCE_COOKIE, request.cookies.get(NONCE_COOKIE) or secrets.token_urlsafe(NONCE_BYTES)
        )
    )


def csrf_token(nonce: str) -> str:
    return hmac.new(keys().pages, f"csrf|{nonce}".encode(), hashlib.sha256).hexdigest()[:40]


async def form_of(request: MotcuaRequest) -> dict[str, str]:
    """The fields of a form that one of our pages sent; raises `FormNotOurs`."""
    origin = request.headers.get("origin")
    if origin not in (None, "null") and _host_of(str(origin)) != request.headers.get("host"):
        raise FormNotOurs
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    nonce = request.cookies.get(NONCE_COOKIE, "")
    # As bytes: a text that is not ASCII cannot be compared, and anybody may send one.
    given = fields.pop("_csrf_token", "").encode()
    if not nonce or not hmac.compare_digest(given, csrf_token(nonce).encode()):
        raise FormNotOurs
    if any("\x00" in value for value in fields.values()):
        raise FormNotOurs
    return fields


def _host_of(origin: str) -> str | None:
    """What is no address at all is another site too."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def version_of(fields: Mapping[str, str]) -> int:
    """Of what the form was filled in on; one that never was where there is none."""
    raw = fields.get("version", "")
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else -1


def layout(request: MotcuaRequest) -> dict[str, Any]:
    """What every page's frame needs."""
    query = request.scope["query_string"].decode("latin-1")
    here = request.scope["path"] + (f"?{query}" if query and request.method == "GET" else "")
    return {"here": here, "csrf_token": csrf_token(nonce_of(request)), "branding": BRAND}


def page(
    request: MotcuaRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    cookies: Sequence[Cookie] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """A page in the caller's language."""
    language = language_of(request)
    return Response(
        render(template, language=language, context=layout(request) | dict(context)),
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers=HEADERS | {"Content-Language": language} | dict(headers or {}),
        cookies=[*_cookies(request, language), *cookies],
    )


def go(request: MotcuaRequest, url: str, *cookies: Cookie) -> Redirect:
    """On to the next page with a GET (303)."""
    return Redirect(url, status_code=303, cookies=[*_cookies(request, language_of(request)), *cookies])


def cookie(request: MotcuaRequest, name: str, value: str, *, lasts_s: int | None = None) -> Cookie:
    secure = request.app.state.settings.public_url.startswith("https://")
    return Cookie(
        key=name, value=value, path="/", httponly=True, samesite="lax", secure=secure, max_age=lasts_s
    )


def _cookies(request: MotcuaRequest, language: str) -> list[Cookie]:
    made = [cookie(request, NONCE_COOKIE, nonce_of(request))]
    if request.query_params.get("lang") == language:
        made.append(cookie(request, LANGUAGE_COOKIE, language, lasts_s=YEAR_S))
    return made


def on_refusal(request: MotcuaRequest, refusal: Refusal) -> Response[str]:
    """What the business refuses, as a page."""
    language = language_of(request)
    status = status_of(refusal)
    problem = {
        "status": status,
        "title": refusal.title.in_language(language),
        "detail": refusal.words(language),
        "code": refusal.code,
    }
    context = {"problem": problem, "request_id": request_id_of(request), "retry_url": ""}
    return page(request, "problem.html", context, status=status)
