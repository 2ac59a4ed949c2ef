"""`motcua import-procedures`: the catalogue from a spreadsheet, looked at before it is written."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from app.core.clock import current_time, local_date
from app.core.errors import Refusal, in_one_line

if TYPE_CHECKING:
    from app.procedures.importing.plan import Plan

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


def import_command(run: Run) -> click.Command:
    """The command; `run` does its work against the stores of the settings."""

    @click.command("import-procedures")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
    @click.option("--apply", "apply_it", is_flag=True, help="Write; without it nothing changes.")
    @click.option("--json", "as_json", is_flag=True)
    @click.option(
        "--example",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write a file to begin with, and do nothing else.",
    )
    def import_procedures(
        *, file: Path | None, apply_it: bool, as_json: bool, example: Path | None
    ) -> None:
        """Read procedures from FILE (.xlsx), show what would change, and apply it when asked.

        Rows that cannot be taken are named with their reason; the others are. Ends with 1 if there are any.
        """
        # The spreadsheet's library is only for this.
        from app.procedures.importing import apply, sheet  # noqa: PLC0415

        if example is not None:
            sheet.write_example(example, today=local_date(current_time()))
            click.echo(json.dumps({"example": str(example)}) if as_json else f"Written: {example}")
            return
        if file is None:
            raise click.UsageError("Give a FILE to read, or --example to have one written.")
        try:
            plan = run(lambda: apply.import_file(file, apply=apply_it, now=current_time()))
        except Refusal as wrong:
            raise click.ClickException(in_one_line(wrong)) from None
        told = plan.as_dict() | {"applied": apply_it}
        click.echo(json.dumps(told, ensure_ascii=False) if as_json else _as_text(plan, applied=apply_it))
        sys.exit(1 if plan.refused else 0)

    return import_procedures


def _as_text(plan: "Plan", *, applied: bool) -> str:
    told = plan.as_dict()
    lines = [
        f"{sign} {each['code']}  {each['name']}  {each['valid_from']} – {each['valid_to'] or '…'}"
        for sign, what in (("+", "added"), ("~", "replaced"), ("-", "ended"))
        for each in told[what]
    ]
    lines += [f"{each['from']} → {each['to']} on {each['on']}" for each in told["codes"]]
    lines += [
        f"! {each['sheet']} row {each['row']}, {each['column']}: {each['reason']}"
        f" – {each['vi']} / {each['en']}"
        for each in told["refused"]
    ]
    changed = len(plan.added) + len(plan.replaced) + len(plan.ended)
    lines.append(
        f"{changed} version(s) {'written' if applied else 'would change'}, {plan.unchanged} as they are,"
        f" {len(plan.refused)} row(s) refused."
    )
    return "\n".join(lines)
