"""The table of a run: every cell has a line, whatever came of it."""

import json

from app.faults.cells import BY_NAME, CELLS
from app.faults.table import table

HELD = {
    "cell": "redis-flushed", "seed": 1, "holds": True, "took_s": 9.0, "ready_after_s": 0.2,
    "acknowledged": 20, "waited": 3, "cut": 0, "most_sends": 1, "longest_s": 0.4, "wrong": {}, "notes": [],
}  # fmt: skip


def told(*outcomes: dict[str, object]) -> str:
    return table(CELLS, [json.dumps(outcome) for outcome in outcomes])


def line_of(cell: str, text: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{cell}` |")]
    return [column.strip() for column in line.strip("|").split("|")]


def test_seeds_of_a_cell_are_one_line() -> None:
    text = told(HELD, HELD | {"seed": 2, "most_sends": 2, "ready_after_s": 1.5, "acknowledged": 11})

    assert line_of("redis-flushed", text)[2:] == ["1, 2", "yes", "31", "6", "2", "1.5 s"]


def test_what_did_not_hold_says_what_and_which_seed() -> None:
    text = told(HELD, HELD | {"seed": 2, "holds": False, "wrong": {"I4": ["late"]}, "ready_after_s": None})

    assert line_of("redis-flushed", text)[3] == "not seed 2: I4"
    assert line_of("redis-flushed", text)[7] == "never"
    assert "2 times in all, 1 held" in text


def test_a_cell_played_again_counts_as_it_went_last() -> None:
    text = told(HELD | {"holds": False, "wrong": {"I4": ["late"]}}, HELD)

    assert line_of("redis-flushed", text)[3] == "yes"


def test_a_cell_that_was_not_played_is_named_and_why() -> None:
    text = told(HELD, {"cell": "log-volume-full", "cannot_run": "needs root"})

    assert line_of("log-volume-full", text)[3] == "needs root"
    assert line_of("worker-stopped", text)[3] == "not played"
    assert sum(line.startswith("| `") for line in text.splitlines()) == len(BY_NAME)
