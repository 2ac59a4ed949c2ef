"""The clock of our host is wrong, or jumps; the database's is right.

libfaketime stands between our processes and their clock, and reads a file for how far it is off: so a clock
can jump under a process that runs, and every process of the host shows the same.
"""

import functools
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import httpx

from app.faults.house import MEMBERS, House
from app.faults.matrix import Act, Cell, Scene
from app.http.tokens import LIFETIME

SYSTEMS: Final = Path("/usr/lib")
IS_OFF_WITHIN_S: Final = 30.0
RIGHT: Final = timedelta()
# A call begins by the time its process acts in, and is written to have ended by the database's.
IN_ANOTHER_TIME: Final = """
SELECT count(*) FROM message_attempt
 WHERE ended_at > $1 AND abs(extract(epoch FROM ended_at - started_at)) > 60
"""


def library() -> Path | None:
    """libfaketime, of the Python package or of the system's."""
    package = find_spec("libfaketime")
    places = [Path(place) for place in (package.submodule_search_locations or ())] if package else []
    found = [each for place in places for each in place.rglob("libfaketime*.so.1")]
    return next(iter(sorted([*found, *SYSTEMS.glob("*/faketime/libfaketime.so.1")])), None)


@functools.cache
def no_library() -> str | None:
    """Also where it is there and does not move a clock, as on another kind of machine."""
    file = library()
    if file is None:
        return "libfaketime is not installed"
    program = [sys.executable, "-c", "import time; print(time.time())"]
    environment = {**os.environ, "LD_PRELOAD": str(file), "FAKETIME": "+86400"}
    told = subprocess.run(program, env=environment, capture_output=True, check=False)  # noqa: S603 - ours
    shown = told.stdout.decode().strip()
    if told.returncode == 0 and float(shown) > datetime.now(UTC).timestamp() + 80_000:
        return None
    return f"{file.name} does not move a clock here"


def _behind_a_file(file: Path) -> dict[str, str]:
    """Waits are measured by the monotonic clock, which nobody sets."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }


def _set(file: Path, off: timedelta) -> None:
    """At once: nobody reads half of it."""
    new = file.with_suffix(".new")
    new.write_text(f"{off.total_seconds():+.0f}\n")
    new.replace(file)


def clock_jumps(off: timedelta) -> Act:
    """While people book; who carries a token of the right clock signs in again, as where it ran out."""

    async def act(scene: Scene) -> None:
        house, load, file = scene.house, scene.load, scene.house.folder / "clock"
        _set(file, RIGHT)
        for name in MEMBERS:
            await house.renew(name, extra=_behind_a_file(file))
        await load.enough(5)
        # Of the right clock and good for a moment more, where ours is ahead; just made, where it is behind.
        stamped = datetime.now(UTC) - (LIFETIME - off + timedelta(minutes=1) if off > RIGHT else RIGHT)
        [stranger] = await load.come(1, now=stamped)
        scene.expect(await load.read("/v1/me", stranger.headers) != 401, "a good token was refused before")
        load.hosts_clock = off
        began = await house.sql("SELECT clock_timestamp()")
        _set(file, off)
        try:
            await house.until("`/readyz` to say no", lambda: _is(house, 503), within_s=IS_OFF_WITHIN_S)
            refused = await load.read("/v1/me", stranger.headers)
            scene.expect(refused == httpx.codes.UNAUTHORIZED, f"a token of another time: {refused}")
            await load.enough(10)
            scene.expect(await _is(house, 503), "it says it is ready")
            elsewhen = await house.sql(IN_ANOTHER_TIME, began)
            scene.expect(elsewhen == 0, f"{elsewhen} calls were made in another time than the database's")
            scene.notes.append(f"{load.signed_in_again} signed in again")
        except TimeoutError as reason:
            scene.wrong.append(str(reason))
        finally:
            _set(file, RIGHT)
            await house.until("`/readyz` to say yes", lambda: _is(house, 200), within_s=IS_OFF_WITHIN_S)
            load.hosts_clock = RIGHT
            house.partner.client.sign_in_again()
        await load.enough(5)
        for name in MEMBERS:
            await house.renew(name)

    return act


async def _is(house: House, status: int) -> bool:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
        try:
            return (await http.get(f"{house.api}/readyz")).status_code == status
        except httpx.HTTPError:
            return False


def _clock(name: str, fault: str, off: timedelta) -> Cell:
    return Cell(
        f"clock-{name}", "Clock", "app host", fault,
        "`/readyz` says no; leases, places and messages unaffected; tokens of another time refused",
        clock_jumps(off), lacks=no_library, before=5, after=5, rides=0,
    )  # fmt: skip


CELLS: Final = (
    _clock("5-min-ahead", "jumps 5 min ahead", timedelta(minutes=5)),
    _clock("5-min-behind", "jumps back 5 min", timedelta(minutes=-5)),
    _clock("1-h-behind", "jumps back 1 h", timedelta(hours=-1)),
)
