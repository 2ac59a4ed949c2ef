"""API and workers: killed at chosen moments, asked to end, stopped in their tracks."""

from typing import Final

from app.faults.matrix import Cell, Scene

API: Final = "API process"
WORKER: Final = "Worker"


async def kill_api(scene: Scene) -> None:
    await scene.house.kill("api")


async def kill_a_worker(scene: Scene) -> None:
    await scene.house.kill(scene.any_worker())


CELLS: Final = (
    Cell(
        "api-killed",
        API,
        "under load",
        "`kill -9`",
        "the same key gives the same appointment",
        kill_api,
        smoke=True,
    ),
    Cell(
        "worker-killed",
        WORKER,
        "under load",
        "`kill -9`",
        "what it had claimed is claimed again when its lease is over",
        kill_a_worker,
        smoke=True,
    ),
)
