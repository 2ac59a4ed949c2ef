"""Full volumes: no log line is taken any more, no row finds room."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from app.faults.cells.stores import SAME_PROCESSES, keeping_processes
from app.faults.house import MEMBERS, WORKERS, House
from app.faults.links import Mode
from app.faults.matrix import Cell, Scene
from app.servers.ports import free_port

DISK: Final = "Disk"
FULL: Final = Path("/dev/full")
INTO_FULL: Final = (
    "import os, sys; full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1); os.dup2(full, 2);"
    " os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
WORKER: Final = ("-m", "app.cli", "worker")
DROPPED: Final = "motcua_log_lines_dropped_total"
TABLES: Final = "base"
LOG_OF_WRITES: Final = "pg_wal"
# What a server says that is not there, or not yet again; anything else was said by one that is.
GONE: Final = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
)
# What a folder has more than it fills, before somebody else's file takes it.
SPARE: Final = 64 * 1024 * 1024
BLOCK: Final = 256 * 1024
COUNTED_WITHIN_S: Final = 30.0
TOLD_AT_LEAST: Final = 5
SERVED_AGAIN: Final = 5
TOLD_WITHIN_S: Final = 60.0


async def log_full(scene: Scene) -> None:
    """Every line of every log is refused by its volume."""
    house, ports = scene.house, {name: free_port() for name in WORKERS}
    for name in MEMBERS:
        arguments = house.supervisor.api_arguments() if name == "api" else list(WORKER)
        extra = {"MOTCUA_WORKER_METRICS_PORT": str(ports[name])} if name in ports else None
        await house.renew(name, ["-c", INTO_FULL, *arguments], extra)
    addresses = (house.api, *(f"http://127.0.0.1:{port}" for port in ports.values()))

    async def counted() -> int:
        return sum([await _dropped(address) for address in addresses])

    # Something to complain about, so that lines are really refused.
    for member in house.members.values():
        member.postgres.set(Mode.REFUSE)
        await member.postgres.cut()
    try:
        await house.until("a refused line to be counted", counted, within_s=COUNTED_WITHIN_S)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    for member in house.members.values():
        member.postgres.set(Mode.PASS)
    await scene.load.enough(10)
    scene.notes.append(f"lines dropped and counted: {await counted()}")
    for name in MEMBERS:
        await house.renew(name)


async def _dropped(address: str) -> int:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        told = (await http.get(f"{address}/metrics")).text
    return sum(int(float(line.split()[-1])) for line in told.splitlines() if line.startswith(DROPPED))


def no_full_device() -> str | None:
    return None if FULL.exists() else f"{FULL} is not there"


async def tables_full(scene: Scene) -> None:
    """No row finds room: the volume of PostgreSQL's tables is full. Its log of writes has another."""
    async with _small_volume(scene.house, TABLES) as tables:
        ballast = tables / "of-somebody-else"

        async def full(scene: Scene) -> None:
            # Everybody has sessions again: PostgreSQL begins the first after a start by writing a file.
            await scene.house.until_all_run()
            await scene.load.enough(SERVED_AGAIN)
            try:
                await _nobody_finds_room(scene, ballast)
            finally:
                ballast.unlink()

        await keeping_processes(full)(scene)


async def _nobody_finds_room(scene: Scene, ballast: Path) -> None:
    load = scene.load
    before, booked = load.statuses[503], len(load.confirmed)

    async def told() -> bool:
        await asyncio.to_thread(_fill, ballast)
        return load.statuses[503] >= before + TOLD_AT_LEAST

    try:
        await scene.house.until("people to be told to wait", told, within_s=TOLD_WITHIN_S)
    except TimeoutError as reason:
        scene.wrong.append(str(reason))
    known = next(each for each in load.acknowledged if each.path == "/v1/appointments")
    read = await load.read("/v1/appointments", known.headers)
    scene.expect(read == httpx.codes.OK, f"reading was answered {read}")
    booked = len(load.confirmed) - booked
    scene.notes.append(
        f"{load.statuses[503] - before} times told to wait, {booked} booked into pages there were"
    )


