"""Programs that hold embedded servers, started as an operator would, and ended as the world would."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SOMEBODY = 12345  # no account has this number, and none is needed
WITHIN_S = 60.0


class Program:
    """One `python -m app.servers` and everything it started."""

    def __init__(self, popen: "subprocess.Popen[str]") -> None:
        self._popen = popen
        self.family: list[psutil.Process] = []

    def line(self) -> dict[str, str]:
        """Its one line, once the servers answer."""
        assert self._popen.stdout is not None
        words = self._popen.stdout.readline()
        assert words, self.errors()
        found: dict[str, str] = json.loads(words)
        return found

    def errors(self) -> str:
        """What it said on stderr until it ended."""
        assert self._popen.stderr is not None
        said = self._popen.stderr.read()
        self._popen.wait(WITHIN_S)
        return said

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    @property
    def servers(self) -> list[psutil.Process]:
        """Its servers and theirs, by name."""
        return psutil.Process(self._popen.pid).children(recursive=True)

    def signal(self, number: signal.Signals) -> int:
        """Send it, and wait until the program (not yet its servers) has ended."""
        self.family = self.servers
        self._popen.send_signal(number)
        return self._popen.wait(WITHIN_S)

    def close(self) -> None:
        """Its pipes."""
        self._popen.communicate()


Start = Callable[..., Program]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder that any user can be given; pytest's own lie below one that is closed."""
    path = Path(tempfile.mkdtemp(prefix="motcua-test-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(data_dir, user="nobody" | "somebody" | None, environment={...}, under=[...])`."""
    programs: list[Program] = []

    def begin(
        data_dir: Path,
        *,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        under: tuple[str, ...] = (),
        arguments: tuple[str, ...] = ("--not-durable",),
    ) -> Program:
        popen = subprocess.Popen(
            [
                *under, sys.executable, "-c", BECOME[user] + RUN,
                "--data-dir", str(data_dir), *arguments,
            ],
            cwd=ROOT,
            env=dict(os.environ) | {"PYTHONPATH": str(ROOT)} | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )  # fmt: skip
        programs.append(Program(popen))
        return programs[-1]

    yield begin
    for program in programs:
        if program.exit_code is None:
            program.signal(signal.SIGTERM)
        program.close()
        _, alive = psutil.wait_procs(program.family, WITHIN_S)
        assert not alive


def _as(user: int) -> str:
    """The interpreter may lie in a folder that others cannot open (a version manager in root's home), so
    the program is loaded first and becomes somebody else then; what it starts is theirs from the start.
    """
    return (
        "import concurrent.futures.thread, ctypes, encodings.ascii, encodings.idna, os\n"
        "import app.servers.__main__\n"
        f"os.setgroups([]); os.setgid({user}); os.setuid({user})\n"
        "ctypes.CDLL(None).prctl(4, 1)\n"  # as after an exec: its /proc is its own
        "os.environ['HOME'] = '/nonexistent'\n"
    )


BECOME: Mapping[str | None, str] = {
    None: "",
    "nobody": _as(65534),
    "somebody": _as(SOMEBODY),
}
RUN = "import sys; from app.servers.__main__ import main; sys.exit(main())"


def wait_until(condition: Callable[[], Any], *, within: float = WITHIN_S) -> None:
    """Ask again until it holds; fails loudly when it does not."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.02)  # between two questions about other processes


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until
