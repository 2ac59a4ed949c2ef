"""What every request carries: an id, a language, and the strict reading of its body."""

import uuid
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection

from app.core.ids import new_id
from app.http import body
from app.http.principals import Principal

LANGUAGES: Final = ("vi", "en")


def language_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """vi unless the caller prefers en: `?lang=`, the page cookie, then Accept-Language."""
    asked = connection.query_params.get("lang") or connection.cookies.get("lang")
    if asked in LANGUAGES:
        return str(asked)
    for part in connection.headers.get("accept-language", "").split(","):
        tag = part.split(";", 1)[0].strip().lower()[:2]
        if tag in LANGUAGES:
            return tag
    return "vi"


def request_id_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    scope: dict[str, Any] = connection.scope  # type: ignore[assignment]  # our own key
    return str(scope.setdefault("motcua_request_id", str(new_id())))


class MotcuaRequest(Request[Principal | None, Any, Any]):
    """Litestar's request, reading JSON strictly (TRUST: no coercion, no duplicate keys)."""

    async def json(self) -> Any:
        body.require_json(self.content_type, self.headers.get("content-encoding", ""))
        annotation = getattr(self.route_handler, "parsed_data_field", None)
        target = annotation.annotation if annotation is not None else Any
        return body.decode(await self.body(), target)


def is_canonical(value: uuid.UUID, raw: str) -> bool:
    """Only `8-4-4-4-12` in lower case names a thing; other spellings name nothing."""
    return str(value) == raw
