"""What every request carries: an id, a language, and the strict reading of its body."""

import uuid
from typing import Any, Final

import uuid_utils
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.types import Empty, Scope

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
    return request_id_in(connection.scope)


def request_id_in(scope: Scope) -> str:
    """The id of the request, the same whoever asks; made by the first who does."""
    ours: dict[str, Any] = scope  # type: ignore[assignment]  # our own key
    found = ours.get("motcua_request_id")
    if found is None:
        found = ours["motcua_request_id"] = str(uuid_utils.uuid7())
    return str(found)


def header(scope: Scope, name: bytes) -> str:
    """The first header of that name (lower case), or nothing: without the framework's index of them all."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return ""


class MotcuaRequest(Request[Principal | None, Any, Any]):
    """Litestar's request, reading JSON strictly (TRUST: no coercion, no duplicate keys), and once."""

    _read: Any = Empty

    async def json(self) -> Any:
        if self._read is Empty:
            self._read = await self._decoded()
        return self._read

    async def _decoded(self) -> Any:
        body.require_json(self.content_type, self.headers.get("content-encoding", ""))
        annotation = getattr(self.route_handler, "parsed_data_field", None)
        target = annotation.annotation if annotation is not None else Any
        return body.decode(await self.body(), target)


def is_canonical(value: uuid.UUID, raw: str) -> bool:
    """Only `8-4-4-4-12` in lower case names a thing; other spellings name nothing."""
    return str(value) == raw
