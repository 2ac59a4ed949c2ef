"""Errors told without their words: the kind of each, the places it passed, what the database refused.

PostgreSQL says the row it refuses, a decoder the value it cannot read, `KeyError` the key: any of them may
be a phone or a number, and none may reach a log (ASVS 5.0 16.2.5). An error of ours that has something to
say of nobody, as a neighbour's code, has it as `tellable`.
"""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import asyncpg

DEEPEST: Final = 40


def without_words(reason: BaseException) -> str:
    """The error and those that led to it, newest first, a line per place."""
    return "\n".join(line for each in _chain(reason) for line in _told(each))


def _chain(reason: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = reason
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def in_short(reason: BaseException) -> str:
    """One line for a column: the kind and the place of the error, and of each that led to it."""
    return ", from ".join(_kind_and_place(each) for each in _chain(reason))


def _kind_and_place(reason: BaseException) -> str:
    frames = traceback.extract_tb(reason.__traceback__)
    if not frames:
        return _kind(reason)
    path = Path(frames[-1].filename)
    return f"{_kind(reason)} at {path.parent.name}/{path.name}:{frames[-1].lineno} {frames[-1].name}"


def _kind(reason: BaseException) -> str:
    kind = f"{type(reason).__module__}.{type(reason).__qualname__}"
    if isinstance(reason, asyncpg.PostgresError):
        refused = getattr(reason, "constraint_name", None) or ""
        kind = f"{kind} [{reason.sqlstate}] {refused}".rstrip()
    if tellable := getattr(reason, "tellable", ""):
        kind = f"{kind} [{tellable}]"
    return kind


def _told(reason: BaseException) -> Iterator[str]:
    yield _kind(reason)
    for frame in traceback.extract_tb(reason.__traceback__)[-DEEPEST:]:
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"
    if isinstance(reason, BaseExceptionGroup):
        for each in reason.exceptions:
            yield from _told(each)


class WordlessFormatter(logging.Formatter):
    """For what libraries log themselves: the first line of each, and errors without words.

    asyncio adds the `repr` of the future that failed, error and all, on a line of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return super().formatMessage(record).partition("\n")[0]

    def formatException(  # noqa: N802 - the library's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return "" if ei[1] is None else without_words(ei[1])
