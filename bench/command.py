"""`motcua bench`: a bench at a terminal."""

import json
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import rich_click as click
from rich.console import Console
from rich.table import Table

from app.servers import running_servers
from app.settings import Settings
from bench import BENCHES, WITH_REDIS, WITHOUT_STORES

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def bench_command(run: Run, *, out: Console, err: Console) -> click.Command:
    """The command; `run` does its work, `out` shows figures, `err` says in a line what was wrong."""

    @click.command()
    @click.argument("name", required=False)
    @click.option("--json", "as_json", is_flag=True)
    @click.option("--long", "long_run", is_flag=True, help="Take the time a careful figure needs.")
    @click.option(
        "--instance",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="rounds: plan this file in Solomon's format; cost and routes as JSON.",
    )
    @click.option(
        "--cpu-seconds",
        type=click.FloatRange(min=0),
        default=10.0,
        show_default=True,
        help="For --instance.",
    )
    @click.option("--backlog", type=click.IntRange(min=10), help="messages: so many facts wait at once.")
    def bench(
        *,
        name: str | None,
        as_json: bool,
        long_run: bool,
        instance: Path | None,
        cpu_seconds: float,
        backlog: int | None,
    ) -> None:
        """Measure against a reference in the same run (bench/README.md)."""
        if instance is not None:
            _plan_instance(name, instance, cpu_seconds, err)
            return
        if name not in BENCHES:
            err.print(f"motcua: benches are {', '.join(sorted(BENCHES))}.")
            sys.exit(2)
        figures = run(_bench(name, long_run=long_run, backlog=backlog))
        if as_json:
            click.echo(json.dumps(figures))
        else:
            out.print(_as_table(figures))
        sys.exit(0 if all(figure["ok"] for figure in figures.values()) else 1)

    return bench


def _as_table(figures: dict[str, Any]) -> Table:
    table = Table("metric", "value", "unit", "reference", "ratio", "floor", "", box=None)
    for metric, figure in figures.items():
        table.add_row(
            metric,
            *(str(figure[key]) for key in ("value", "unit", "reference", "ratio", "floor")),
            "ok" if figure["ok"] else "BELOW",
        )
    return table


def _plan_instance(name: str | None, file: Path, cpu_seconds: float, err: Console) -> None:
    from app.rounds.planning.solomon import NotSolomon
    from bench import rounds

    if name != "rounds":
        err.print("motcua: --instance belongs to the bench rounds.")
        sys.exit(2)
    try:
        answer = rounds.of_instance(file.read_text(errors="replace"), cpu_seconds)
    except NotSolomon as wrong:
        err.print(f"motcua: {file.name} is not in Solomon's format: {wrong}.")
        sys.exit(2)
    click.echo(json.dumps(answer))
    sys.exit(1 if answer["violations"] else 0)


async def _bench(name: str, *, long_run: bool, backlog: int | None) -> dict[str, Any]:
    if name in WITHOUT_STORES:
        pure: dict[str, Any] = await BENCHES[name]("", long=long_run)
        return pure
    settings = Settings.from_environment()
    with tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder:
        async with running_servers(
            Path(folder), database_url=settings.database_url, redis_url=settings.redis_url
        ) as servers:
            more = {"redis_url": servers.redis_url, "backlog": backlog} if name in WITH_REDIS else {}
            figures: dict[str, Any] = await BENCHES[name](servers.database_url, long=long_run, **more)
            return figures
