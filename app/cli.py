"""The command line: one program, a command per thing an operator does.

Commands end with one clear line and a non-zero code when something is wrong; a traceback is a mistake of
ours. `--json` prints one object on stdout for machines.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import rich_click as click
from prometheus_client import start_http_server
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from app.audit.commands import audit_commands
from app.backup.command import backup_commands
from app.backup.errors import BackupError
from app.core import database_time, sandbox
from app.core.clock import current_time, local, machine_time
from app.core.database import DB, DatabaseUnavailable
from app.core.keys import KeysMissing
from app.core.migrations import migrate as run_migrations
from app.core.migrations import missing
from app.core.sandbox import NotThisDatabase
from app.documents.commands import Places, import_backfile_command
from app.dossiers.commands import Calendar, due_date_command
from app.entrance import Entrance, install_keys, open_entrance
from app.faults.command import faults_command
from app.payments.commands import tariff_command
from app.procedures.commands import import_command
from app.servers import ServersError, running_servers
from app.servers.patience import once_there
from app.settings import Settings, SettingsError
from app.simulation.command import simulate_command
from bench.command import bench_command
from jobs.commands import outbox_commands
from notifications.commands import message_commands
from partners.portal.command import portal_commands
from partners.postal.commands import partner_commands
from partners.registries.command import registry_checks_command

T = TypeVar("T")

PATIENCE_S: Final = 2
OUT: Final = Console()
ERR: Final = Console(stderr=True, soft_wrap=True, highlight=False)


class OperatorError(Exception):
    """Something the operator can mend; the message says what and how."""


EXPECTED: Final = (
    OperatorError,
    BackupError,
    SettingsError,
    ServersError,
    KeysMissing,
    DatabaseUnavailable,
    NotThisDatabase,
    asyncpg.PostgresError,
    RedisError,
    OSError,
    TimeoutError,
)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what an operator can mend becomes one line and exit code 1."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
    except EXPECTED as reason:
        ERR.print(f"motcua: {_one_line(reason)}")
        sys.exit(1)


def _one_line(reason: BaseException) -> str:
    if isinstance(reason, DatabaseUnavailable):
        cause = reason.__cause__
        return f"PostgreSQL cannot be reached: {cause}. Check DATABASE_URL, or run `motcua doctor`."
    text = str(reason) or type(reason).__name__
    return " ".join(text.split())


async def until_stopped() -> None:
    """Until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    on_stop(stop.set)
    await stop.wait()


def on_stop(action: Callable[[], None], *, again: Callable[[int], None] | None = None) -> None:
    """Do it on SIGINT or SIGTERM; on the next one `again`, where there is one."""
    loop = asyncio.get_running_loop()
    told = False

    def tell(number: int) -> None:
        nonlocal told
        if told and again is not None:
            again(number)
        told = True
        action()

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, tell, name)


async def refuse_old_schema(database_url: str) -> None:
    """Raise what to run while the database lacks a migration."""
    if behind := await missing(database_url):
        raise OperatorError(
            f"The database lacks {len(behind)} migration(s), first {behind[0]}. Run `motcua migrate`."
        )


async def with_database(work: Callable[[], Awaitable[T]]) -> T:
    """Run against the stores of the settings, starting the embedded ones when none are named."""
    settings = Settings.from_environment()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    install_keys(settings)
    async with running_servers(
        settings.data_dir, database_url=settings.database_url, redis_url=settings.redis_url
    ) as servers:
        await refuse_old_schema(servers.database_url)
        sandbox.enter(sandbox=settings.sandbox)
        await DB.open(servers.database_url)
        try:
            await sandbox.claim_database()
            await database_time.ask()
            return await work()
        finally:
            await DB.close()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motcua")
def main() -> None:
    """Motcua: appointments, queues and home service of one-stop public service centres."""


@main.command()
def serve() -> None:
    """Serve the API (needs DATABASE_URL and REDIS_URL, or starts embedded servers)."""
    run(_serve())


async def _serve() -> None:
    from app.supervisor import supervised

    settings = Settings.from_environment()
    async with supervised(settings) as supervisor:
        await supervisor.start_api()
        await _serve_until_stopped(supervisor)


async def _serve_until_stopped(supervisor: Any) -> None:
    stopped = asyncio.create_task(until_stopped())
    ended = asyncio.create_task(supervisor.first_to_end())
    await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done() and not stopped.done():
        raise OperatorError(f"The {ended.result().name} process ended by itself.")
    ended.cancel()


