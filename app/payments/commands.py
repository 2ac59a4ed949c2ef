"""`motcua put-tariff`: prices and exemptions of a new decision, from a file."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import rich_click as click

from app.core.clock import current_time
from app.core.errors import Refusal, in_one_line

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def tariff_command(run: Run) -> click.Command:
    """The command; `run` does its work against the stores of the settings."""

    @click.command("put-tariff")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--json", "as_json", is_flag=True)
    def put_tariff(*, file: Path, as_json: bool) -> None:
        """Let the postage and exemptions of FILE stand from its first day (docs/tariffs.md)."""
        from app.payments import tariff_file, tariffs  # noqa: PLC0415 - only this command needs them

        try:
            decided = tariff_file.read(file.read_bytes())
            changed = run(lambda: tariffs.put_tariff(decided, now=current_time()))
        except Refusal as wrong:
            raise click.ClickException(in_one_line(wrong)) from None
        summary = {
            "decision": decided.decision,
            "valid_from": decided.valid_from.isoformat(),
            "changed": changed,
        }
        click.echo(
            json.dumps(summary, ensure_ascii=False)
            if as_json
            else f"{decided.decision}: from {decided.valid_from}, {changed} row(s) new."
        )

    return put_tariff
