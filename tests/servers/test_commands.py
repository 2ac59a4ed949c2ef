"""What an operator has set wrong is told in one line, whatever is started."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

WITHIN_S = 60


async def complaint(folder: Path, *arguments: str, **environment: str) -> tuple[int | None, list[str]]:
    """Run a command that cannot start; its exit code and what it said on stderr, line by line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", *arguments),
        env=dict(os.environ) | {"MOTCUA_DATA_DIR": str(folder)} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        _, said = await process.communicate()
    return process.returncode, said.decode().splitlines()


NO_URLS = ("nonsense", "postgresql://x@127.0.0.1:notaport/x")
NOBODY = "postgresql://x@127.0.0.1:1/x"


@pytest.mark.parametrize(
    ("command", "url"),
    [
        *((command, url) for command in ("serve", "worker", "demo") for url in NO_URLS),
        # A worker waits for a server that is not there: tests/jobs/test_worker_process.py.
        *((command, NOBODY) for command in ("serve", "demo")),
    ],
)
async def test_a_wrong_database_url_ends_a_command_in_one_line(
    tmp_path: Path, command: str, url: str
) -> None:
    code, said = await complaint(
        tmp_path, command, DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1/0", MOTCUA_PORT="0"
    )

    assert code == 1
    assert len(said) == 1
    assert "DATABASE_URL" in said[0]
