"""Nothing in the matrix waits without an end, and what ends a wait says what was waited for."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from app.faults import waiting
from app.faults.invariants import told_by
from app.faults.matrix import Course
from app.supervisor import Child

SOON_S = 0.05


async def test_a_look_that_never_ends_is_ended_and_named() -> None:
    with pytest.raises(TimeoutError, match="waited 0 s for the tide"):
        await waiting.until("the tide", asyncio.Event().wait, within_s=SOON_S)


async def test_what_never_becomes_so_is_named() -> None:
    async def look() -> bool:
        return False

    with pytest.raises(TimeoutError, match="for the tide"):
        await waiting.until("the tide", look, within_s=SOON_S, every_s=0.001)


async def test_a_process_that_does_not_end_is_named() -> None:
    child = Child(
        "kiosk",
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
        ),
    )
    try:
        with pytest.raises(TimeoutError, match="for kiosk to end"):
            await waiting.ended(child, within_s=SOON_S)
    finally:
        child.process.kill()
    assert await waiting.ended(child, within_s=60) == -signal.SIGKILL
    assert child.process.stdin is not None
    child.process.stdin.close()


@pytest.mark.parametrize(("started_in_s", "times"), [(3.0, 1.0), (15.0, 1.0), (30.0, 2.0), (900.0, 4.0)])
def test_a_slow_machine_is_given_as_much_more_time_and_not_for_ever(
    started_in_s: float, times: float
) -> None:
    assert waiting.pace(started_in_s=started_in_s) == times


def test_a_part_that_fails_is_the_one_that_is_named() -> None:
    course = Course()
    with course.part("people come"):
        pass
    with pytest.raises(TimeoutError), course.part("the fault"):
        raise TimeoutError
    assert course.now == "the fault"
    assert list(course.parts) == ["people come", "the fault"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nothing is told", []),
        ("to +84912345678: sent", ["x.log tells 9123…"]),
        ("at 1709123456781", ["x.log tells 9123…"]),
        ("Bearer aaa.bbb.signature-of_it", ["x.log tells sign…"]),
        ("redis://:p/w+1@127.0.0.1", ["x.log tells p/w+…"]),
        ("91234567 8", []),
    ],
)
def test_a_log_that_tells_is_found_whatever_stands_around_it(
    tmp_path: Path, line: str, told: list[str]
) -> None:
    (tmp_path / "x.log").write_text(f"before\n{line}\nafter\n")
    found = told_by([tmp_path / "x.log"], {"912345678", "signature-of_it"}, {"p/w+1"})
    assert found == told
