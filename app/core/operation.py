"""One operation, one transaction: the decorator that says so.

`@operation` opens the transaction, runs the body, lets the request's idempotency record join it,
commits, and sends the wake-ups the body asked for. Serialisation failures and deadlocks are run again
from the start, which is safe because nothing of the first run was kept.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar

import asyncpg

from app.core import tracing
from app.core.database import Connection, DatabaseUnavailable, transaction
from app.core.wakeups import WAKEUPS, pending

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS: Final = 3


class Companion(Protocol):
    """Something that shares the operation's transaction: today, the idempotency record."""

    async def begin(self, connection: Connection) -> None: ...

    async def finish(self, connection: Connection, result: Any) -> None: ...

    async def begin_all(self, connection: Connection, company: Sequence[Any]) -> Sequence[Exception | None]:
        """`begin` of several of this kind at once: for each, what it would have raised."""

    async def finish_all(self, connection: Connection, answered: Sequence[tuple[Any, Any]]) -> None:
        """`finish` of several of this kind at once, each with its result."""


companion: ContextVar[Companion | None] = ContextVar("operation_companion", default=None)


def operation(body: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Run the function as one transaction; calling one operation inside another is an error."""

    name = f"{body.__module__}.{body.__name__}"

    @wraps(body)
    async def run(*args: P.args, **facts: P.kwargs) -> R:
        if not tracing.is_on():
            return await attempts(*args, **facts)
        with tracing.span(name):
            return await attempts(*args, **facts)

    async def attempts(*args: P.args, **facts: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await _once(body, *args, **facts)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as reason:
                if attempt == ATTEMPTS:
                    raise DatabaseUnavailable from reason
        raise AssertionError("unreachable")

    run.__operation__ = True  # type: ignore[attr-defined]  # read by tests/architecture
    return run


async def _once(body: Callable[P, Awaitable[R]], *args: P.args, **facts: P.kwargs) -> R:
    topics: set[str] = set()
    shared = companion.get()
    companion_token = companion.set(None)
    pending_token = pending.set(topics)
    try:
        async with transaction() as connection:
            if shared is not None:
                await shared.begin(connection)
            result = await body(*args, **facts)
            if shared is not None:
                await shared.finish(connection, result)
    finally:
        pending.reset(pending_token)
        companion.reset(companion_token)
    WAKEUPS.send(topics)
    return result
