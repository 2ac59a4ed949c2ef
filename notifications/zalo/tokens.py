"""By what right we send: an access token of about a day, and the refresh token that buys the next one once.

Two processes must not spend the same refresh token: one renews under a lock that PostgreSQL holds for its
connection, and keeps what it got before anybody uses it. No transaction is open meanwhile.
"""

from datetime import timedelta
from typing import Final

import httpx

from app.channel_settings import ZaloSettings
from app.core.database import DB, Connection, fetch_row
from app.core.keys import keys
from notifications import calls
from notifications.classification import Verdict
from notifications.port import Rejected

PROVIDER: Final = "zalo"
RENEWED_BEFORE: Final = timedelta(minutes=5)
# Somebody else is renewing it: that takes no longer than a call.
LOOK_AGAIN: Final = timedelta(seconds=2)
LOCK: Final = 0x7A616C6F  # "zalo"
RENEW: Final = "/v4/oa/access_token"
CURRENT: Final = (
    "SELECT access_sealed, refresh_sealed, expires_at > clock_timestamp() + $2::interval AS fresh"
    " FROM channel_credential WHERE provider = $1"
)


class Tokens:
    """The access token of one official account, shared by every process through PostgreSQL."""

    def __init__(self, client: httpx.AsyncClient, settings: ZaloSettings) -> None:
        self._client = client
        self._settings = settings

    async def current(self) -> str | Rejected:
        """An access token, or why there is none now."""
        row = await fetch_row(CURRENT, PROVIDER, RENEWED_BEFORE)
        if row is not None and row["fresh"]:
            return _open("access", row["access_sealed"])
        pool = DB.pool
        assert pool is not None
        async with pool.acquire() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                return Rejected(Verdict.TEMPORARY, "renewing", LOOK_AGAIN)
            try:
                return await self._renew(connection)
            finally:
                await _unlock(connection)

    async def forget(self, access: str) -> None:
        """The provider does not take this one any more, whatever its age."""
        pool = DB.pool
        assert pool is not None
        row = await fetch_row(CURRENT, PROVIDER, RENEWED_BEFORE)
        if row is not None and _open("access", row["access_sealed"]) == access:
            await pool.execute(
                "UPDATE channel_credential SET expires_at = clock_timestamp()"
                " WHERE provider = $1 AND access_sealed = $2",
                PROVIDER,
                row["access_sealed"],
            )

    async def _renew(self, connection: Connection) -> str | Rejected:
        row = await connection.fetchrow(CURRENT, PROVIDER, RENEWED_BEFORE)
        if row is not None and row["fresh"]:
            return _open("access", row["access_sealed"])
        known = [] if row is None else [_open("refresh", row["refresh_sealed"])]
        # The one of the settings is spent at the first start; after that it is what an operator brings
        # when the chain broke, and harmless to try: a token that was used is refused.
        for refresh in dict.fromkeys([*known, str(self._settings.refresh_token)]):
            answer = await calls.post(
                self._client,
                f"{self._settings.oauth_url}{RENEW}",
                headers={"secret_key": str(self._settings.secret_key)},
                data={
                    "refresh_token": refresh,
                    "app_id": self._settings.app_id,
                    "grant_type": "refresh_token",
                },
            )
            if not isinstance(answer, calls.Answer):
                return Rejected(Verdict.TEMPORARY, "renewal")
            access = answer.body.get("access_token")
            following = answer.body.get("refresh_token")
            if answer.status == 200 and access and following:
                await _keep(connection, str(access), str(following), _lifetime(answer))
                return str(access)
            if answer.status >= 500 or answer.status == 429:
                return Rejected(Verdict.TEMPORARY, "renewal", answer.pause)
        return Rejected(Verdict.CONFIGURATION, "refresh_token")


async def _unlock(connection: Connection) -> None:
    """A connection that cannot give the lock back goes, and the lock with it."""
    try:
        await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
    except BaseException:
        connection.terminate()
        raise


def _lifetime(answer: calls.Answer) -> timedelta:
    """Seconds, as a number or as text; an hour where it says none."""
    told = str(answer.body.get("expires_in", ""))
    return timedelta(seconds=int(told) if told.isascii() and told.isdecimal() else 3600)


async def _keep(connection: Connection, access: str, refresh: str, lifetime: timedelta) -> None:
    await connection.execute(
        "INSERT INTO channel_credential (provider, access_sealed, refresh_sealed, expires_at, refreshed_at)"
        " VALUES ($1, $2, $3, clock_timestamp() + $4::interval, clock_timestamp())"
        " ON CONFLICT (provider) DO UPDATE SET access_sealed = EXCLUDED.access_sealed,"
        " refresh_sealed = EXCLUDED.refresh_sealed, expires_at = EXCLUDED.expires_at,"
        " refreshed_at = EXCLUDED.refreshed_at",
        PROVIDER,
        _seal("access", access),
        _seal("refresh", refresh),
        lifetime,
    )


def _place(kind: str) -> str:
    return f"channel_credential|{kind}_sealed|{PROVIDER}"


def _seal(kind: str, token: str) -> bytes:
    return keys().fields.encrypt(token.encode(), place=_place(kind))


def _open(kind: str, sealed: bytes) -> str:
    return keys().fields.decrypt(sealed, place=_place(kind)).decode()
