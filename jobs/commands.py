"""`motcua outbox`: what is owed, what is in trouble, and what an operator does about it."""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import rich_click as click
from rich.console import Console
from rich.table import Table

from app.core.actor import act_as_operator
from app.core.clock import current_time, local
from jobs import ledger

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def outbox_commands(run: Run, *, out: Console) -> click.Group:
    """The commands; `run` does their work against the stores of the settings."""

    @click.group(invoke_without_command=True)
    @click.option("--json", "as_json", is_flag=True)
    @click.pass_context
    def outbox(context: click.Context, *, as_json: bool) -> None:
        """What the outbox owes, by listener, and what is in trouble (docs/runbooks/outbox.md)."""
        if context.invoked_subcommand is None:
            _tell(run(_look), as_json=as_json, out=out)

    for command in (_list(run), _show(run), _replay(run), _cancel(run)):
        outbox.add_command(command)
    return outbox


def _list(run: Run) -> click.Command:
    @click.command("list")
    @click.option("--state", type=click.Choice(ledger.STATES), default="dead", show_default=True)
    @click.option("--listener", help="Of this listener only.")
    @click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
    @click.option("--json", "as_json", is_flag=True)
    def list_rows(*, state: str, listener: str | None, limit: int, as_json: bool) -> None:
        """Rows in a state, the dead by default."""
        rows = run(lambda: ledger.rows_in(state, subscriber=listener, limit=limit))
        if as_json:
            click.echo(json.dumps([row._asdict() for row in rows], default=str))
        for row in () if as_json else rows:
            click.echo(_line(row))

    return list_rows


def _show(run: Run) -> click.Command:
    @click.command()
    @click.argument("work_id", type=click.UUID)
    @click.option("--json", "as_json", is_flag=True)
    def show(*, work_id: uuid.UUID, as_json: bool) -> None:
        """One row whole: its fact and its last five errors."""
        found = run(lambda: ledger.whole(work_id))
        if found is None:
            _refuse("No row has this id.")
        click.echo(json.dumps(found._asdict(), default=str) if as_json else _told_whole(found))

    return show


def _told_whole(row: ledger.Whole) -> str:
    facts = [f"{name}: {value}" for name, value in row._asdict().items() if name != "errors"]
    errors = [f"{each['at']}  attempt {each['attempt']}: {each['error']}" for each in row.errors]
    return "\n".join([*facts, *errors])


def _replay(run: Run) -> click.Command:
    @click.command()
    @click.argument("work_id", type=click.UUID, required=False)
    @click.option("--all-of", "listener", help="Everything in trouble of this listener.")
    def replay(*, work_id: uuid.UUID | None, listener: str | None) -> None:
        """Give a row in trouble a new budget; the same ids go out again."""
        if (work_id is None) == (listener is None):
            raise click.UsageError("Give an id, or --all-of a listener.")
        count = run(_as_operator(lambda: _replayed(work_id, listener)))
        if not count:
            _refuse(
                "Nothing in trouble has this id." if listener is None else "Nothing of it is in trouble."
            )
        click.echo(f"{count} row(s) will be done again.")

    return replay


def _cancel(run: Run) -> click.Command:
    @click.command()
    @click.argument("work_id", type=click.UUID)
    def cancel(*, work_id: uuid.UUID) -> None:
        """Let nobody do it any more; what waited behind it goes on."""
        if not run(_as_operator(lambda: ledger.cancel(work_id=work_id, now=current_time()))):
            _refuse("No row that could be cancelled has this id: unknown, done, or being done now.")
        click.echo("Cancelled.")

    return cancel


def _as_operator(work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    async def run() -> Any:
        act_as_operator()
        return await work()

    return run


async def _replayed(work_id: uuid.UUID | None, listener: str | None) -> int:
    if work_id is not None:
        return int(await ledger.replay(work_id=work_id, now=current_time()))
    return await ledger.replay_all(subscriber=str(listener), now=current_time())


async def _look() -> dict[str, Any]:
    return {
        "counts": [count._asdict() for count in await ledger.counts()],
        "dead": [row._asdict() for row in await ledger.dead()],
    }


def _tell(found: dict[str, Any], *, as_json: bool, out: Console) -> None:
    if as_json:
        click.echo(json.dumps(found, default=str))
        return
    table = Table("listener", "state", "rows", "oldest", box=None)
    for count in found["counts"]:
        table.add_row(
            count["subscriber"],
            count["state"],
            str(count["rows"]),
            f"{local(count['oldest']):%d/%m %H:%M:%S}",
        )
    out.print(table)
    for row in found["dead"]:
        click.echo(_line(ledger.Row(**row)))


def _line(row: ledger.Row) -> str:
    return (
        f"{row.id}  {row.state}  {row.kind} → {row.subscriber}, {row.attempts} attempt(s),"
        f" {local(row.created_at):%d/%m/%Y %H:%M:%S}: {row.last_error}"
    )


def _refuse(why: str) -> NoReturn:
    raise click.ClickException(why)