async def writes_full(scene: Scene) -> None:
    """PostgreSQL's log of writes finds no room, and PostgreSQL ends itself rather than lose one."""
    house, load = scene.house, scene.load
    async with _small_volume(house, LOG_OF_WRITES) as volume:
        ballast, before = volume / "of-somebody-else", load.statuses[503]

        async def ended() -> bool:
            await asyncio.to_thread(_fill, ballast)
            try:
                await house.sql("SELECT pg_switch_wal()")
            except GONE:
                return True
            return False

        async def told() -> bool:
            return load.statuses[503] >= before + TOLD_AT_LEAST

        try:
            await house.until("PostgreSQL to end itself", ended, within_s=TOLD_WITHIN_S)
            await house.until("people to be told to wait", told, within_s=TOLD_WITHIN_S)
        except TimeoutError as reason:
            scene.wrong.append(str(reason))
        finally:
            ballast.unlink()
        await house.restart_postgres()
        scene.notes.append(f"{load.statuses[503] - before} times told to wait")


def _fill(ballast: Path) -> None:
    """What room there is, to the last byte."""
    with ballast.open("ab", buffering=0) as file:
        for size in (BLOCK, 4096):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


@contextlib.asynccontextmanager
async def _small_volume(house: House, name: str) -> AsyncIterator[Path]:
    """A folder of PostgreSQL's on a volume of its own that has little to spare, and back."""
    postgres = house.servers.postgres
    assert postgres is not None
    folder = Path(await house.sql("SHOW data_directory")) / name
    away = folder.with_name(f"{name}.away")
    await postgres.stop()
    try:
        await asyncio.to_thread(folder.rename, away)
        await asyncio.to_thread(folder.mkdir, 0o700)
        held = sum(each.stat().st_blocks * 512 for each in away.rglob("*"))
        await asyncio.to_thread(_mount, folder, held + SPARE)
        try:
            # Whole blocks, also of zeros: a hole would want room when it is written to.
            await asyncio.to_thread(_copy, away, folder)
            await house.restart_postgres()
            yield folder
        finally:
            await postgres.stop()
            await asyncio.to_thread(_copy, folder, away)
            await asyncio.to_thread(_run, "umount", str(folder))
    finally:
        if not folder.is_mount():
            with contextlib.suppress(FileNotFoundError):
                folder.rmdir()
            await asyncio.to_thread(away.rename, folder)
        await house.restart_postgres()


def _copy(source: Path, target: Path) -> None:
    """As it is now: what is no longer in the source is not left in the target."""
    for old in target.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    _run("cp", "-a", "--sparse=never", f"{source}/.", str(target))


def _mount(place: Path, size: int) -> None:
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place))


def _run(*words: str) -> None:
    """Raises `OSError` with what the program said."""
    done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise OSError(f"{words[0]}: {done.stderr.strip()}")


def no_small_volume() -> str | None:
    """Only root mounts, and in a container perhaps not even root."""
    if os.geteuid() != 0:
        return "needs root: a small volume is mounted"
    with tempfile.TemporaryDirectory(prefix="motcua-volume-") as folder:
        try:
            _mount(Path(folder), BLOCK)
            _run("umount", folder)
        except OSError as reason:
            return f"needs root that may mount: {reason}"
    return None


CELLS: Final = (
    Cell(
        "log-volume-full", DISK, "app host", "log volume full",
        "requests are served; dropped lines are counted", log_full, lacks=no_full_device,
    ),
    Cell(
        "postgres-disk-full", DISK, "under load", "PostgreSQL's tables find no room (needs root)",
        f"{SAME_PROCESSES}; reading goes on", tables_full, lacks=no_small_volume,
    ),
    Cell(
        "postgres-writes-full", DISK, "under load", "PostgreSQL's log of writes finds no room (needs root)",
        f"it ends itself; {SAME_PROCESSES}", keeping_processes(writes_full), lacks=no_small_volume,
    ),
)  # fmt: skip
