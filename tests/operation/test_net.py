"""The net under the suite catches: a phone that comes out anywhere fails the session, and is not shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canaries.net import Net

ROOT = Path(__file__).parents[2]
PHONE = "+84987654321"
CODE = "271828"
LEAKS = f"""
import asyncio
import logging
import os
import subprocess
import sys

import httpx
import structlog

from app.core.crypto import Secret
from app.core.keys import Keys
from litestar import Litestar, get

PHONE = "+84" + "987654321"
SAYS = "import os, sys; print(os.environ['WORDS'], file=sys.stderr)"


def environment(**more):
    return dict(os.environ) | {{"WORDS": "told to " + PHONE}} | more


def test_logs():
    structlog.get_logger("x").info("told", reason="to " + PHONE, phone=PHONE)


def test_logs_of_libraries():
    logging.getLogger("a.library").error("told to %s", PHONE)


def test_a_process_that_writes_where_we_do():
    subprocess.run([sys.executable, "-c", SAYS], env=environment(), check=True)


async def test_a_process_read_through_a_pipe():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SAYS, env=environment(), stderr=asyncio.subprocess.PIPE
    )
    await process.communicate()


def test_a_process_that_writes_a_log(tmp_path):
    with (tmp_path / "of-its-own.txt").open("ab") as log:
        subprocess.run([sys.executable, "-c", SAYS], env=environment(), stderr=log, check=True)


def test_a_log_in_a_data_folder(tmp_path):
    (tmp_path / "postgres").mkdir()
    says = "import os, pathlib; pathlib.Path(os.environ['LOG']).write_text(os.environ['WORDS'])"
    log = str(tmp_path / "postgres" / "postgres.log")
    subprocess.run(
        [sys.executable, "-c", says], env=environment(LOG=log, MOTCUA_DATA_DIR=str(tmp_path)), check=True
    )


async def test_figures():
    @get("/metrics")
    async def metrics() -> str:
        return 'motcua_people{{phone="' + PHONE + '"}} 1'

    transport = httpx.ASGITransport(app=Litestar([metrics]))
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        await http.get("/metrics")


def test_a_password():
    Secret("correct-horse")
    structlog.get_logger("x").info("told", reason="correct-horse")


def test_a_code():
    Keys(signing={{}}, fields=None, index=b"", codes=b"1", pages=b"").code_digest("otp", "{CODE}")
    structlog.get_logger("x").info("told", reason="it is {CODE}")


def test_nobody_is_named():
    structlog.get_logger("x").info("told", phone=PHONE, took_ms={CODE}, request_id="0a84987654321")
    try:
        assert PHONE == "somebody"
    except AssertionError:
        pass
"""


def suite(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """A session of its own under the net."""
    (folder / "test_suite.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.canaries.plugin", "-p", "no:cacheprovider",
         "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-n", "1", str(folder)],
        cwd=ROOT, env=dict(os.environ) | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_whoever_is_told_anywhere_fails_the_session_and_the_test_is_named(tmp_path: Path) -> None:
    ended = suite(tmp_path, LEAKS)
    told = ended.stdout.partition("somebody is found")[2]

    assert "10 passed" in ended.stdout
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    for name in (
        "logs", "logs_of_libraries", "a_process_that_writes_where_we_do", "a_process_read_through_a_pipe",
        "a_process_that_writes_a_log", "a_log_in_a_data_folder", "figures", "a_password", "a_code",
    ):  # fmt: skip
        assert f"::test_{name}\n" in told
    assert "test_nobody_is_named" not in told
    assert "tells a phone" in told
    assert "tells a code" in told
    for secret in (PHONE, "987654321", CODE, "correct-horse"):
        assert secret not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "text",
    ["0912345678", "+84 told to +84912345678.", "84912345678", "for 037190999001", "eyJhbGciOi.eyJzdWIi",
     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "-----BEGIN EC PRIVATE KEY-----"],
)  # fmt: skip
def test_what_is_caught(text: str) -> None:
    net = Net()
    net.look("a log", text)
    assert len(net.finds) == 1


@pytest.mark.parametrize(
    "text",
    ["0.0912345678", "1764305600123", "018f6f2e-7c1a-7000-8000-012345678901", "2026-11-28T05:30:17.123456Z",
     "a0912345678", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
)  # fmt: skip
def test_what_is_not(text: str) -> None:
    net = Net()
    net.code("123456")
    net.look("a log", text)
    assert not net.finds


def test_a_secret_across_two_pieces_is_caught_once_and_masked() -> None:
    net = Net()
    net.look("a log", "x" * (64 * 1024 - 5) + " 0912345678 it was\n")
    [find] = net.finds
    assert "0912345678" not in find.line
