"""The dozen cells of the fault matrix that every change is tried with; all: `make faults`.

Played by the command, in a process of its own: a house opens stores this process has open already. One
house for all of them, so they are one file, which one worker of xdist plays from top to bottom.
"""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

import pytest

from app.faults.cells import SMOKE

pytestmark = pytest.mark.faults

# A house opens within a minute and a cell takes a quarter of one; these are for a machine that does other
# things, too. Who is late is ended, and what follows is not waited for.
OPENS_WITHIN_S = 240
CELL_WITHIN_S = 120
ALL_WITHIN_S = 900
ENDS_WITHIN_S = 60
LAST_WORDS = 3000


class Matrix:
    """The command while it plays; one line of outcome after the other."""

    def __init__(self, process: asyncio.subprocess.Process, cells: list[str], said: Path) -> None:
        self.process, self.cells, self.said = process, cells, said
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.late = ""
        self.until = time.monotonic() + ALL_WITHIN_S

    @property
    def wanted(self) -> set[str]:
        return set(self.cells) - set(self.outcomes)

    async def outcome(self, cell: str) -> dict[str, Any]:
        """How a cell went; fails where it does not end in its time, or the command ended before."""
        while cell not in self.outcomes:
            if self.late:
                pytest.fail(f"{cell} was not played: {self.late}")
            await self._next(cell)
        return self.outcomes[cell]

    async def _next(self, cell: str) -> None:
        assert self.process.stdout is not None
        within_s = CELL_WITHIN_S if self.outcomes else OPENS_WITHIN_S + CELL_WITHIN_S
        within_s = min(within_s, max(0.0, self.until - time.monotonic()))
        try:
            async with asyncio.timeout(within_s):
                line = await self.process.stdout.readline()
        except TimeoutError:
            self.late = f"nothing was told for {within_s:.0f} s, waiting for {cell}"
            await self.end()
            pytest.fail(f"{self.late}: {self.last_words()}")
        if not line:
            self.late = f"the command ended before {cell}"
            pytest.fail(f"{self.late}: {self.last_words()}")
        told = json.loads(line)
        self.outcomes[told["cell"]] = told

    def last_words(self) -> str:
        return self.said.read_text(errors="replace")[-LAST_WORDS:]

    async def end(self) -> None:
        """By itself where all is told; else asked as Ctrl-C does. Its children end with it."""
        for by in (*([] if self.late or self.wanted else [None]), signal.SIGINT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                if by is not None:
                    self.process.send_signal(by)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDS_WITHIN_S):
                    await self.process.wait()
                    return


@pytest.fixture(scope="module")
async def matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Matrix]:
    """Plays the cells this run was asked for, and no other."""
    cells = [
        item.callspec.params["cell"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path and "cell" in item.fixturenames
    ]
    said = tmp_path_factory.mktemp("matrix") / "said.log"
    with said.open("wb") as log:
        process = await _start(cells, log)
    matrix = Matrix(process, cells, said)
    try:
        yield matrix
    finally:
        await matrix.end()


async def _start(cells: list[str], said: IO[bytes]) -> asyncio.subprocess.Process:
    """What it says besides goes to a file: nobody reads it meanwhile, and a full pipe stops who writes."""
    names = [part for cell in cells for part in ("--cell", cell)]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "faults", *names, "--seeds", "1", "--json",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=said,
    )  # fmt: skip


@pytest.mark.parametrize("cell", [cell.name for cell in SMOKE])
async def test_nothing_is_lost(matrix: Matrix, cell: str) -> None:
    outcome = await matrix.outcome(cell)
    if "cannot_run" in outcome:
        pytest.skip(outcome["cannot_run"])
    assert outcome["holds"], (outcome["wrong"], outcome["parts"])
    assert outcome["acknowledged"] > 0
