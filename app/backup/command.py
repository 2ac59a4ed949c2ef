"""`motcua backup` and `motcua restore`."""

import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import rich_click as click
from rich.console import Console
from rich.progress import Progress

from app.audit import journal
from app.backup import restoring, saving
from app.backup.age import Identities, Recipients
from app.backup.errors import BackupError
from app.core import keys as core_keys
from app.core import sandbox
from app.core.database import DB
from app.custody import audit
from app.documents import store
from app.servers import running_servers
from app.servers.running import database_of
from app.settings import Settings

PATIENCE_S: Final = 2
Run = Callable[[Coroutine[Any, Any, Any]], Any]
Told = Callable[[str, int, int], None]
FOLDER: Final = click.Path(file_okay=False, path_type=Path)
FILE: Final = click.Path(dir_okay=False, path_type=Path)


def backup_commands(run: Run, *, console: Console) -> list[click.RichCommand]:
    """The two commands; `run` does their work and turns what an operator can mend into one line."""

    @click.command()
    @click.argument("folder", type=FOLDER)
    @click.option(
        "--recipient",
        "names",
        multiple=True,
        envvar="MOTCUA_BACKUP_RECIPIENTS",
        help="Encrypt for an age public key, age1…; may be repeated.",
    )
    @click.option("--json", "as_json", is_flag=True)
    def backup(*, folder: Path, names: tuple[str, ...], as_json: bool) -> None:
        """Save database and documents into FOLDER, while everything goes on.

        FOLDER is new or empty. The key file is not in it: keep a copy elsewhere (docs/runbooks/backup.md).
        """
        summary = run(_backup(folder.absolute(), names, console=console, quiet=as_json))
        if as_json:
            click.echo(json.dumps(summary))
        else:
            click.echo(
                f"{summary['tables']} tables, {summary['rows']} rows, {summary['contents']} contents in"
                f" {summary['took_s']:.1f} s: {folder}"
            )
            for digest in summary["gone"]:
                click.echo(f"! a row names content {digest}, which the store does not have")

    @click.command()
    @click.argument("folder", type=FOLDER)
    @click.option("--verify", is_flag=True, help="Then recompute every figure and every chain.")
    @click.option("--identity", type=FILE, help="The age identity file that opens an encrypted backup.")
    @click.option("--json", "as_json", is_flag=True)
    def restore(*, folder: Path, verify: bool, identity: Path | None, as_json: bool) -> None:
        """Put the backup of FOLDER into an empty database and document store."""
        summary = run(_restore(folder.absolute(), identity, verify=verify, console=console, quiet=as_json))
        click.echo(json.dumps(summary) if as_json else _restored(summary))
        sys.exit(0 if summary.get("equal", True) and not summary.get("faults") else 1)

    return [backup, restore]


def _restored(summary: dict[str, Any]) -> str:
    lines = [
        f"{summary['tables']} tables, {summary['rows']} rows, {summary['contents']} contents restored."
    ]
    if "equal" in summary:
        lines += [f"✗ {line}" for line in summary["differences"]]
        lines += [f"✗ {fault['row']} {fault['id']}: {fault['what']}" for fault in summary["faults"]]
        lost = len(summary["gone"])
        missing = f"; {lost} content(s) its rows name were missing already when it was made" if lost else ""
        lines.append(f"{'Equal' if summary['equal'] else 'Not equal'}{missing}.")
    return "\n".join(lines)


async def _backup(folder: Path, names: Sequence[str], *, console: Console, quiet: bool) -> dict[str, Any]:
    began = time.monotonic()
    recipients = Recipients(names)
    settings = Settings.from_environment()
    keys = _keys_of(settings)
    store.open_store(settings.documents_url)
    with _progress(console, quiet=quiet) as told:
        async with database_of(settings.data_dir, settings.database_url) as database_url:
            made = await saving.save(database_url, folder, keys=keys, told=told, recipients=recipients)
    return {
        "folder": str(folder),
        "made_at": made.made_at.isoformat(),
        "tables": len(made.tables),
        "rows": sum(table.rows for table in made.tables.values()),
        "contents": made.contents,
        "dump_bytes": made.dump.bytes,
        "gone": made.gone,
        "recipients": made.recipients,
        "took_s": round(time.monotonic() - began, 3),
    }


async def _restore(
    folder: Path, identity: Path | None, *, verify: bool, console: Console, quiet: bool
) -> dict[str, Any]:
    began = time.monotonic()
    identities = Identities(identity)
    settings = Settings.from_environment()
    keys = _keys_of(settings)
    store.open_store(settings.documents_url)
    with _progress(console, quiet=quiet) as told:
        async with _empty_database(settings) as database_url:
            saved = await restoring.restore(
                database_url, folder, keys=keys, told=told, identities=identities
            )
            summary: dict[str, Any] = {
                "made_at": saved.made_at.isoformat(),
                "tables": len(saved.tables),
                "rows": sum(table.rows for table in saved.tables.values()),
                "contents": saved.contents,
                "gone": saved.gone,
            }
            if verify:
                compared = await restoring.compare(database_url, folder, told=told)
                summary |= compared.as_dict() | {"faults": await _faults(settings, database_url)}
    return summary | {"took_s": round(time.monotonic() - began, 3)}


async def _faults(settings: Settings, database_url: str) -> list[dict[str, Any]]:
    """What is wrong with the chains of custody and the journal, as `motcua audit verify` says it."""
    sandbox.enter(sandbox=settings.sandbox)
    await DB.open(database_url)
    try:
        faults = [*(await audit.verify()).faults, *(await journal.verify()).faults]
        return [fault._asdict() for fault in faults]
    finally:
        await DB.close()


def _keys_of(settings: Settings) -> core_keys.Keys:
    """The key file that is there; made is none, because a new one opens nothing that was saved."""
    path = settings.keys_file or settings.data_dir / core_keys.FILE_NAME
    if not path.exists():
        raise BackupError(
            f"The key file {path} is not there. Put the installation's own in its place:"
            " docs/runbooks/keys.md."
        )
    core_keys.install(core_keys.load(path))
    return core_keys.keys()


@asynccontextmanager
async def _empty_database(settings: Settings) -> AsyncIterator[str]:
    """The named database, or the embedded one, started for this and stopped after it."""
    async with running_servers(
        settings.data_dir, database_url=settings.database_url, redis_url=settings.redis_url
    ) as servers:
        yield servers.database_url


@contextmanager
def _progress(console: Console, *, quiet: bool) -> Iterator[Told]:
    """Whoever waits longer than two seconds sees how far it is."""
    began = time.monotonic()
    with Progress(console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("", visible=False)

        def told(what: str, done: int, of: int) -> None:
            late = time.monotonic() - began > PATIENCE_S
            progress.update(bar, description=what, completed=done, total=of, visible=late)

        yield told
