"""PostgreSQL: one engine, one way to open a transaction.

Piccolo's own transaction leaks its connection when a task is cancelled, keeps a dead transaction in
its context variable after a lost commit, and treats a nested one as nothing at all. `transaction` has
none of the three: release and reset run in `finally`, the body's own error wins, and a second one
inside is an error. `docs/decisions/0004-our-own-unit-of-work.md` has the measurements.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final, TypeAlias, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from piccolo.engine.postgres import PostgresEngine
from piccolo.querystring import QueryString

from app.core.abandoned import LOOKED_FOR_EVERY_S, Pace, end_abandoned
from app.core.errors import Unavailable

# Quoted: the class takes its parameter from type checkers only, not while running.
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

# A pool of 8 to 16 beats a larger one on a contended slot (docs/decisions/0004).
POOL_SIZE: Final = 12
ACQUIRE_TIMEOUT_S: Final = 5.0
ASKED_AGAIN_EVERY_S: Final = 0.05
COMMAND_TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 3.0
CLOSE_TIMEOUT_S: Final = 5.0

SERVER_SETTINGS: Final = {
    "application_name": "motcua",
    "timezone": "UTC",
    "statement_timeout": "8000",
    "lock_timeout": "4000",
    "idle_in_transaction_session_timeout": "15000",
    # The server asks after whoever is silent, and ends the session of a host that is gone within half a
    # minute; by itself it would ask after two hours.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# What a restart, a full server or a cut network raises. A later attempt may succeed.
INTERRUPTIONS: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # The server ended the session while it was idle in a transaction: asyncpg loses its place.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    OSError,
    TimeoutError,
)


# After these a connection is of no use: its place in the conversation is lost, or nobody answers on it.
SILENCED: Final = (asyncpg.InternalClientError, TimeoutError)


class DatabaseUnavailable(Unavailable):
    """PostgreSQL cannot be reached, or has no connection to spare."""

    code = "database_unavailable"


class NestedTransaction(RuntimeError):
    """A transaction was opened inside another: two operations were nested, which is a mistake."""


class _Joined:
    """What Piccolo finds in its context variable while one of our transactions is open."""

    __slots__ = ("connection", "owner")

    def __init__(self, connection: Connection, owner: asyncio.Task[Any] | None) -> None:
        self.connection = connection
        self.owner = owner


class _Closable(asyncpg.Connection):  # type: ignore[misc]  # without types
    """The pool closes what it replaces in a task nobody waits for: that it gave no answer is known."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's signature
        with suppress(*INTERRUPTIONS):
            await super().close(timeout=timeout)


class Database(PostgresEngine):
    """The engine behind every table. Opened once per process and event loop."""

    def __init__(self) -> None:
        super().__init__(config={}, extensions=())
        self._looking: asyncio.Task[None] | None = None
        self._may_look = Pace(LOOKED_FOR_EVERY_S)
        self._may_renew = Pace(COMMAND_TIMEOUT_S)

    async def check_version(self) -> None:
        """Piccolo asks the server's version while the module is imported; `doctor` asks it instead."""

    async def open(self, dsn: str, *, size: int = POOL_SIZE) -> None:
        """Connect the pool, waiting for nothing: an unreachable server raises at once."""
        if self.pool is not None:
            raise RuntimeError("The database is already open.")
        self.config = {
            "dsn": dsn,
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": SERVER_SETTINGS,
        }
        try:
            self.pool = await asyncpg.create_pool(
                **self.config,
                min_size=min(2, size),
                max_size=size,
                connection_class=_Closable,
                reset=_reset,
                init=_speak_json,
            )
        except INTERRUPTIONS as reason:
            raise DatabaseUnavailable from reason

    async def close(self) -> None:
        pool, self.pool = self.pool, None
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking}, timeout=CLOSE_TIMEOUT_S)
        if pool is not None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    def look_for_abandoned(self) -> None:
        """In the background, and seldom: a lock was waited for in vain."""
        if (self._looking is None or self._looking.done()) and self._may_look.allows():
            self._looking = asyncio.create_task(self._look(dict(self.config)), name="abandoned")

    async def _look(self, config: dict[str, Any]) -> None:
        # Whoever waits for a lock again looks again.
        with suppress(*INTERRUPTIONS, asyncpg.InsufficientPrivilegeError):
            await end_abandoned(config)

    async def renew(self) -> None:
        """Somebody got no answer: connections that wait to be used may be as dead, so each is replaced
        when it is wanted. Otherwise one person could meet several, and wait for each.
        """
        if self.pool is not None and self._may_renew.allows():
            await self.pool.expire_connections()

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:  # noqa: FBT001, FBT002 - Piccolo's signature
        joined = _joined()
        if joined is not None and joined.owner is not asyncio.current_task():
            raise NestedTransaction("A task started inside a transaction must not use it.")
        if joined is None and self.pool is None:
            raise DatabaseUnavailable
        return await super().run_querystring(querystring, in_pool=in_pool)


async def _reset(connection: Connection) -> None:
    """Spare the round trip asyncpg spends on every release unless something was left open."""
    if connection.is_in_transaction():
        await connection.reset()


