"""The dozen cells every change is tried with; the whole matrix is `make faults` (docs/faults.md)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.faults.cells import SMOKE
from app.faults.house import House, running_house
from app.faults.matrix import Cell, play

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("installation")
    async with running_house(folder, seed=1) as house:
        yield house


@pytest.mark.parametrize("cell", SMOKE, ids=lambda cell: cell.name)
async def test_nothing_is_lost(installation: House, cell: Cell) -> None:
    outcome = await play(installation, cell, seed=1)

    assert outcome.holds, outcome.wrong
    assert outcome.acknowledged > 0
