"""`motcua partner-kit`: the contract tried on a partner's system, at a terminal."""

import asyncio
import json
import os
import sys
from typing import Final, NoReturn

import rich_click as click
from rich.console import Console
from rich.table import Table

from partners.postal.kit.outcome import CHECKS, Outcome, judge
from partners.postal.kit.script import KitCannotRun, Setup, examine
from partners.postal.kit.verdicts import Result
from partners.postal.kit.world import COURIER

CANNOT_RUN: Final = 2
SIGN: Final = {Result.PASS: "✓", Result.FAIL: "✗", Result.SKIPPED: "–"}


@click.command("partner-kit")
@click.argument("url")
@click.option("--listen", default="127.0.0.1:8420", show_default=True, help="Where our side is served.")
@click.option(
    "--secret",
    envvar="MOTCUA_KIT_SECRET",
    help="The webhook secret, when the system does not register its address at our side.",
)
@click.option("--courier", default=COURIER, show_default=True, help="Whose visits the kit invents.")
@click.option("--patience", type=click.FloatRange(1, 3600), default=30.0, show_default=True)
@click.option("--answer-within", type=click.FloatRange(0.1, 15), default=5.0, show_default=True)
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def partner_kit(
    *,
    url: str,
    listen: str,
    secret: str | None,
    courier: str,
    patience: float,
    answer_within: float,
    language: str,
    as_json: bool,
) -> None:
    """Try the contract on the webhook URL of a partner's test system (docs/partner-kit.md).

    Ends with 0 when no check failed, 1 when one did, 2 when there was nothing to examine.
    """
    told = Console(stderr=True, highlight=False)
    host, _, port = listen.rpartition(":")
    if not (host and port.isdigit() and url.startswith(("http://", "https://"))):
        told.print("motcua: URL is an http address, --listen is HOST:PORT.")
        sys.exit(CANNOT_RUN)
    setup = Setup(
        url, host, int(port), secret, courier=courier, patience_s=patience, answer_within_s=answer_within
    )
    try:
        outcome = judge(url, asyncio.run(examine(setup, told=told.print)))
    except KeyboardInterrupt:
        _leave(130)
    except (KitCannotRun, OSError, ValueError) as reason:
        told.print(f"motcua: {reason}", soft_wrap=True)
        _leave(CANNOT_RUN)
    if as_json:
        click.echo(json.dumps(outcome.as_dict(), ensure_ascii=False))
    else:
        _print(outcome, language)
    _leave(0 if outcome.ok else 1)


def _leave(code: int) -> NoReturn:
    """End with this code, without the interpreter's own end.

    The server of our side lets go of its objects in native threads of its own; one that asks for the
    interpreter while that is torn down aborts the process, and a sound system is told from a wrong one by
    the code alone.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _print(outcome: Outcome, language: str) -> None:
    table = Table("", "check", "", box=None)
    for check in CHECKS:
        verdict = outcome.verdicts[check.name]
        reason = verdict.reason or check.must
        table.add_row(SIGN[verdict.result], check.name, reason.in_language(language))
    out = Console()
    out.print(table)
    counts = ", ".join(f"{len(outcome.named(result))} {result.value}" for result in Result)
    out.print(f"{counts}.")
