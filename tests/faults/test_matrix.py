"""The dozen cells of the fault matrix that a change is tried with (`make test-faults`); all: `make faults`.

Not part of `make test` yet: on a slow machine a cell may wait its whole bound, and a dozen of those is
longer than the suite.

Played by the command, in a process of its own: a house opens stores this process has open already.
"""

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from app.faults.cells import SMOKE

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not os.environ.get("MOTCUA_LONG"), reason="MOTCUA_LONG=1 plays it"),
]


@pytest.fixture(scope="module")
async def outcomes() -> dict[str, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "faults", "--smoke", "--seeds", "1", "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await process.communicate()
    assert said, complained.decode()
    return {line["cell"]: line for line in map(json.loads, said.splitlines())}


@pytest.mark.parametrize("cell", [cell.name for cell in SMOKE])
async def test_nothing_is_lost(outcomes: dict[str, dict[str, Any]], cell: str) -> None:
    outcome = outcomes[cell]
    if "cannot_run" in outcome:
        pytest.skip(outcome["cannot_run"])
    assert outcome["holds"], outcome["wrong"]
    assert outcome["acknowledged"] > 0
