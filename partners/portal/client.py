"""The older contract over HTTP: POST of JSON with `session`, `madonvi` and `service` (DOMAIN 3.7).

Success is `error_code` "00" or 0. A session is kept some minutes; a refusal under a kept one is tried once
more under a new one, for the contract names no code for a session that is over.
"""

import asyncio
import time
from typing import Any, Final

import httpx
import msgspec

from app.core.crypto import Secret
from app.dossiers.exchange import Exchanged, Step
from app.dossiers.states import Status
from app.settings import PortalSettings
from partners.portal import wire
from partners.portal.port import PortalRefused, PortalUnavailable

SIGN_IN_PATH: Final = "/mapi/login"
SERVICE_PATH: Final = "/mapi/g"
TIMEOUT_S: Final = 8.0
SESSION_KEPT_S: Final = 300.0
LONGEST_ANSWER: Final = 1_000_000
CODE_LENGTH: Final = 20
SYNCHRONISE: Final = "DongBoHoSoMC"
PROGRESS: Final = "CapNhatTienDoHoSoMC"
LOOK_UP: Final = "TraCuuHoSo"


class _Found(msgspec.Struct):
    MaHoSo: str
    TrangThaiHoSo: str | int


class _Answer(msgspec.Struct):
    """What every service answers; the rest of it is not read."""

    error_code: str | int
    session: str = ""
    result: list[_Found] | None = None

    @property
    def is_success(self) -> bool:
        return self.error_code in ("00", "0", 0)


class HttpPortal:
    """A `NationalPortal`. One per process; calls may run side by side."""

    def __init__(
        self, client: httpx.AsyncClient, settings: PortalSettings, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = client
        self._base = settings.url.rstrip("/")
        self._agency = settings.agency
        self._user = settings.user
        self._password = settings.password
        self._timeout_s = timeout_s
        self._session = Secret("")
        self._session_until = 0.0
        self._signing_in = asyncio.Lock()

    async def status_of(self, number: str) -> int | None:
        try:
            answer = await self._call(LOOK_UP, {"mahoso": number})
        except PortalRefused as refusal:  # no word about the dossier: something between us is wrong
            raise PortalUnavailable(str(refusal)) from None
        found = [each for each in answer.result or [] if each.MaHoSo == number]
        if not found:
            return None
        try:
            return int(found[-1].TrangThaiHoSo)
        except ValueError:
            raise PortalUnavailable("a status that is no number") from None

    async def put(self, dossier: Exchanged, *, status: Status, known: bool) -> None:
        body = {"isUpdating": "True" if known else "False", "data": [wire.record(dossier, status)]}
        await self._call(SYNCHRONISE, body)

    async def step(self, dossier: Exchanged, step: Step) -> None:
        await self._call(PROGRESS, {"data": [wire.progress(dossier, step)]})

    async def sign_in(self) -> None:
        """A new session. Raises `PortalRefused` when the account is not accepted."""
        body = {"username": self._user, "password": self._password}
        answer = await self._post(SIGN_IN_PATH, body)
        if not answer.is_success or not answer.session:
            raise PortalRefused("login", str(answer.error_code)[:CODE_LENGTH])
        self._session = Secret(answer.session)
        self._session_until = time.monotonic() + SESSION_KEPT_S

    async def _call(self, service: str, body: dict[str, Any]) -> _Answer:
        fresh = await self._ensure_session()
        answer = await self._post(SERVICE_PATH, self._signed(service, body))
        if not answer.is_success and not fresh:
            self._session_until = 0.0
            await self._ensure_session()
            answer = await self._post(SERVICE_PATH, self._signed(service, body))
        if not answer.is_success:
            raise PortalRefused(service, str(answer.error_code)[:CODE_LENGTH])
        return answer

    async def _ensure_session(self) -> bool:
        """Whether a new one had to be asked for."""
        async with self._signing_in:
            if time.monotonic() < self._session_until:
                return False
            try:
                await self.sign_in()
            except PortalRefused as refusal:  # of us, not of the dossier that waits
                raise PortalUnavailable(str(refusal)) from None
            return True

    def _signed(self, service: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"session": str(self._session), "madonvi": self._agency, "service": service, **body}

    async def _post(self, path: str, body: dict[str, Any]) -> _Answer:
        try:
            async with asyncio.timeout(self._timeout_s):  # of the whole answer: a slow drip ends too
                answer = await self._client.post(self._base + path, json=body, follow_redirects=False)
            if answer.status_code != httpx.codes.OK or len(answer.content) > LONGEST_ANSWER:
                raise PortalUnavailable(f"HTTP {answer.status_code}")
            return msgspec.json.decode(answer.content, type=_Answer)
        except (httpx.HTTPError, msgspec.DecodeError, UnicodeDecodeError, TimeoutError, OSError) as reason:
            # The reason's text may quote what was sent; its kind says enough.
            raise PortalUnavailable(type(reason).__name__) from None