@main.command()
def worker() -> None:
    """Drain the outbox and keep the schedule (needs DATABASE_URL and REDIS_URL)."""
    run(_worker())


async def _worker() -> None:
    from jobs.drainer import Drainer
    from jobs.subscriptions import SILENT, make_subscriptions
    from jobs.worker import end_at_once, end_now, run_worker
    from notifications.channels import open_channels
    from notifications.following import Follower

    entrance: Entrance = open_entrance()
    if (metrics_port := entrance.settings.worker_metrics_port) is not None:
        start_http_server(metrics_port, addr=entrance.settings.host)
    await once_there(lambda: _fit(entrance))
    stop = asyncio.Event()
    on_stop(stop.set, again=end_at_once)
    async with (
        make_subscriptions(entrance.settings) as subscriptions,
        open_channels(entrance.settings) as channels,
    ):
        await run_worker(
            Drainer(subscriptions, silent=SILENT),
            database_url=entrance.database_url,
            redis_url=entrance.redis_url,
            roads_url=entrance.settings.roads_url,
            follower=Follower(channels),
            stop=stop,
        )
    # No thread that still waits for a slow neighbour is waited for: its lease says what is done about it.
    end_now(0)


async def _fit(entrance: Entrance) -> None:
    """Both stores are named, so nothing is started: what is wrong with them is told now."""
    folder, database_url, redis_url = entrance.settings.data_dir, entrance.database_url, entrance.redis_url
    async with running_servers(folder, database_url=database_url, redis_url=redis_url):
        await refuse_old_schema(entrance.database_url)


@main.command()
@click.option("--sample", is_flag=True, help="Load the Ninh Bình sample first.")
def up(*, sample: bool) -> None:
    """Run everything on this machine: stores, API, worker and emulators, until Ctrl-C."""
    run(_up(sample=sample))


async def _up(*, sample: bool) -> None:
    from app.demo.stage import staged

    settings = Settings.from_environment()
    # In a sandbox whoever tries it is the postal enterprise.
    wanted = not settings.sandbox
    async with staged(settings, sample_wanted=sample, postal_wanted=wanted, ways_wanted=True) as stage:
        OUT.print_json(json.dumps(stage.urls))
        await _serve_until_stopped(stage.supervisor)


@main.command()
@click.option("--exit", "exit_after", is_flag=True, help="End after the story.")
@click.option("--json", "as_json", is_flag=True, help="One JSON summary on stdout.")
def demo(*, exit_after: bool, as_json: bool) -> None:
    """Play a morning at a one-stop centre over the public interfaces."""
    run(_demo(exit_after=exit_after, as_json=as_json))


async def _demo(*, exit_after: bool, as_json: bool) -> None:
    from app.demo.play import play

    summary = await play(
        Settings.from_environment(), exit_after=exit_after, as_json=as_json, wait=until_stopped
    )
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    if not summary["ok"]:
        raise OperatorError("The story did not hold; the failing step is named above.")


@main.command()
@click.option("--json", "as_json", is_flag=True)
def migrate(*, as_json: bool) -> None:
    """Bring the database to head."""
    run(_migrate(as_json=as_json))


async def _migrate(*, as_json: bool) -> None:
    settings = Settings.from_environment()
    async with running_servers(
        settings.data_dir, database_url=settings.database_url, redis_url=settings.redis_url
    ) as servers:
        ran = await run_migrations(servers.database_url)
    if as_json:
        click.echo(json.dumps({"ran": list(ran)}))
    else:
        OUT.print(f"{len(ran)} migration(s) run." if ran else "Nothing to do.")


@main.command()
@click.option("--json", "as_json", is_flag=True)
@click.option("--open-now", is_flag=True, help="Open the demonstration's centre now, at any hour.")
def seed(*, as_json: bool, open_now: bool) -> None:
    """Load the sample of Ninh Bình; running it twice changes nothing."""
    from app.sample.seed import seed as load
    from app.sample.signing_keys import make_signing_keys

    summary = run(with_database(lambda: load(now=current_time(), open_at_once=open_now)))
    make_signing_keys(Settings.from_environment().signing_keys, now=machine_time())
    if as_json:
        click.echo(json.dumps(summary.as_dict(), ensure_ascii=False))
    else:
        for name, value in summary.as_dict().items():
            OUT.print(f"{name}: {value}")


