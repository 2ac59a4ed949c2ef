"""`motcua partner-kit` and `motcua put-contract`: what an operator does about partners at a terminal."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import rich_click as click

from app.core.clock import current_time
from app.core.errors import Refusal, in_one_line

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def partner_commands(run: Run) -> list[click.Command]:
    """The commands; `run` does their work against the stores of the settings."""

    @click.command("put-contract")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    def put_contract(*, file: Path) -> None:
        """Write a contract with a courier partner (docs/contracts.md); the same decision replaces it."""
        from partners.postal.contract_file import put  # noqa: PLC0415 - only this command needs the rounds

        try:
            row = run(lambda: put(file.read_bytes(), now=current_time()))
        except Refusal as wrong:
            raise click.ClickException(in_one_line(wrong)) from None
        click.echo(f"{row.decision}: from {row.valid_from}, version {row.version}.")

    return [_partner_kit, put_contract]


@click.command("partner-kit", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _partner_kit(*, arguments: tuple[str, ...]) -> None:
    """Try the partner contract on the webhook of a postal IT department's test system."""
    from partners.postal.kit.command import partner_kit  # noqa: PLC0415 - it serves, others do not

    partner_kit.main(list(arguments), prog_name="motcua partner-kit")
