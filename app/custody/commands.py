"""`motcua audit`: the chains of custody proven at a terminal, and what proves them printed."""

import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from app.custody.audit import Report, verify
from app.custody.queries import signed_heads

PATIENCE_S: Final = 2
Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def audit_commands(run: Run, *, console: Console) -> click.RichGroup:
    """The commands; `run` does their work against the stores of the settings."""

    @click.group()
    def audit() -> None:
        """Prove the chains of custody, or print what proves them."""

    @audit.command("verify")
    @click.option("--head", "kept", help="A head printed before and kept outside: it must still stand.")
    @click.option("--json", "as_json", is_flag=True)
    def audit_verify(*, kept: str | None, as_json: bool) -> None:
        """Recompute every chain and every signed head; name the first bad row of each."""
        report: Report = run(lambda: _verify_aloud(console, kept=kept, quiet=as_json))
        click.echo(json.dumps(report.as_dict()) if as_json else report.as_text())
        sys.exit(1 if report.faults else 0)

    @audit.command("heads")
    @click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only from this day on.")
    def audit_heads(*, since: datetime | None) -> None:
        """Print the signed heads, one a line, to be kept outside (JWS, ES256)."""
        for head in run(lambda: signed_heads(since=None if since is None else since.date())):
            click.echo(head.printed())

    return audit


async def _verify_aloud(console: Console, *, kept: str | None, quiet: bool) -> Report:
    """Whoever waits longer than two seconds sees how far it is."""
    began = time.monotonic()
    with Progress(console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("packages", visible=False)

        def told(done: int, of: int) -> None:
            late = time.monotonic() - began > PATIENCE_S
            progress.update(bar, completed=done, total=of, visible=late)

        return await verify(kept=kept, told=told)
