"""Idempotency-Key: the same key gives the same answer (draft-ietf-httpapi-idempotency-key-header).

The record shares the operation's transaction: an advisory lock while it runs (a second request with the
key gets 409, and a crash leaves nothing behind), the stored answer beside the change it reports. Kept:
2xx, and refusals that would be the same tomorrow (409, 410, 412, 422). Never kept: 401, 403, 429, 5xx.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec
from litestar import Response

from app.core.database import Connection, transaction
from app.core.errors import Conflict, Invalid, Malformed, Refusal, Words
from app.core.operation import companion
from app.http import problems
from app.http.principals import Audience, Principal
from app.http.requests import MotcuaRequest, language_of

R = TypeVar("R")
V = TypeVar("V")

KEY: Final = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
KEPT: Final = timedelta(hours=24)
KEPT_FOR_PARTNERS: Final = timedelta(days=7)
KEPT_REFUSALS: Final = frozenset({409, 410, 412, 422})
JSON: Final = "application/json"


class IdempotencyKeyRequired(Malformed):
    code = "idempotency_key_required"
    detail = Words("Thiếu tiêu đề Idempotency-Key.", "The Idempotency-Key header is missing.")


class IdempotencyKeyMalformed(Malformed):
    code = "idempotency_key_malformed"
    detail = Words(
        "Idempotency-Key gồm 1–128 ký tự A–Z a–z 0–9 . _ : -",
        "An Idempotency-Key has 1 to 128 of A–Z a–z 0–9 . _ : -",
    )


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    detail = Words(
        "Idempotency-Key này đã dùng cho một yêu cầu khác.",
        "This Idempotency-Key was used for another request.",
    )


class RequestInProgress(Conflict):
    code = "request_in_progress"
    detail = Words("Yêu cầu cùng khóa đang được xử lý.", "A request with this key is still running.")
    told = ("retry_after",)


class _Replayed(Exception):
    """The stored answer, on its way out past the operation."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.status = status
        self.body = body
        self.headers = headers


class Once:
    """Runs one operation for one request, at most once per key.

    Handlers take it as a dependency: `return await once(View.of, operations.book(...), status=201)`.
    """

    def __init__(self, request: MotcuaRequest, *, required: bool) -> None:
        self._request = request
        self._required = required

    async def __call__(
        self,
        view: Callable[[R], V],
        work: Awaitable[R],
        *,
        status: int = 200,
        etag: Callable[[R], str] | None = None,
    ) -> Response[V]:
        """The operation's result as a response; a replay, word for word, when the key was seen."""
        try:
            record = await self._record(view, status, etag)
        except Refusal:
            _discard(work)
            raise
        if record is None:
            return _answer(view, await work, status, etag)
        token = companion.set(record)
        try:
            result = await work
        except _Replayed as replayed:
            return _replay(replayed)
        except Refusal as refusal:
            await record.keep_refusal(refusal, language_of(self._request))
            raise
        finally:
            companion.reset(token)
        return record.answer or _answer(view, result, status, etag)

    async def alone(
        self, view: Callable[[R], V], work: Callable[[], Awaitable[R]], *, status: int = 200
    ) -> Response[V]:
        """For work that is several operations, each harmless when repeated: the answer is stored after
        them, so a replay is word for word, and a crash in between simply runs them again.
        """
        record = await self._record(view, status, None)
        if record is None:
            return _answer(view, await work(), status, None)
        try:
            async with transaction() as connection:
                await record.begin(connection)
        except _Replayed as replayed:
            return _replay(replayed)
        result = await work()
        async with transaction() as connection:
            await record.finish(connection, result)
        return _answer(view, result, status, None)

    async def _record(
        self, view: Callable[[R], V], status: int, etag: Callable[[R], str] | None
    ) -> "_Record | None":
        key = self._request.headers.get("idempotency-key")
        if key is None:
            if self._required:
                raise IdempotencyKeyRequired
            return None
        key = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
        if not KEY.fullmatch(key):
            raise IdempotencyKeyMalformed
        principal = self._request.scope.get("user")
        partner = isinstance(principal, Principal) and principal.audience is Audience.PARTNER
        return _Record(
            actor=f"{principal.audience}:{principal.id}"
            if isinstance(principal, Principal)
            else f"anyone:{self._request.client.host if self._request.client else ''}",
            operation=f"{self._request.method} {self._request.route_handler.operation_id}",
            key=key,
            fingerprint=await _fingerprint(self._request),
            kept=KEPT_FOR_PARTNERS if partner else KEPT,
            encode=lambda result: (
                status,
                msgspec.json.encode(view(result)),
                {"ETag": etag(result)} if etag else {},
            ),
        )


