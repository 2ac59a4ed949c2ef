"""`motcua faults`: the matrix at a terminal."""

import json
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TextIO

import rich_click as click
from rich.console import Console

if TYPE_CHECKING:
    from app.faults.matrix import Cell, Outcome

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def faults_command(run: Run, *, err: Console) -> click.Command:
    """The command; `run` does its work, `err` says how each cell went."""

    @click.command()
    @click.option("--cell", "names", multiple=True, help="Only this one (more than once for several).")
    @click.option("--smoke", is_flag=True, help="The dozen that every change is tried with.")
    @click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100))
    @click.option("--first-seed", default=1, show_default=True, type=int)
    @click.option("--json", "as_json", is_flag=True, help="One JSON object a cell and seed on stdout.")
    @click.option(
        "--chaos", default=0, metavar="N", help="N appointments in peace, and N with random faults."
    )
    @click.option("--list", "listed", is_flag=True, help="Name the cells and end.")
    @click.option(
        "--table", metavar="FILE", type=click.File("r"), help="The table of what --json wrote there."
    )
    def faults(
        *,
        names: tuple[str, ...],
        smoke: bool,
        seeds: int,
        first_seed: int,
        as_json: bool,
        listed: bool,
        chaos: int,
        table: TextIO | None,
    ) -> None:
        """Break the running installation, one thing at a time, and look what is lost (docs/faults.md)."""
        from app.faults.cells import BY_NAME, CELLS, SMOKE
        from app.faults.runs import play_all

        if unknown := set(names) - set(BY_NAME):
            err.print(
                f"motcua: no cell is called {', '.join(sorted(unknown))}; see `motcua faults --list`."
            )
            sys.exit(2)
        chosen = [BY_NAME[name] for name in names] or list(SMOKE if smoke else CELLS)
        if listed:
            click.echo(
                "\n".join(f"{cell.name}: {cell.target}, {cell.when}, {cell.fault}" for cell in chosen)
            )
            return

        if table is not None:
            from app.faults.table import table as as_table

            click.echo(as_table(chosen, table), nl=False)
            return
        if chaos:
            sys.exit(run(_chaos(chaos, first_seed, err=err)))
        teller = _Teller(err, as_json=as_json)
        wanted = range(first_seed, first_seed + seeds)
        outcomes = run(play_all(chosen, wanted, told=teller.told, skipped=teller.skipped))
        sys.exit(int(any(not outcome.holds for outcome in outcomes)))

    return faults


async def _chaos(appointments: int, seed: int, *, err: Console) -> int:
    """Both runs, as JSON; 1 where anything was lost or does not hold."""
    from app.faults import chaos

    code = 0
    for troubled in (False, True):
        err.print(f"{appointments} appointments, {'things break' if troubled else 'in peace'} …")
        figures = await chaos.run(appointments, seed=seed, troubled=troubled)
        click.echo(json.dumps({"troubled": troubled} | figures.as_dict(), ensure_ascii=False))
        code |= int(figures.lost > 0 or bool(figures.wrong))
    return code


class _Teller:
    """Says how each cell went, as it goes."""

    def __init__(self, err: Console, *, as_json: bool) -> None:
        self._err, self._as_json = err, as_json

    def told(self, outcome: "Outcome") -> None:
        if self._as_json:
            click.echo(json.dumps(outcome.as_dict(), ensure_ascii=False))
        words = "holds" if outcome.holds else f"DOES NOT HOLD: {outcome.wrong}"
        self._err.print(
            f"{outcome.cell}, seed {outcome.seed}, {outcome.took_s:.0f} s,"
            f" {outcome.acknowledged} acknowledged: {words}"
        )

    def skipped(self, cell: "Cell", why: str) -> None:
        if self._as_json:
            click.echo(json.dumps({"cell": cell.name, "cannot_run": why}))
        self._err.print(f"{cell.name}: cannot run here: {why}")
