"""`motcua messages`: what keeps messages from leaving, and what an operator does about it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import rich_click as click

from app.core.actor import act_as_operator
from app.core.clock import current_time, local
from notifications import holds
from notifications.limits import EVERYTHING, TEMPLATE
from notifications.templates import TEMPLATES

Run = Callable[[Callable[[], Awaitable[Any]]], Any]

ONE_WORDING: Final = click.option(
    "--template", type=click.Choice(sorted(TEMPLATES)), help="One wording only; without it everything."
)


def message_commands(run: Run) -> click.Group:
    """The commands; `run` does their work against the stores of the settings."""

    @click.group(invoke_without_command=True)
    @click.option("--json", "as_json", is_flag=True)
    @click.pass_context
    def messages(context: click.Context, *, as_json: bool) -> None:
        """What keeps messages from leaving: what is held, and ways left alone (docs/messages.md)."""
        if context.invoked_subcommand is None:
            _tell(run(_look), as_json=as_json)

    for command in (_hold(run), _let_go(run)):
        messages.add_command(command)
    return messages


def _hold(run: Run) -> click.Command:
    @click.command()
    @ONE_WORDING
    @click.option("--reason", required=True, help="Why; for colleagues, without names.")
    def hold(*, template: str | None, reason: str) -> None:
        """Let no message leave, codes neither; or none of one wording."""

        async def work() -> None:
            act_as_operator()
            await holds.hold(scope=_scope(template), reason=reason, officer_id=None, now=current_time())

        run(work)
        click.echo("Held. What is owed waits, and expires when its time is over.")

    return hold


def _let_go(run: Run) -> click.Command:
    @click.command(name="let-go")
    @ONE_WORDING
    def let_go(*, template: str | None) -> None:
        """Let messages, or those of one wording, leave again."""

        async def work() -> None:
            act_as_operator()
            await holds.let_go(scope=_scope(template), now=current_time())

        run(work)
        click.echo("Let go. They leave within half a minute.")

    return let_go


def _scope(template: str | None) -> str:
    return EVERYTHING if template is None else f"{TEMPLATE}{template}"


async def _look() -> dict[str, Any]:
    return {
        "holds": [row._asdict() for row in await holds.holds()],
        "ways_left_alone": [row._asdict() for row in await holds.ways_left_alone(now=current_time())],
    }


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, default=str))
        return
    for row in found["holds"]:
        since = f"{local(row['since']):%d/%m/%Y %H:%M:%S}"
        click.echo(f"held: {row['scope']} since {since}, {row['waiting']} waiting: {row['reason']}")
    for row in found["ways_left_alone"]:
        until = f"{local(row['open_until']):%H:%M:%S}"
        times = f"after {row['failures']} failure(s)"
        click.echo(f"left alone: {row['way']} until {until} {times}: {row['reason']}")
    if not any(found.values()):
        click.echo("Nothing keeps messages from leaving.")