async def _speak_json(connection: Connection) -> None:
    """JSON columns stay text: msgspec reads and writes them."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_as_text, decoder=_as_text, schema="pg_catalog")


def _as_text(value: str) -> str:
    return value


DB: Final = Database()
# Piccolo's queries look here for the open transaction; ours has all they ask of it, `.connection`.
_CURRENT: Final[ContextVar[_Joined | None]] = cast("Any", DB.current_transaction)


def _joined() -> _Joined | None:
    return _CURRENT.get()


def _verdict(reason: Exception) -> Exception:
    """A wrong argument is filed under InterfaceError too: that one is ours, and stays an error."""
    return reason if isinstance(reason, ValueError) else DatabaseUnavailable()


def _pool() -> "asyncpg.Pool[asyncpg.Record]":
    if DB.pool is None:
        raise DatabaseUnavailable
    return DB.pool


async def _one_of(pool: "asyncpg.Pool[asyncpg.Record]") -> Connection:
    """A server may take no new session and serve those that are there: no place for one more, or a full
    volume of its tables, where it begins a session by writing a file. One of ours is waited for then.
    """
    until = time.monotonic() + ACQUIRE_TIMEOUT_S
    while True:
        left = until - time.monotonic()
        try:
            return await pool.acquire(timeout=max(left, ASKED_AGAIN_EVERY_S))
        except asyncpg.InsufficientResourcesError:
            if left <= 0 or pool.get_size() == 0:
                raise
        await asyncio.sleep(ASKED_AGAIN_EVERY_S)  # the pool tells nobody when one is given back


@asynccontextmanager
async def _acquired() -> AsyncIterator[Connection]:
    pool = _pool()
    try:
        connection = await _one_of(pool)
    except INTERRUPTIONS as reason:
        raise DatabaseUnavailable from reason
    try:
        yield connection
    finally:
        # Shielded by asyncpg itself, so a cancelled task still gives its connection back. A dead
        # connection complains while it is put away; the pool replaces it, and the body's error wins.
        with suppress(*INTERRUPTIONS):
            await pool.release(connection)


@asynccontextmanager
async def transaction() -> AsyncIterator[Connection]:
    """Open *the* transaction of one operation; Piccolo's queries join it.

    Raises `NestedTransaction` inside another, `DatabaseUnavailable` when PostgreSQL is away, also
    when the connection was lost during COMMIT (then the outcome is unknown, and an idempotency key
    resolves it).
    """
    if _joined() is not None:
        raise NestedTransaction("An operation was called inside another operation.")
    async with _acquired() as connection:
        token = _CURRENT.set(_Joined(connection, asyncio.current_task()))
        try:
            work = connection.transaction()
            await work.start()
            try:
                yield connection
            except TimeoutError:
                # Whoever did not answer a statement would keep us waiting as long for a ROLLBACK.
                _throw_away(connection)
                raise
            except BaseException:
                await _roll_back(work, connection)
                raise
            await work.commit()
        except INTERRUPTIONS as reason:
            await _learn(reason, connection)
            raise _verdict(reason) from reason
        finally:
            _CURRENT.reset(token)


async def _learn(reason: Exception, connection: Connection) -> None:
    """What an interruption says of other connections."""
    if isinstance(reason, SILENCED):
        _throw_away(connection)
    if isinstance(reason, TimeoutError):
        await DB.renew()
    if isinstance(reason, asyncpg.LockNotAvailableError):
        DB.look_for_abandoned()


async def _roll_back(work: Transaction, connection: Connection) -> None:
    """Undo what was done; a connection that cannot even do that is thrown away, not reused."""
    try:
        await work.rollback()
    except INTERRUPTIONS:
        _throw_away(connection)


def _throw_away(connection: Connection) -> None:
    # The pool may have noticed the loss first and taken the connection back by itself.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


@asynccontextmanager
async def reading() -> AsyncIterator[Connection]:
    """A connection for reads: the open transaction's, or one from the pool."""
    joined = _joined()
    if joined is not None:
        yield joined.connection
        return
    async with _acquired() as connection:
        try:
            yield connection
        except INTERRUPTIONS as reason:
            await _learn(reason, connection)
            raise _verdict(reason) from reason


def in_transaction() -> Connection:
    """The connection of the open transaction, for the few statements written as plain SQL."""
    joined = _joined()
    if joined is None:
        raise RuntimeError("This must be called inside an operation.")
    connection: Connection = joined.connection
    return connection


async def fetch(sql: str, *arguments: Any) -> Sequence[asyncpg.Record]:
    """Rows of one SQL statement, inside the open transaction or outside any."""
    async with reading() as connection:
        rows: Sequence[asyncpg.Record] = await connection.fetch(sql, *arguments)
        return rows


async def fetch_row(sql: str, *arguments: Any) -> asyncpg.Record | None:
    async with reading() as connection:
        return await connection.fetchrow(sql, *arguments)


async def fetch_value(sql: str, *arguments: Any) -> Any:
    async with reading() as connection:
        return await connection.fetchval(sql, *arguments)
