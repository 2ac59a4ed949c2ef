"""The API as a process of its own, on this run's stores, with this run's keys."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from app.core import keys as core_keys

READY_WITHIN_S = 40


@pytest.fixture(scope="session")
async def served(opened: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a running API."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = dict(os.environ) | {
        "DATABASE_URL": opened.database_url,
        "REDIS_URL": opened.redis_url,
        "MOTCUA_DATA_DIR": str(folder),
        "MOTCUA_KEYS_FILE": str(_keys_file(folder)),
        "MOTCUA_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MOTCUA_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop"),
        *("--port", str(port), "--no-ws", "--log-level", "warning", "app.main:serve_factory"),
        env=environment,
    )
    try:
        await _until_ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def _keys_file(folder: Path) -> Path:
    """The keys installed in this process, as a file for the other one."""
    keys = core_keys.keys()
    path = folder / "keys.json"
    path.write_bytes(
        msgspec.json.encode(
            {
                "signing": keys.signing,
                "fields": {"1": (b"\x01" * 32).hex()},
                "index": keys.index.hex(),
                "codes": keys.codes.hex(),
                "pages": keys.pages.hex(),
            }
        )
    )
    return path


async def _until_ready(url: str) -> None:
    async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05)
