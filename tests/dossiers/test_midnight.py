"""Numbers at midnight: sixty-four processes of one centre, and the day changes under them.

Each is a process of the system with a connection of its own (`tests.dossiers.midnight`); the clock is the
installation's, moved over midnight in all of them at once. `MOTCUA_LONG=1` has each accept ten times more.
"""

import asyncio
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from app.core.clock import FastClock, Hands, at_local, local_date, machine_time
from app.core.database import fetch
from app.core.dossier_numbers import DossierNumber, parse_dossier_number
from app.queue.states import State
from tests.conftest import Stores
from tests.dossiers.midnight import Shift
from tests.queue.conftest import Hall, hall, open_hall, put, walk_in  # noqa: F401 - fixtures

PROCESSES = 64
EACH = 20 if os.environ.get("MOTCUA_LONG") else 2
MOMENT = timedelta(seconds=2)
WITHIN_S = 240


@asynccontextmanager
async def officers(shift: Shift) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.dossiers.midnight"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(shift) + b"\n")
    process.stdin.close()
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


@pytest.fixture
async def tickets(open_hall: Hall, now: datetime) -> list[uuid.UUID]:  # noqa: F811
    """As many people as processes, each being served at a counter."""
    found = []
    for _ in range(PROCESSES):
        ticket = await walk_in(open_hall, now)
        await put(ticket, State.SERVING, uuid.uuid4())
        found.append(ticket.id)
    return found


def line(raw: bytes) -> tuple[int, str]:
    """Whose, and which number."""
    person, number = raw.decode().split()
    return int(person), number


def enough(said: list[tuple[int, str]]) -> list[int]:
    """Who has accepted what was asked of a day."""
    return [person for person, times in Counter(person for person, _ in said).items() if times >= EACH]


def by_day(numbers: list[str]) -> dict[date, list[DossierNumber]]:
    found: dict[date, list[DossierNumber]] = {}
    for number in map(parse_dossier_number, numbers):
        found.setdefault(number.day, []).append(number)
    return found


@pytest.mark.parametrize("killed", [0, 4])
async def test_sixty_four_processes_accept_over_midnight_and_no_number_comes_twice(
    open_hall: Hall,  # noqa: F811
    tickets: list[uuid.UUID],
    opened: Stores,
    tmp_path: Path,
    killed: int,
) -> None:
    day = local_date(machine_time()) + timedelta(days=1)
    midnight = at_local(day + timedelta(days=1), 0)
    hands = Hands.standing(tmp_path / "hands")
    clock = FastClock(midnight - MOMENT, machine_time(), 1, str(tmp_path / "hands"))
    shift = Shift(opened.database_url, str(clock), open_hall.centre_id, open_hall.code, tickets, EACH, day)

    async with asyncio.timeout(WITHIN_S), officers(shift) as process:
        assert process.stdout is not None
        # It stays two seconds to midnight until all of them are at it.
        said: list[tuple[int, str]] = []
        while len(busy := enough(said)) < PROCESSES:
            heard = await process.stdout.readline()
            assert heard, "a process failed"
            said.append(line(heard))
        hands.skip(MOMENT)
        for person in busy[:killed]:  # in the middle of accepting one
            os.kill(person, signal.SIGKILL)
        said += map(line, (await process.stdout.read()).splitlines())
        assert await process.wait() == 0

    rows = await fetch("SELECT number, accepted_at FROM dossier")
    assert len(rows) == len({row["number"] for row in rows})
    # Whoever was killed may have had a number it could not tell; nobody was told one that is not there.
    given = [number for _, number in said]
    assert len(given) == len(set(given))
    assert set(given) <= {row["number"] for row in rows}
    assert len(rows) - len(given) <= killed
    days = by_day([row["number"] for row in rows])
    assert sorted(days) == [day, day + timedelta(days=1)]
    assert len(days[day]) >= PROCESSES * EACH
    assert len(days[day + timedelta(days=1)]) >= (PROCESSES - killed) * EACH
    for numbers in days.values():
        assert sorted(number.sequence for number in numbers) == list(range(1, len(numbers) + 1))
    # A number's day is the local day on which it was accepted, and that one only.
    assert all(parse_dossier_number(r["number"]).day == local_date(r["accepted_at"]) for r in rows)
