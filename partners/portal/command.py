"""`motcua portal`: compare with the national portal, mend, and say whose state holds."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import rich_click as click
from rich.console import Console
from rich.progress import track

from app.core.clock import current_time
from app.settings import Settings
from partners.portal import memory, reconciling
from partners.portal.connecting import open_portal
from partners.portal.memory import ConflictRow
from partners.portal.port import PortalRefused, PortalUnavailable
from partners.portal.reconciling import Compared, Summary

Run = Callable[[Callable[[], Awaitable[Any]]], Any]
ERR: Final = Console(stderr=True)


def portal_commands(run: Run) -> click.Group:
    """The commands; `run` does their work against the stores of the settings."""

    @click.group()
    def portal() -> None:
        """The national portal: what it was told, and where it disagrees."""

    @portal.command()
    @click.option("--mend", is_flag=True, help="Tell the portal what it lacks.")
    @click.option("--days", default=7, show_default=True, help="Ended dossiers that changed so lately.")
    @click.option("--json", "as_json", is_flag=True)
    def reconcile(*, mend: bool, days: int, as_json: bool) -> None:
        """Look every dossier up at the portal; code 1 while anything differs."""
        summary: Summary = run(lambda: _reconcile(days, mend=mend))
        click.echo(_as_json(summary) if as_json else _as_text(summary))
        raise SystemExit(0 if summary.is_clean else 1)

    @portal.command()
    @click.option("--json", "as_json", is_flag=True)
    def conflicts(*, as_json: bool) -> None:
        """Dossiers the portal says another state of, or refuses."""
        rows = run(memory.open_conflicts)
        if as_json:
            click.echo(json.dumps([row._asdict() for row in rows], default=str))
        elif rows:
            click.echo("\n".join(_line(row) for row in rows))

    @portal.command()
    @click.argument("number")
    def overwrite(*, number: str) -> None:
        """Our state of the dossier holds: put it in place of the portal's, and close its conflicts."""
        run(lambda: _overwrite(number))
        click.echo(f"{number}: the portal has our state.")

    return portal


def _as_json(summary: Summary) -> str:
    differences = [each._asdict() for each in summary.differences]
    return json.dumps(summary._asdict() | {"differences": differences})


def _as_text(summary: Summary) -> str:
    counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))
    return "\n".join(
        [
            f"{summary.compared} compared: {counts or 'nothing'}.",
            *(
                f"{each.number}  ours {each.ours}  theirs {each.theirs or '-'}  {each.outcome}"
                for each in summary.differences
            ),
        ]
    )


def _line(row: ConflictRow) -> str:
    code = f"  error_code {row.error_code}" if row.error_code else ""
    return f"{row.number}  {row.kind}  ours {row.ours}  theirs {row.theirs or '-'}{code}"


async def _reconcile(days: int, *, mend: bool) -> Summary:
    since = current_time() - timedelta(days=days)
    async with open_portal(Settings.from_environment()) as portal:
        if portal is None:
            raise click.ClickException("MOTCUA_PORTAL_URL is not set.")
        ids = await reconciling.to_compare(since=since)
        found: list[Compared] = []
        going = reconciling.reconcile(ids, portal=portal, mend=mend, clock=current_time)
        for _ in track(ids, console=ERR, description="portal", transient=True, disable=not ERR.is_terminal):
            found.append(await anext(going))  # noqa: PERF401 - the bar moves with the loop
        return reconciling.summarise(found)


async def _overwrite(number: str) -> None:
    async with open_portal(Settings.from_environment()) as portal:
        if portal is None:
            raise click.ClickException("MOTCUA_PORTAL_URL is not set.")
        try:
            if not await reconciling.settle(number, portal=portal, clock=current_time):
                raise click.ClickException("No dossier has this number.")
        except (PortalRefused, PortalUnavailable) as reason:
            raise click.ClickException(f"Nothing was changed: {reason}.") from None
