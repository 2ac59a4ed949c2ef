"""`motcua registry-checks`: what registries owe, and what they did not confirm."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import rich_click as click

from partners.registries import checks

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def registry_checks_command(run: Run) -> click.Command:
    """The command; `run` does its work against the stores of the settings."""

    @click.command("registry-checks")
    @click.option("--json", "as_json", is_flag=True)
    def registry_checks(*, as_json: bool) -> None:
        """Look-ups of dossiers that are owed, or were no match; oldest first."""
        rows = run(checks.open_or_wrong)
        if as_json:
            click.echo(json.dumps([row._asdict() for row in rows], default=str))
            return
        for row in rows:
            click.echo(f"{row.number}  {row.registry}  {row.verdict or f'owed, {row.tries} tries'}")

    return registry_checks
