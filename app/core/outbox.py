"""The outbox: what the outside must hear is a row, written with the change it reports.

`record` adds a fact to the open transaction. Which work a fact causes is decided where it is drained
(`jobs.subscriptions`), so the business knows no listener and a new listener needs no change here.

Always true:
- a fact exists if and only if its change was committed;
- facts of one aggregate are numbered in the order their transactions held the aggregate's row;
- a fact carries ids, codes and times, never a name, phone, address or personal number.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec

from app.core.actor import current_actor
from app.core.database import in_transaction
from app.core.ids import new_id
from app.core.wakeups import wake_after_commit

KINDS: dict[str, type["Fact"]] = {}

# Read by `outbox_work_order`. Who holds a row is at it, and finds out by itself.
DUE_NOW: Final = """
UPDATE outbox_work SET next_at = clock_timestamp() WHERE id = ANY(ARRAY(
    SELECT id FROM outbox_work WHERE subscriber = $1 AND subject = ANY($2::text[]) AND state = 'ready'
       AND next_at > clock_timestamp() FOR UPDATE SKIP LOCKED))
"""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Subclasses live in each concept's `events.py`.

    `kind` is `aggregate.past_tense`; `subject_field` names the field holding the aggregate's id, by
    which facts are ordered.
    """

    kind: ClassVar[str] = ""
    subject_field: ClassVar[str] = ""

    occurred_at: datetime

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.kind:  # a common base of several facts
            return
        if cls.kind in KINDS:
            raise TypeError(f"Two facts are called {cls.kind}.")
        KINDS[cls.kind] = cls

    @property
    def subject(self) -> str:
        """`appointment:<id>`: the aggregate this fact belongs to."""
        return f"{self.kind.split('.', 1)[0]}:{getattr(self, self.subject_field)}"


async def record(fact: Fact) -> None:
    """Write the fact beside its change; the drainers are woken after the commit."""
    await in_transaction().execute(
        "INSERT INTO outbox (id, kind, subject, payload, occurred_at, request_id)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        new_id(),
        fact.kind,
        fact.subject,
        msgspec.json.encode(fact).decode(),
        fact.occurred_at,
        current_actor.get().request_id,
    )
    wake_after_commit("outbox")


async def due_now(subscriber: str, subjects: Sequence[str]) -> None:
    """What a listener put off of these aggregates is due: what it waited for came with this change."""
    await in_transaction().execute(DUE_NOW, subscriber, list(subjects))
    wake_after_commit("outbox")


def decode(kind: str, payload: str) -> Fact:
    return msgspec.json.decode(payload, type=KINDS[kind])
