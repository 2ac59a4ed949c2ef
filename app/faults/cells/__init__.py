"""The cells, by what they break: each module is one group of lines of the table."""

from typing import Final

from app.faults.cells import (
    callbacks,
    clocks,
    deploys,
    disks,
    network,
    partner,
    processes,
    provider,
    stores,
    storms,
)
from app.faults.matrix import Cell

CELLS: Final[tuple[Cell, ...]] = (
    *processes.CELLS,
    *stores.CELLS,
    *network.CELLS,
    *provider.CELLS,
    *callbacks.CELLS,
    *partner.CELLS,
    *clocks.CELLS,
    *deploys.CELLS,
    *disks.CELLS,
    *storms.CELLS,
)
BY_NAME: Final[dict[str, Cell]] = {cell.name: cell for cell in CELLS}
SMOKE: Final[tuple[Cell, ...]] = tuple(cell for cell in CELLS if cell.smoke)
