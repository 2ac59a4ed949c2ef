"""Problem documents (RFC 9457): the one table from kinds of refusal to HTTP statuses.

Whatever goes wrong leaves here: a refusal of the business, a complaint of the framework, an interrupted
dependency (503 with Retry-After), or a mistake of ours (500, with the request's id and nothing else).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from app.core import errors
from app.core.database import INTERRUPTIONS, DatabaseUnavailable
from app.core.errors import Refusal
from app.http.body import UnsupportedMedia
from app.http.requests import language_of, request_id_of

log: Final = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2

STATUS_OF: Final[Mapping[type[Refusal], int]] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}


class PreconditionRequired(errors.Malformed):
    code = "precondition_required"
    status = 428
    title = errors.Words("Thiếu điều kiện If-Match", "If-Match is missing")
    detail = errors.Words(
        "Hãy gửi If-Match với phiên bản đã xem.", "Send If-Match with the version you saw."
    )


class TooLarge(errors.Malformed):
    code = "too_large"
    status = 413
    title = errors.Words("Nội dung quá lớn", "The body is too large")
    detail = errors.Words("Nội dung vượt giới hạn.", "The body exceeds the limit.")


class MethodNotAllowed(errors.Malformed):
    code = "method_not_allowed"
    status = 405
    title = errors.Words("Phương thức không được phép", "Method not allowed")
    detail = errors.Words("Phương thức không được phép.", "The method is not allowed here.")


FRAMEWORK: Final[Mapping[int, type[Refusal]]] = {
    400: errors.Malformed,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMedia,
    429: errors.TooMany,
}


class FieldError(msgspec.Struct, omit_defaults=True):
    """One wrong field: where (JSON pointer, RFC 6901) and why."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, omit_defaults=True):
    """RFC 9457 problem details. Members beyond these carry what a client can use."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[FieldError] = []
    request_id: str = ""


def status_of(refusal: Refusal | type[Refusal]) -> int:
    own = getattr(refusal, "status", None)
    if own is not None:
        return int(own)
    kinds = (refusal if isinstance(refusal, type) else type(refusal)).__mro__
    return next(STATUS_OF[kind] for kind in kinds if kind in STATUS_OF)


def document(refusal: Refusal, language: str, *, request_id: str = "") -> dict[str, Any]:
    """The problem as plain values, ready to encode."""
    values: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": refusal.title.in_language(language),
        "status": status_of(refusal),
        "code": refusal.code,
        "detail": refusal.words(language),
    }
    if request_id:
        values["request_id"] = request_id
    return values | refusal.told_facts


def response_to(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    language = language_of(request)
    status = status_of(refusal)
    values = document(refusal, language, request_id=request_id_of(request))
    headers = {"Content-Language": language}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="motcua"'
    if status in (429, 503):
        headers["Retry-After"] = str(refusal.facts.get("retry_after", RETRY_AFTER_S))
    return Response(
        content=msgspec.json.encode(values, enc_hook=str),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def on_refusal(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    return response_to(request, refusal)


def on_interruption(request: Request[Any, Any, Any], reason: Exception) -> Response[bytes]:
    if isinstance(reason, ValueError):
        return on_mistake(request, reason)
    log.warning("dependency_interrupted", reason=type(reason).__name__)
    return response_to(request, DatabaseUnavailable())


def on_framework(request: Request[Any, Any, Any], reason: HTTPException) -> Response[bytes]:
    """Litestar's own complaints, in our words: its texts quote the query string."""
    if isinstance(reason, ValidationException):
        places = reason.extra if isinstance(reason.extra, list) else []
        found = [
            {
                "pointer": f"/{place.get('key', '')}",
                "code": "invalid_value",
                "detail": "The value is missing or not valid.",
            }
            for place in places
            if isinstance(place, dict)
        ]
        return response_to(request, _BadParameter(errors=found))
    kind = FRAMEWORK.get(reason.status_code)
    if kind is None:
        return on_mistake(request, reason)
    return response_to(request, kind())


def on_mistake(request: Request[Any, Any, Any], reason: Exception) -> Response[bytes]:
    """A mistake of ours: logged whole, told as an id."""
    log.error("unexpected_error", request_id=request_id_of(request), exc_info=reason)
    return response_to(request, _Unexpected())


class _BadParameter(errors.Malformed):
    code = "bad_parameter"
    detail = errors.Words("Một tham số không hợp lệ.", "A parameter is missing or not valid.")
    told = ("errors",)


class _Unexpected(Refusal):
    code = "unexpected_error"
    status = 500
    title = errors.Words("Lỗi hệ thống", "Unexpected error")
    detail = errors.Words(
        "Hệ thống gặp lỗi; hãy báo mã yêu cầu cho bộ phận hỗ trợ.",
        "Something went wrong on our side; give support the request id.",
    )


HANDLERS: Final[dict[Any, Any]] = {
    Refusal: on_refusal,
    HTTPException: on_framework,
    **dict.fromkeys(INTERRUPTIONS, on_interruption),
    Exception: on_mistake,
}


def problems(*refusals: type[Refusal]) -> dict[int, ResponseSpec]:
    """How a route may refuse, for its OpenAPI responses."""
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in refusals:
        by_status.setdefault(status_of(refusal), []).append(refusal)
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=", ".join(f"`{kind.code}`" for kind in kinds),
        )
        for status, kinds in sorted(by_status.items())
    }
