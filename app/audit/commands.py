"""`motcua audit`: chains of custody and the journal proven at a terminal, and what proves them printed."""

import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from app.audit import journal, queries, seals
from app.audit.journal import JournalReport
from app.core.clock import ZONE
from app.custody import audit as custody
from app.custody.audit import Report
from app.custody.queries import signed_heads
from app.http import signed_words

PATIENCE_S: Final = 2
Run = Callable[[Callable[[], Awaitable[Any]]], Any]
Told = Callable[[int, int], None]
DAY: Final = click.DateTime(["%Y-%m-%d"])


def audit_commands(run: Run, *, console: Console) -> click.RichGroup:
    """The commands; `run` does their work against the stores of the settings."""

    @click.group()
    def audit() -> None:
        """Prove the chains of custody and the journal, or print what proves them."""

    @audit.command("verify")
    @click.option("--head", "kept", help="A head or seal kept outside: it must still stand.")
    @click.option("--json", "as_json", is_flag=True)
    def audit_verify(*, kept: str | None, as_json: bool) -> None:
        """Recompute every chain, signed head and sealed line; name the first bad row of each."""
        packages, lines = run(lambda: verify_all(console, kept=kept, quiet=as_json))
        if as_json:
            click.echo(json.dumps(_as_dict(packages, lines)))
        else:
            click.echo(f"{packages.as_text()}\n{lines.as_text()}")
        sys.exit(1 if packages.faults or lines.faults else 0)

    @audit.command("heads")
    @click.option("--since", type=DAY, help="Only from this day on.")
    def audit_heads(*, since: datetime | None) -> None:
        """Print custody's signed heads, one a line, to be kept outside (JWS, ES256)."""
        for head in run(lambda: signed_heads(since=None if since is None else since.date())):
            click.echo(head.printed())

    @audit.command("seals")
    @click.option("--since", type=DAY, help="Only from this day on.")
    def audit_seals(*, since: datetime | None) -> None:
        """Print the journal's last seal of each day, one a line, to be kept outside (JWS, ES256)."""
        begins = None if since is None else since.replace(tzinfo=ZONE)
        for seal in run(lambda: queries.newest_of_days(since=begins)):
            click.echo(seal.printed())

    return audit


def _as_dict(packages: Report, lines: JournalReport) -> dict[str, Any]:
    told = packages.as_dict() | lines.as_dict()
    return told | {"faults": [fault._asdict() for fault in (*packages.faults, *lines.faults)]}


async def verify_all(
    console: Console, *, kept: str | None = None, quiet: bool = True
) -> tuple[Report, JournalReport]:
    """Both proofs, each in a snapshot of its own. `kept` is of one of the two, and says which."""
    of_journal = kept is not None and signed_words.kind_of(kept) == seals.TYPE
    with _progress(console, "packages", quiet=quiet) as told:
        packages = await custody.verify(kept=None if of_journal else kept, told=told)
    with _progress(console, "journal", quiet=quiet) as told:
        return packages, await journal.verify(kept=kept if of_journal else None, told=told)


@contextmanager
def _progress(console: Console, what: str, *, quiet: bool) -> Iterator[Told]:
    """Whoever waits longer than two seconds sees how far it is."""
    began = time.monotonic()
    with Progress(console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task(what, visible=False)

        def told(done: int, of: int) -> None:
            late = time.monotonic() - began > PATIENCE_S
            progress.update(bar, completed=done, total=of, visible=late)

        yield told
