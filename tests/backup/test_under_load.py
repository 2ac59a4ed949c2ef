"""A backup beside a running installation, put back on a machine that has nothing but the key file."""

import asyncio
import hashlib
import json
import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from app.documents import store
from tests.faults.conftest import House, until
from tests.faults.test_restarts import Load

pytestmark = pytest.mark.faults

CLIENTS = 6


async def motcua(*arguments: str, data_dir: Path) -> tuple[int, dict[str, Any]]:
    """One command as an operator runs it, and its JSON."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    } | {"MOTCUA_DATA_DIR": str(data_dir)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", *arguments,
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await process.communicate()
    assert said, complained.decode()
    return process.returncode or 0, json.loads(said)


async def test_a_backup_under_load_is_equal_on_an_empty_machine(house: House, tmp_path: Path) -> None:
    folder = house.supervisor.settings.data_dir
    store.open_store(f"file://{folder / 'documents'}")
    scans = [uuid.uuid4().bytes for _ in range(20)]
    for scan in scans:
        await store.put(hashlib.sha256(scan).digest(), scan)
    load = Load(house, await house.citizens(4000), await house.starts())
    clients = [asyncio.create_task(load.client()) for _ in range(CLIENTS)]

    async def acknowledged(at_least: int) -> bool:
        return len(load.acknowledged) >= at_least

    try:
        await until("load before", lambda: acknowledged(25))
        before = len(load.acknowledged)
        code, made = await motcua("backup", str(tmp_path / "saved"), "--json", data_dir=folder)
        during = len(load.acknowledged) - before
        still_loaded = bool(load.people)
    finally:
        load.stop.set()
        await asyncio.gather(*clients)
    assert code == 0
    assert still_loaded
    assert during > 0
    assert set(load.statuses) <= {200, 201, 409, 422}, "nobody was refused for the backup's sake"
    assert (made["contents"], made["gone"]) == (20, [])

    machine = tmp_path / "machine"
    machine.mkdir(mode=0o700)
    shutil.copy(folder / "keys.json", machine)
    code, restored = await motcua(
        "restore", str(tmp_path / "saved"), "--verify", "--json", data_dir=machine
    )
    assert (code, restored["equal"], restored["differences"], restored["faults"]) == (0, True, [], [])
    assert (restored["tables"], restored["rows"]) == (made["tables"], made["rows"])


async def test_without_the_key_file_nothing_is_restored(house: House, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "restore", str(tmp_path),
        env=dict(os.environ) | {"MOTCUA_DATA_DIR": str(tmp_path / "machine")},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, complained = await process.communicate()
    assert process.returncode == 1
    assert complained.decode().startswith("motcua: The key file")
    assert not (tmp_path / "machine").exists()
