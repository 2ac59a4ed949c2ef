"""Starts the process a content is judged in, and believes it no more than it must."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
import structlog

import app
from app.core.later import Later
from app.documents.inspection.verdict import HEIC, JPEG, Reason, Verdict
from app.documents.rules import type_of

log: Final = structlog.get_logger(__name__)

# At once: each may take a gigabyte and a processor.
AT_ONCE: Final = 2
TURN_WITHIN_S: Final = 3.0
# Longer than the CPU it may use: a busy machine is not the file's fault. Shorter than a drainer's lease.
ANSWER_WITHIN_S: Final = 16.0
AGAIN_AFTER: Final = timedelta(seconds=15)
ROOT: Final = str(Path(next(iter(app.__path__))).parent)
# What of the caller's environment the other process gets: nothing, but where the program is.
ENVIRONMENT: Final = {"PYTHONPATH": ROOT, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}

_turns = asyncio.Semaphore(AT_ONCE)


async def look_into(content: bytes, *, declared: str) -> Verdict:
    """What another process says of a content; raises `Later` when this machine is too busy to say.

    A process that ends without an answer was ended by what it read: too costly when a limit ended it,
    damaged otherwise.
    """
    try:
        await asyncio.wait_for(_turns.acquire(), TURN_WITHIN_S)
    except TimeoutError:
        raise Later(AGAIN_AFTER) from None
    try:
        return await _asked(content, declared)
    finally:
        _turns.release()


async def _asked(content: bytes, declared: str) -> Verdict:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-s", "-P", "-m", "app.documents.inspection", declared),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(content), ANSWER_WITHIN_S)
    except TimeoutError:
        raise Later(AGAIN_AFTER) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        log.warning("inspection_ended", reason=str(process.returncode))
        return Verdict(_ended_by(process.returncode))
    return _believed(msgspec.msgpack.decode(answer, type=Verdict), declared)


def _ended_by(returncode: int | None) -> Reason:
    """The limit of CPU says so itself; a reader that ran out of memory is aborted by its own library."""
    if returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        return Reason.TOO_COSTLY
    return Reason.EXPANDS_TOO_MUCH if returncode == -signal.SIGABRT else Reason.DAMAGED


def _believed(verdict: Verdict, declared: str) -> Verdict:
    """Nothing is served under a type its bytes do not have, whatever a captured process says."""
    if verdict.reason is None:
        expected = JPEG if declared == HEIC else declared
        told = expected if verdict.content is None else type_of(verdict.content)
        kept_image = verdict.content is None and declared != "application/pdf"
        if kept_image or not (verdict.content_type == told == expected):
            return Verdict(Reason.DAMAGED)
    return verdict
