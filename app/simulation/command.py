"""`motcua simulate`: a day of a centre at a terminal."""

import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import rich_click as click

from app.settings import Settings

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def simulate_command(
    run: Run, wait: Callable[[], Awaitable[None]], *, wrong: type[Exception]
) -> click.Command:
    """The command; `run` does its work, `wait` serves until it is stopped, `wrong` is told in one line."""

    @click.command()
    @click.option("--speed", type=click.IntRange(1, 600), default=60, show_default=True)
    @click.option(
        "--load",
        type=click.FloatRange(0.05, 1.5),
        help="How busy counters are; left out, each group as busy as may be promised of it.",
    )
    @click.option("--seed", default=2026, show_default=True, help="The same seed is the same day.")
    @click.option("--until", type=click.IntRange(8, 23), default=23, help="Close the doors at this hour.")
    @click.option(
        "--couriers",
        type=click.IntRange(0, 12),
        default=3,
        show_default=True,
        help="How many couriers ride; 0 plays the hall alone.",
    )
    @click.option("--exit", "exit_after", is_flag=True, help="End after the day.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON summary on stdout.")
    def simulate(**day: Any) -> None:
        """Play the next working day of a centre fast, through the API, so that every page moves."""
        run(_simulate(wait, wrong, **day))

    return simulate


async def _simulate(
    wait: Callable[[], Awaitable[None]], wrong: type[Exception], *, as_json: bool, **day: Any
) -> None:
    from app.simulation.play import simulate as play  # noqa: PLC0415 - only this command loads the sample

    summary = await play(Settings.from_environment(), as_json=as_json, wait=wait, **day)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    if not summary["ok"]:
        raise wrong(f"The day did not end well: {summary['failed'] or 'somebody was forgotten'}.")
