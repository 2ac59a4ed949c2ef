"""Who is acting, and in which request: set by the entrances, read by the journal and the outbox."""

import getpass
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is citizen, officer, device, partner, provider, operator, system or anyone."""

    kind: str
    id: str
    request_id: str = ""


SYSTEM: Final = Actor(kind="system", id="motcua")

current_actor: ContextVar[Actor] = ContextVar("current_actor", default=SYSTEM)


def act_as_operator() -> None:
    """Whoever types a command at the machine is who the journal names."""
    current_actor.set(Actor("operator", getpass.getuser()))
