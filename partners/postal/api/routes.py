"""How a route of the partner API is declared: open to partners with a scope, and it says how it refuses."""

from typing import Any

from litestar import get, post, put

from app.core.errors import Refusal
from app.http.access import open_to
from app.http.principals import Caller
from app.http.problems import problems


def reads(path: str, *, scope: str, refuses: tuple[type[Refusal], ...] = (), **said: Any) -> get:
    """A question; `said` is its name and summary."""
    return get(path, **_of_partner(scope, refuses), **said)


def writes(
    path: str, *, scope: str, refuses: tuple[type[Refusal], ...], status_code: int = 201, **said: Any
) -> post:
    """Something done once for each Idempotency-Key."""
    return post(path, status_code=status_code, **_of_partner(scope, refuses), **said)


def puts(path: str, *, scope: str, refuses: tuple[type[Refusal], ...], **said: Any) -> put:
    """Something that is as it is said, however often it is said."""
    return put(path, **_of_partner(scope, refuses), **said)


def _of_partner(scope: str, refuses: tuple[type[Refusal], ...]) -> dict[str, Any]:
    declared: dict[str, Any] = {"tags": ["partner"], "opt": open_to(Caller.PARTNER, scope=scope)}
    return declared | ({"responses": problems(*refuses)} if refuses else {})
