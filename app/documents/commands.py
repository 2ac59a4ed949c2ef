"""`motcua import-backfile`: a folder of past results and papers, taken into the store."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.centres import queries as centres
from app.core.actor import act_as_operator
from app.core.clock import current_time, local_date
from app.core.errors import Refusal, in_one_line

if TYPE_CHECKING:
    from app.documents.backfile.report import Report

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


class Places(NamedTuple):
    """Where documents are kept and who looks for viruses, as the settings name them."""

    documents_url: str
    antivirus: str | None


def import_backfile_command(run: Run, places: Callable[[], Places], *, console: Console) -> click.Command:
    """The command; `run` does its work against the stores of the settings."""

    @click.command("import-backfile")
    @click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Judge every line and file, keep nothing.")
    @click.option("--centre", "centre_code", help="Code of the centre whose officers may open the papers.")
    @click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the refused lines here, as CSV.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The whole report as one object on stdout.")
    def import_backfile(
        *, folder: Path, dry_run: bool, centre_code: str | None, report: Path | None, as_json: bool
    ) -> None:
        """Import the papers that backfile.csv in FOLDER lists (docs/backfile.md).

        Lines that cannot be taken are named with their reason; the others are taken. Run it again after
        an interruption: nothing is imported twice. Ends with 1 if a line was refused.
        """
        try:
            made: Report = run(
                lambda: _import(
                    folder, places(), centre_code, dry_run=dry_run, console=console, quiet=as_json
                )
            )
        except Refusal as wrong:
            raise click.ClickException(in_one_line(wrong)) from None
        if report is not None:
            made.write(report)
        click.echo(json.dumps(made.as_dict(), ensure_ascii=False) if as_json else made.as_text())
        sys.exit(0 if made.is_good else 1)

    return import_backfile


async def _import(
    folder: Path,
    places: Places,
    centre_code: str | None,
    *,
    dry_run: bool,
    console: Console,
    quiet: bool,
) -> "Report":
    # Whoever runs another command need not load the readers of files.
    from app.documents import store  # noqa: PLC0415
    from app.documents.backfile import importing, listing  # noqa: PLC0415
    from app.documents.inspection.antivirus import Scanner  # noqa: PLC0415

    act_as_operator()
    store.open_store(places.documents_url)
    now = current_time()
    centre_id = None
    if centre_code is not None:
        found = [each.id for each in await centres.centres_on(local_date(now)) if each.code == centre_code]
        if not found:
            raise click.UsageError(f"There is no centre {centre_code}.")
        [centre_id] = found
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet,
    ) as progress:
        bar = progress.add_task("papers", total=listing.count(folder))
        return await importing.import_folder(
            folder,
            now=now,
            dry_run=dry_run,
            centre_id=centre_id,
            scanner=Scanner(places.antivirus) if places.antivirus else None,
            told=lambda done: progress.update(bar, completed=done),
        )
