"""Many cells, one after another, each house used as long as it holds."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from app.faults.house import running_house
from app.faults.matrix import Cell, Outcome, play

Told = Callable[[Outcome], None]
Skipped = Callable[[Cell, str], None]


async def play_all(
    cells: Sequence[Cell], seeds: Sequence[int], *, told: Told, skipped: Skipped
) -> list[Outcome]:
    """Every cell with every seed; a house that did not hold is left for a new one."""
    runnable = []
    for cell in cells:
        why = cell.lacks()
        if why is None:
            runnable.append(cell)
        else:
            skipped(cell, why)
    outcomes: list[Outcome] = []
    waiting = [(cell, seed) for seed in seeds for cell in runnable]
    while waiting:
        with tempfile.TemporaryDirectory(prefix="motcua-faults-", ignore_cleanup_errors=True) as folder:
            holds = True
            try:
                async with running_house(Path(folder), seed=waiting[0][1]) as house:
                    while waiting and holds:
                        cell, seed = waiting.pop(0)
                        outcomes.append(await play(house, cell, seed=seed))
                        told(outcomes[-1])
                        holds = outcomes[-1].holds
            except TimeoutError:
                # What broke there may also keep it from ending; that is no reason to leave out the rest.
                if holds:
                    raise
    return outcomes
