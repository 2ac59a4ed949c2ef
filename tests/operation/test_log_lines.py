"""A volume that is full takes no lines of the log; nobody's work ends of it."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
PROGRAM = """
import logging, structlog
from app.entrance import configure_logging
from app.log_lines import DROPPED
configure_logging("info")
structlog.get_logger().warning("said", count=1)
logging.getLogger("somebody").error("said")
[dropped] = [each.value for each in DROPPED.collect()[0].samples if each.name.endswith("_total")]
print("went on", dropped)
"""


@pytest.mark.skipif(not FULL.exists(), reason=f"{FULL} is not there")
@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_a_line_a_full_volume_does_not_take_is_counted_and_the_work_goes_on(unbuffered: str) -> None:
    environment = {"PYTHONUNBUFFERED": unbuffered}
    with FULL.open("w") as full:
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            stdout=subprocess.PIPE,
            stderr=full,
            env=environment,
            check=False,
        )

    assert told.stdout.decode().split() == ["went", "on", "2.0"]