@main.command("import-units")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "apply_it", is_flag=True, help="Write; without it nothing changes.")
@click.option("--json", "as_json", is_flag=True)
def import_units(*, file: Path, apply_it: bool, as_json: bool) -> None:
    """Read administrative units from FILE, show what would change, and apply it when asked."""
    from app.sample.import_units import import_file

    diff = run(with_database(lambda: import_file(file, apply=apply_it, now=current_time())))
    click.echo(json.dumps(diff.as_dict(), ensure_ascii=False) if as_json else diff.as_text())


@main.command()
@click.option("--json", "as_json", is_flag=True)
def doctor(*, as_json: bool) -> None:
    """Say what is wrong here and how to mend it."""
    healthy = run(_doctor(as_json=as_json))
    sys.exit(0 if healthy else 1)


async def _doctor(*, as_json: bool) -> bool:
    from app.servers.channels import examine_channels
    from app.servers.doctor import examine
    from app.servers.neighbours import examine_neighbours

    settings = Settings.from_environment()
    findings = await examine(
        settings.data_dir,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        host=settings.host,
        port=settings.port,
        missing_migrations=missing,
    )
    findings += await examine_neighbours(settings)
    findings += await examine_channels(settings)
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings]))
    else:
        table = Table("", "check", "finding", "remedy", box=None)
        for finding in findings:
            table.add_row("✓" if finding.ok else "✗", finding.name, finding.detail, finding.remedy)
        OUT.print(table)
    return all(finding.ok for finding in findings)


@main.command()
@click.argument("object_id")
@click.option("--json", "as_json", is_flag=True)
def journal(*, object_id: str, as_json: bool) -> None:
    """Show what happened to one thing, by its id."""
    from app.core.journal import about

    lines = run(with_database(lambda: about(object_id)))
    if as_json:
        click.echo(json.dumps([line._asdict() for line in lines], default=str))
        return
    for line in lines:
        OUT.print(
            f"{local(line.at):%d/%m/%Y %H:%M:%S}  {line.action:<28} {line.actor_kind}"
            f" {line.actor_id}  {json.dumps(line.detail)}",
            highlight=False,
        )
    if not lines:
        raise SystemExit(1)


def _calendar() -> Calendar:
    """The calendar of the database that is named, or the published one that comes with the project."""
    from app.centres.queries import special_days
    from app.sample import files

    if Settings.from_environment().database_url is None:
        return Calendar.of(files.calendar().days, source="published")
    return Calendar.of(
        run(with_database(lambda: special_days(start=date.min, end=date.max))), source="database"
    )


def _places() -> Places:
    settings = Settings.from_environment()
    return Places(settings.documents_url, settings.antivirus)


main.add_command(due_date_command(_calendar))
main.add_command(bench_command(run, out=OUT, err=ERR))
main.add_command(faults_command(run, err=ERR))
main.add_command(audit_commands(lambda work: run(with_database(work)), console=ERR))
main.add_command(tariff_command(lambda work: run(with_database(work))))
main.add_command(import_command(lambda work: run(with_database(work))))
main.add_command(import_backfile_command(lambda work: run(with_database(work)), _places, console=ERR))
main.add_command(simulate_command(run, until_stopped, wrong=OperatorError))
main.add_command(registry_checks_command(lambda work: run(with_database(work))))
main.add_command(outbox_commands(lambda work: run(with_database(work)), out=OUT))
main.add_command(message_commands(lambda work: run(with_database(work))))
main.add_command(portal_commands(lambda work: run(with_database(work))))
for _command in (
    *partner_commands(lambda work: run(with_database(work))),
    *backup_commands(run, console=ERR),
):
    main.add_command(_command)


@main.command()
@click.option("--write", "folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--check", "checked", type=click.Path(file_okay=False, path_type=Path))
def openapi(*, folder: Path | None, checked: Path | None) -> None:
    """Generate the contract: to stdout, into a folder, or against a folder."""
    from app.contract import differences, write

    if folder is not None:
        write(folder)
    elif checked is not None:
        different = differences(checked)
        if different:
            ERR.print(f"motcua: out of date: {', '.join(different)}. Run `make openapi`.")
            sys.exit(1)
    else:
        from app.contract import documents

        click.echo(documents()["openapi.json"])


if __name__ == "__main__":
    main()
