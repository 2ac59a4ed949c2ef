"""The press: one form, one process, gone with its form.

A process that is born for a form, limits itself and is ended by force when it is late leaves nothing
behind, whatever it was told. Two may work at once in one server; a few wait; whoever comes after is told to
try again.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from app.forms import typesetting
from app.forms.editions import TEMPLATES, Form
from app.forms.errors import FormNotPressed

log: Final = structlog.get_logger(__name__)

AT_ONCE: Final = 2
MOST_WAITING: Final = 20
SECONDS: Final = 15.0
# Nothing of ours and no secret; threads would only reserve memory.
ENVIRONMENT: Final = {"RAYON_NUM_THREADS": "1", "LANG": "C.UTF-8"}


class Sheet(NamedTuple):
    """All that is on a form: its edition's folder, its number, its facts as a template reads them."""

    folder: str
    form: Form
    facts: dict[str, Any]


class _Press:
    """Who works and who waits, in this process."""

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.waiting = 0


PRESS: Final = _Press()


async def pressed(sheet: Sheet, *, at: datetime, seconds: float = SECONDS) -> bytes:
    """The PDF (PDF/UA-1). The same sheet and moment give the same bytes.

    Raises `FormNotPressed` when too many wait, when it takes too long or when the process fails.
    """
    if PRESS.waiting >= MOST_WAITING:
        raise FormNotPressed
    PRESS.waiting += 1
    try:
        async with PRESS.turns:
            return await _set(sheet, at=at, seconds=seconds)
    finally:
        PRESS.waiting -= 1


async def _set(sheet: Sheet, *, at: datetime, seconds: float) -> bytes:
    told = msgspec.json.encode(
        {
            "template": str(TEMPLATES / sheet.folder / f"{sheet.form.value}.typ"),
            "facts": sheet.facts,
            "timestamp": int(at.timestamp()),
        }
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(Path(typesetting.__file__)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
        cwd="/",
    )
    try:
        pdf, said = await asyncio.wait_for(process.communicate(told), seconds)
    except TimeoutError:
        log.error("form_late", form=sheet.form.value)  # noqa: TRY400 - nothing of ours failed
        raise FormNotPressed from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not pdf.startswith(b"%PDF"):
        # The last line names the template's mistake; earlier ones could quote what people wrote.
        log.error("form_failed", form=sheet.form.value, code=process.returncode, size=len(said))
        raise FormNotPressed
    return pdf
