"""A process for every officer of a centre, all accepting dossiers while the day changes.

`python -m tests.dossiers.midnight` reads one JSON line (`Shift`), becomes as many processes as there are
tickets, and ends when each has accepted what it was told to on either side of midnight. A process prints
its id and the number for each dossier it accepted. The program is loaded once; everything else each has for
itself, the connection to PostgreSQL above all.
"""

import asyncio
import os
import signal
import sys
import uuid
from datetime import date

import msgspec

from app.core import keys as core_keys
from app.core.clock import FastClock, current_time, local_date, set_clock
from app.core.crypto import Keyring
from app.core.database import DB, DatabaseUnavailable
from app.dossiers import operations
from app.dossiers.operations.accept import Applicant


class Shift(msgspec.Struct):
    """What the processes are told: where, by which clock, from which tickets, how often a day."""

    database_url: str
    clock: str
    centre_id: uuid.UUID
    procedure: str
    tickets: list[uuid.UUID]
    each: int
    first_day: date


def main() -> None:
    """Split into one process a ticket and wait for all of them; all end when one of them fails."""
    shift = msgspec.json.decode(sys.stdin.readline(), type=Shift)
    for ticket_id in shift.tickets:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                asyncio.run(_officer(shift, ticket_id))
                code = 0
            finally:
                os._exit(code)
    for _ in shift.tickets:
        _, status = os.waitpid(-1, 0)
        # Who was killed is the test's business; when one failed the others need not go on.
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            os.killpg(os.getpgrp(), signal.SIGKILL)


async def _officer(shift: Shift, ticket_id: uuid.UUID) -> None:
    core_keys.install(
        core_keys.Keys(
            signing={}, fields=Keyring({1: b"\x01" * 32}), index=b"\x02" * 32, codes=b"", pages=b""
        )
    )
    set_clock(FastClock.parse(shift.clock))
    await DB.open(shift.database_url, size=1)
    owed = {False: shift.each, True: shift.each}
    # On the first day it goes on until the day is over: somebody is always in the middle of it.
    while owed[True] > 0:
        now = current_time()
        try:
            file = await operations.accept(
                centre_id=shift.centre_id,
                procedure_code=shift.procedure,
                ticket_id=ticket_id,
                seal=None,
                applicant=Applicant("Nguyễn Thị Lan", None, None, "vi"),
                components=[],
                return_mode="counter",
                now=now,
            )
        except DatabaseUnavailable:  # It waited too long for the row: nothing was kept, and it asks again.
            continue
        _say(f"{os.getpid()} {file.dossier.number}")
        owed[local_date(now) > shift.first_day] -= 1
    await DB.close()


def _say(line: str) -> None:
    """Whole lines, however many processes write: one call each."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


if __name__ == "__main__":
    main()
