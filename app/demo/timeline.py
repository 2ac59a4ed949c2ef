"""Tells the morning while it happens: for people in colour, for machines as one object."""

import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from app.core.clock import current_time, local


@dataclass
class Step:
    """One thing that happened, and the ids by which it can be followed in the journal."""

    name: str
    who: str
    said: str
    ids: dict[str, str]
    at: str
    took_ms: int


@dataclass
class Timeline:
    """Collects steps; prints them unless a machine is reading."""

    console: Console
    quiet: bool
    steps: list[Step] = field(default_factory=list)
    _mark: float = field(default_factory=time.monotonic)

    def chapter(self, title: str) -> None:
        if not self.quiet:
            self.console.print(f"\n[bold]{title}[/bold]")

    def tell(self, name: str, who: str, said: str, **ids: object) -> None:
        """A step that held."""
        now = time.monotonic()
        step = Step(
            name=name,
            who=who,
            said=said,
            ids={key: str(value) for key, value in ids.items() if value is not None},
            at=local(current_time()).isoformat(timespec="milliseconds"),
            took_ms=int((now - self._mark) * 1000),
        )
        self._mark = now
        self.steps.append(step)
        if not self.quiet:
            shown = "  ".join(f"[dim]{key}[/dim] {value}" for key, value in step.ids.items())
            self.console.print(
                f"  [green]✓[/green] [cyan]{step.at[11:19]}[/cyan] [bold]{who:<9}[/bold] {said}",
                highlight=False,
            )
            if shown:
                self.console.print(f"             {shown}", highlight=False, soft_wrap=True)

    def message(self, to: str, text: str) -> None:
        """A message as its reader sees it."""
        if not self.quiet:
            self.console.print(f"      [magenta]SMS → {to}[/magenta]  {text}", highlight=False)

    def as_list(self) -> list[dict[str, Any]]:
        return [
            {
                "name": step.name,
                "who": step.who,
                "ids": step.ids,
                "at": step.at,
                "took_ms": step.took_ms,
            }
            for step in self.steps
        ]