class _Record:
    """The row of one key, joining the operation's transaction."""

    def __init__(
        self,
        *,
        actor: str,
        operation: str,
        key: str,
        fingerprint: bytes,
        kept: timedelta,
        encode: Callable[[Any], tuple[int, bytes, Mapping[str, str]]],
    ) -> None:
        self.id = (actor, operation, key)
        self._fingerprint = fingerprint
        self._kept = kept
        self.encode = encode
        self.answer: Response[Any] | None = None

    async def begin(self, connection: Connection) -> None:
        (own,) = await self.begin_all(connection, [self])
        if own is not None:
            raise own

    async def begin_all(
        self, connection: Connection, company: "Sequence[_Record]"
    ) -> list[Exception | None]:
        """Two round trips for all: what a key stands for is looked up once its lock is held, not before."""
        locked = await connection.fetchval(
            "SELECT array_agg(pg_try_advisory_xact_lock(number) ORDER BY turn)"
            " FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (number, turn)",
            [each.number for each in company],
        )
        rows = await connection.fetch(
            "SELECT actor, operation, key, fingerprint, status, body, headers FROM idempotency_record"
            " JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (actor, operation, key)"
            " USING (actor, operation, key) WHERE expires_at > now()",
            *map(list, zip(*(each.id for each in company), strict=True)),
        )
        known = {(row["actor"], row["operation"], row["key"]): row for row in rows}
        # The lock is the connection's: two of one company would both get it.
        first = {each.id: each for each in reversed(company)}
        return [
            each.verdict(known.get(each.id))
            if free and first[each.id] is each
            else RequestInProgress(retry_after=1)
            for each, free in zip(company, locked, strict=True)
        ]

    @property
    def number(self) -> int:
        """What the advisory lock is taken on."""
        return int.from_bytes(hashlib.sha256("|".join(self.id).encode()).digest()[:8], signed=True)

    def verdict(self, row: Mapping[str, Any] | None) -> Exception | None:
        """None where the work is to be done: nothing is stored under this key."""
        if row is None:
            return None
        if row["fingerprint"] != self._fingerprint:
            return IdempotencyKeyReused()
        return _Replayed(row["status"], row["body"], msgspec.json.decode(row["headers"]))

    async def finish(self, connection: Connection, result: Any) -> None:
        await self.finish_all(connection, [(self, result)])

    async def finish_all(self, connection: Connection, answered: "Sequence[tuple[_Record, Any]]") -> None:
        await _write(connection, [each.keep(result) for each, result in answered])

    def keep(self, result: Any) -> tuple[Any, ...]:
        """The row of the result's answer; what is kept is what is sent, encoded once."""
        status, body, headers = self.encode(result)
        self.answer = Response(content=body, status_code=status, media_type=JSON, headers=dict(headers))
        return self.row(status, body, headers)

    async def keep_refusal(self, refusal: Refusal, language: str) -> None:
        """Remember a refusal that would be the same tomorrow; its own transaction rolled back."""
        status = problems.status_of(refusal)
        if status not in KEPT_REFUSALS or isinstance(refusal, (RequestInProgress, IdempotencyKeyReused)):
            return
        body = msgspec.json.encode(problems.document(refusal, language), enc_hook=str)
        async with transaction() as connection:
            await _write(connection, [self.row(status, body, {"Content-Type": problems.MEDIA_TYPE})])

    def row(self, status: int, body: bytes, headers: Mapping[str, str]) -> tuple[Any, ...]:
        """The answer as it is kept."""
        return (
            *self.id, self._fingerprint, status, body, msgspec.json.encode(headers).decode(), self._kept
        )  # fmt: skip


async def _write(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    await connection.execute(
        "INSERT INTO idempotency_record"
        " (actor, operation, key, fingerprint, status, body, headers, expires_at)"
        " SELECT actor, operation, key, fingerprint, status, body, headers, now() + kept"
        " FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bytea[],"
        " $7::jsonb[], $8::interval[]) AS made"
        " (actor, operation, key, fingerprint, status, body, headers, kept)"
        " ON CONFLICT (actor, operation, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,"
        " status = EXCLUDED.status, body = EXCLUDED.body, headers = EXCLUDED.headers,"
        " created_at = now(), expires_at = EXCLUDED.expires_at"
        " WHERE idempotency_record.expires_at <= now()",
        *map(list, zip(*rows, strict=True)),
    )


async def _fingerprint(request: MotcuaRequest) -> bytes:
    """SHA-256 over the decoded body and the path: `{"n":1}` and `{ "n": 1 }` are one request."""
    raw = await request.body()
    content_type = request.content_type[0]
    value = await request.json() if raw and content_type == JSON else raw
    canonical = msgspec.json.encode(value, order="sorted") if not isinstance(value, bytes) else raw
    digest = hashlib.sha256(request.scope["path"].encode() + b"\n" + canonical)
    return digest.digest()


def _answer(view: Callable[[R], V], result: R, status: int, etag: Callable[[R], str] | None) -> Response[V]:
    headers = {"ETag": etag(result)} if etag else {}
    return Response(content=view(result), status_code=status, media_type=JSON, headers=headers)


def _replay(replayed: _Replayed) -> Response[Any]:
    headers = dict(replayed.headers)
    media_type = headers.pop("Content-Type", JSON)
    return Response(
        content=replayed.body,
        status_code=replayed.status,
        media_type=media_type,
        headers=headers | {"Idempotent-Replayed": "true"},
    )


def _discard(work: Awaitable[Any]) -> None:
    close = getattr(work, "close", None)
    if close is not None:
        close()


async def provide_once(request: MotcuaRequest) -> Once:
    """For POSTs where the key is welcome."""
    return Once(request, required=False)


async def provide_once_required(request: MotcuaRequest) -> Once:
    """For the POSTs marked K in the contract."""
    return Once(request, required=True)
