"""One POST to a provider's HTTP interface, and what may be concluded from how it ended."""

from datetime import timedelta
from typing import Any, Final, NamedTuple

import httpx

from notifications.classification import Verdict
from notifications.port import Rejected, Sending, Unknown

TIMEOUT_S: Final = 10.0
LONGEST_PAUSE_S: Final = 900
LONGEST_ANSWER: Final = 100_000


class Answer(NamedTuple):
    """A JSON object, whatever the status."""

    status: int
    body: dict[str, Any]
    pause: timedelta | None


def open_client(*, timeout_s: float = TIMEOUT_S) -> httpx.AsyncClient:
    """Follows nothing and trusts no environment: a provider is where the settings say."""
    return httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False)


async def post(client: httpx.AsyncClient, url: str, **what: Any) -> Answer | Sending:
    """The answer, or what follows from there being none that can be read.

    Nothing left us when no connection came about; once it did, silence and garbage leave the fate unknown.
    """
    try:
        response = await client.post(url, **what)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as reason:
        if "CERTIFICATE" in str(reason):
            return Rejected(Verdict.CONFIGURATION, "certificate")
        return Rejected(Verdict.TEMPORARY, "connection")
    except (httpx.HTTPError, OSError) as reason:
        return Unknown(type(reason).__name__)
    return _read(response)


def _read(response: httpx.Response) -> Answer | Sending:
    status, pause = response.status_code, pause_of(response)
    try:
        body = response.json() if len(response.content) <= LONGEST_ANSWER else None
    except ValueError:
        body = None
    return Answer(status, body, pause) if isinstance(body, dict) else by_status(status, pause)


def by_status(status: int, pause: timedelta | None) -> Sending:
    """What follows where the provider's own words say nothing. 503 with `Retry-After` took nothing."""
    if status == 429 or (status == 503 and pause is not None):
        return Rejected(Verdict.TEMPORARY, str(status), pause)
    if 300 <= status < 500:
        return Rejected(Verdict.CONFIGURATION, str(status))
    return Unknown(f"http {status}")


def pause_of(response: httpx.Response) -> timedelta | None:
    """`Retry-After` in seconds (RFC 9110 10.2.3); a date is not worth reading here."""
    asked = response.headers.get("retry-after", "")
    known = asked.isascii() and asked.isdecimal()
    return timedelta(seconds=min(LONGEST_PAUSE_S, int(asked))) if known else None
