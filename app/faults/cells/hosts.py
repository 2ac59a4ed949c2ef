"""Hosts and deployments: a full log volume, a wrong clock, an old worker beside a new one."""

import asyncio
import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import httpx

from app.faults.house import MEMBERS, House
from app.faults.links import Mode
from app.faults.matrix import Act, Cell, Scene

FULL: Final = "/dev/full"
INTO_FULL: Final = (
    "import os, sys; full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1); os.dup2(full, 2);"
    " os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
WORKER: Final = ("-m", "app.cli", "worker")
# A worker fans out a fact it knows at once: who is still there after two seconds was left.
LEFT_READY: Final = """
SELECT count(*) FROM outbox WHERE state = 'ready' AND occurred_at < clock_timestamp() - interval '2 seconds'
"""


async def log_full(scene: Scene) -> None:
    """Every line of every log is refused by its volume."""
    house = scene.house
    for name in MEMBERS:
        arguments = house.supervisor.api_arguments() if name == "api" else list(WORKER)
        await house.renew(name, ["-c", INTO_FULL, *arguments])
    # Something to complain about, so that lines are really refused.
    for member in house.members.values():
        member.postgres.set(Mode.REFUSE)
        await member.postgres.cut()
    await asyncio.sleep(2)
    for member in house.members.values():
        member.postgres.set(Mode.PASS)
    await scene.load.enough(10)
    for name in MEMBERS:
        await house.renew(name)


def no_full_device() -> str | None:
    return None if os.path.exists(FULL) else f"{FULL} is not there"  # noqa: PTH110


async def old_beside_new(scene: Scene) -> None:
    """One worker knows nothing of confirmations; what it does not know stays for the other."""
    house = scene.house
    await house.renew("worker-1", ["-m", "app.faults.older"])
    await house.stop("worker-2")
    before = len(scene.load.confirmed)
    await scene.load.enough(5)

    async def left() -> bool:
        return int(await house.sql(LEFT_READY)) > 0

    try:
        await house.until("the old worker to leave what it does not know", left, within_s=20)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    waiting = await house.sql("SELECT count(*) FROM outbox WHERE state = 'ready'")
    scene.notes.append(f"{waiting} facts waited for the new worker")
    house.members["worker-2"].wanted.set()
    await house.until_all_run()
    await scene.load.enough(5)
    scene.expect(len(scene.load.confirmed) >= before + 10, "booking did not go on")
    await house.renew("worker-1")


def library() -> Path | None:
    """libfaketime, where its wheel is installed."""
    found = find_spec("libfaketime")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations)))
    return next(iter(sorted(folder.rglob("libfaketime*.so.1"))), None)


def no_library() -> str | None:
    return None if library() else "libfaketime is not installed"


def clock_off(by: timedelta) -> Act:
    """The API's and the workers' host is wrong; the database's is right."""

    async def act(scene: Scene) -> None:
        house, file = scene.house, library()
        for name in MEMBERS:
            await house.renew(
                name,
                extra={
                    "LD_PRELOAD": str(file),
                    "FAKETIME": f"{by.total_seconds():+.0f}",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                },
            )
        scene.expect(await _not_ready(house), "it says it is ready")
        await asyncio.sleep(4)
        for name in MEMBERS:
            await house.renew(name)

    return act


async def _not_ready(house: House) -> bool:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        for _ in range(100):
            try:
                answer = await http.get(f"{house.api}/readyz")
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
                continue
            return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    return False


def _clock(name: str, fault: str, by: timedelta) -> Cell:
    return Cell(
        f"clock-{name}", "Clock", "app host", fault,
        "leases and places unaffected; `/readyz` says no", clock_off(by), lacks=no_library,
        before=5, after=5,
    )  # fmt: skip


CELLS: Final = (
    Cell(
        "log-volume-full", "Disk", "app host", "log volume full", "requests are served", log_full,
        lacks=no_full_device,
    ),
    Cell(
        "old-worker-beside-new", "Deploy", "rolling", "a worker that does not know a kind of work",
        "it stays for the one that does", old_beside_new,
    ),
    _clock("5-min-ahead", "+5 min", timedelta(minutes=5)),
    _clock("5-min-behind", "−5 min", timedelta(minutes=-5)),
    _clock("1-h-behind", "jumped back 1 h", timedelta(hours=-1)),
)  # fmt: skip
