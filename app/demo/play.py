"""The morning itself, act by act, over public interfaces."""

import sys
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
from rich.console import Console

from app.demo.acts import counter, home
from app.demo.cast import Cast
from app.demo.people import StoryBroken, until
from app.demo.stage import Stage, staged
from app.demo.timeline import Timeline
from app.settings import Settings

TIMEOUT_S: Final = 20.0


async def play(
    settings: Settings,
    *,
    exit_after: bool,
    as_json: bool,
    wait: Callable[[], Awaitable[None]],
) -> dict[str, Any]:
    """Stage the morning, play it, tell it; the summary says whether every step held."""
    console = Console(stderr=as_json)
    timeline = Timeline(console, quiet=as_json)
    async with staged(settings, sample_wanted=True) as stage:
        timeline.tell("staged", "Motcua", "PostgreSQL, Redis, API, worker and emulators are running")
        summary = await _play(stage, timeline)
        if not as_json:
            _tell_addresses(console, stage, summary)
        if not exit_after and summary["ok"]:
            await wait()
    return summary


async def _play(stage: Stage, timeline: Timeline) -> dict[str, Any]:
    summary: dict[str, Any] = {"ok": False, "urls": stage.urls}
    async with (
        httpx.AsyncClient(base_url=stage.api, timeout=TIMEOUT_S, trust_env=False) as api,
        httpx.AsyncClient(base_url=stage.sms, timeout=TIMEOUT_S, trust_env=False) as sms,
        httpx.AsyncClient(base_url=stage.postal, timeout=TIMEOUT_S, trust_env=False) as postal,
    ):
        cast = Cast.over(api, sms, postal, timeline)
        try:
            await counter.play(cast)
            await home.play(cast)
            summary |= await _settle(stage, cast)
            summary["ok"] = summary["sms"] == summary["sms_owed"] and (
                summary["webhooks"] == summary["webhooks_owed"]
            )
        except (StoryBroken, httpx.HTTPError) as reason:
            summary["failed"] = str(reason) or type(reason).__name__
            print(f"motcua demo: {summary['failed']}", file=sys.stderr)  # noqa: T201
    summary["steps"] = timeline.as_list()
    return summary


async def _settle(stage: Stage, cast: Cast) -> dict[str, int]:
    """Everything owed has left: messages against the phones, events against the partner's log."""

    async def quiet() -> dict[str, int] | None:
        webhooks = (await cast.postal.get("/__log")).json()["webhooks"]
        figures = await stage.figures(
            sms=[message["sid"] for message in await cast.inbox.all()],
            webhooks=[uuid.UUID(event["id"]) for event in webhooks],
        )
        behind = figures["sent"] < figures["messages"] or figures["heard"] < figures["events"]
        if figures["open_work"] or behind:
            return None
        return {
            "sms": figures["sent"],
            "sms_owed": figures["messages"],
            "sms_that_wait": figures["held"],
            "webhooks": figures["heard"],
            "webhooks_owed": figures["events"],
        }

    figures = await until("everything owed to be delivered", quiet)
    cast.timeline.chapter("Everything owed was delivered")
    cast.timeline.tell(
        "settled",
        "Motcua",
        f"{figures['sms']} SMS of {figures['sms_owed']}, {figures['webhooks']} webhooks of"
        f" {figures['webhooks_owed']}"
        + (
            f"; {figures['sms_that_wait']} SMS wait for others, or for the morning"
            if figures["sms_that_wait"]
            else ""
        ),
    )
    return figures


def _tell_addresses(console: Console, stage: Stage, summary: dict[str, Any]) -> None:
    console.print()
    for name, url in stage.urls.items():
        console.print(f"  [bold]{name:<9}[/bold] {url}", highlight=False, soft_wrap=True)
    console.print("  officer   minh / demo-minh" if summary["ok"] else "")
    console.print("  editor    tuan / demo-tuan" if summary["ok"] else "")
    console.print("[dim]Ctrl-C ends everything.[/dim]" if summary["ok"] else "")
