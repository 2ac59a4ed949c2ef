"""What a whole run of the matrix came to, as the table of docs/faults-run.md."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.faults.matrix import Cell

HEAD: Final = (
    "| Cell | What breaks | Seeds | Holds | Acknowledged | Told to wait | Sends at most | Ready after |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def table(cells: Sequence[Cell], lines: Iterable[str]) -> str:
    """Markdown of outcomes as `motcua faults --json` wrote them, one object a line.

    A cell is one line whatever the number of its seeds; what was played again counts as it went last. A
    cell without an outcome says so, and one that cannot run says why: nothing is left out.
    """
    played: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    lacking: dict[str, str] = {}
    for line in lines:
        outcome = json.loads(line)
        if "cannot_run" in outcome:
            lacking[outcome["cell"]] = outcome["cannot_run"]
        else:
            played[outcome["cell"]][outcome["seed"]] = outcome
    rows = [
        _row(cell, [played[cell.name][seed] for seed in sorted(played[cell.name])], lacking.get(cell.name))
        for cell in cells
    ]
    outcomes = [outcome for seeds in played.values() for outcome in seeds.values()]
    held = sum(outcome["holds"] for outcome in outcomes)
    times = f"{len(outcomes)} times in all, {held} held"
    return f"{len(cells)} cells are named; {len(played)} were played, {times}.\n\n{HEAD}" + "".join(rows)


def _row(cell: Cell, outcomes: Sequence[dict[str, Any]], lacks: str | None) -> str:
    what = f"{cell.target}, {cell.when}: {cell.fault}".replace("|", "\\|")
    if not outcomes:
        return f"| `{cell.name}` | {what} | – | {lacks or 'not played'} | | | | |\n"
    seeds = ", ".join(str(outcome["seed"]) for outcome in outcomes)
    wrong = [
        f"not seed {outcome['seed']}: {_broken(outcome)}" for outcome in outcomes if not outcome["holds"]
    ]
    acknowledged, waited = (
        sum(outcome[name] for outcome in outcomes) for name in ("acknowledged", "waited")
    )
    sends = max(outcome["most_sends"] for outcome in outcomes)
    ready = [outcome["ready_after_s"] for outcome in outcomes]
    longest = "never" if None in ready else f"{max(ready):.1f} s"
    return (
        f"| `{cell.name}` | {what} | {seeds} | {'; '.join(wrong) or 'yes'} | {acknowledged} | {waited}"
        f" | {sends} | {longest} |\n"
    )


def _broken(outcome: dict[str, Any]) -> str:
    return ", ".join(sorted(outcome["wrong"]))
