"""What an operator holds back and lets go, and how much a centre may spend on messages a day.

Always true: who did it stands in the journal with the change, and why in the hold while it lasts; doing it
twice is doing it once. What was held goes on by itself within half a minute (`limits.HOLD_LOOK`),
at night in the morning unless it cannot wait; however long it was held, by the way it waited for.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from app.core import journal
from app.core.clock import local_date
from app.core.database import fetch, fetch_value, in_transaction
from app.core.errors import Invalid, PreconditionFailed, Words
from app.core.operation import operation
from app.core.text import InvalidText, clean_text
from notifications.limits import EVERYTHING, TEMPLATE

LONGEST_REASON: Final = 200
# The action of the journal by what is held: everything, or one wording.
HELD: Final = {True: "messages.held", False: "message_template.held"}
LET_GO: Final = {True: "messages.let_go", False: "message_template.let_go"}

HOLDS: Final = """
SELECT scope, reason, since, held_by,
       (SELECT count(*) FROM message WHERE state = 'ready'
           AND (scope = 'all' OR scope = 'template:' || template))::int AS waiting
  FROM message_hold ORDER BY scope
"""
BUDGETS: Final = """
SELECT centre_id, segments_per_day, coalesce(segments, 0) AS spent, coalesce(version, 0) AS version
  FROM message_budget FULL JOIN (SELECT centre_id, segments FROM message_spending WHERE day = $1) AS today
       USING (centre_id)
 WHERE centre_id <> '00000000-0000-0000-0000-000000000000'
   AND ($2::uuid IS NULL OR centre_id = $2) ORDER BY centre_id
"""


class HoldReasonNotValid(Invalid):
    code = "hold_reason_not_valid"
    detail = Words("Lý do phải là một dòng chữ.", "The reason has to be one line of text.")


class Hold(NamedTuple):
    """`all`, or `template:CODE`; what paused itself was held by no officer. `waiting` messages wait."""

    scope: str
    reason: str
    since: datetime
    held_by: uuid.UUID | None
    waiting: int


class Budget(NamedTuple):
    """What a centre may spend on a day and has spent today, in segments; None is no limit, of version 0."""

    centre_id: uuid.UUID
    segments_per_day: int | None
    spent: int
    version: int


class LeftAlone(NamedTuple):
    """A way messages go that failed and is not tried before a moment."""

    way: str
    reason: str
    failures: int
    open_until: datetime


def reason_of(text: str) -> str:
    """One line for colleagues; raises `HoldReasonNotValid`."""
    try:
        return clean_text(text, max_length=LONGEST_REASON)
    except InvalidText as fault:
        raise HoldReasonNotValid(
            errors=[{"pointer": "/reason", "code": fault.code, "detail": fault.code.replace("_", " ")}]
        ) from None


async def holds() -> Sequence[Hold]:
    return [Hold(*row) for row in await fetch(HOLDS)]


async def paused_templates() -> frozenset[str]:
    """The codes of wordings that are held back."""
    rows = await fetch("SELECT scope FROM message_hold WHERE starts_with(scope, $1)", TEMPLATE)
    return frozenset(row["scope"].removeprefix(TEMPLATE) for row in rows)


async def ways_left_alone(*, now: datetime) -> Sequence[LeftAlone]:
    rows = await fetch(
        "SELECT way, reason, failures, open_until FROM message_circuit WHERE open_until > $1 ORDER BY way",
        now,
    )
    return [LeftAlone(*row) for row in rows]


async def suppressed_phones() -> int:
    """How many phones said no, and get codes only."""
    return int(await fetch_value("SELECT count(*) FROM phone_suppression"))


async def budgets(*, centre_id: uuid.UUID | None = None, now: datetime) -> Sequence[Budget]:
    """Centres that have a budget or sent something today; of one centre where it is named."""
    return [Budget(*row) for row in await fetch(BUDGETS, local_date(now), centre_id)]


async def budget_of(centre_id: uuid.UUID, *, now: datetime) -> Budget:
    found = await budgets(centre_id=centre_id, now=now)
    return found[0] if found else Budget(centre_id, None, 0, 0)


@operation
async def hold(*, scope: str, reason: str, officer_id: uuid.UUID | None, now: datetime) -> Hold:
    """Hold everything, or one wording, back. What is held already stays held as it was; an operator at the
    machine is no officer, the journal knows them.
    """
    await _alone(scope)
    tag = await in_transaction().execute(
        "INSERT INTO message_hold (scope, reason, since, held_by) VALUES ($1,$2,$3,$4)"
        " ON CONFLICT DO NOTHING",
        scope,
        reason,
        now,
        officer_id,
    )
    if tag == "INSERT 0 1":
        await _tell(HELD, scope, at=now)
    return next(each for each in await holds() if each.scope == scope)


@operation
async def let_go(*, scope: str, now: datetime) -> None:
    """Whatever held it, an officer or the wording's own refusals; nothing where nothing was held."""
    await _alone(scope)
    tag = await in_transaction().execute("DELETE FROM message_hold WHERE scope = $1", scope)
    if tag == "DELETE 1":
        await _tell(LET_GO, scope, at=now)


@operation
async def put_budget(
    *,
    centre_id: uuid.UUID,
    segments_per_day: int,
    expected_version: int,
    officer_id: uuid.UUID,
    now: datetime,
) -> Budget:
    """What the centre may spend a day from now on, today included; the same again changes nothing. What
    waits for it goes on by itself within minutes (`limits.BUDGET_LOOK`), unless it is night.

    Raises `PreconditionFailed` for another version than was seen.
    """
    await _alone(str(centre_id))
    connection = in_transaction()
    before = await budget_of(centre_id, now=now)
    if before.version != expected_version:
        raise PreconditionFailed
    if before.segments_per_day == segments_per_day:
        return before
    await connection.execute(
        "INSERT INTO message_budget (centre_id, segments_per_day, version, set_at, set_by)"
        " VALUES ($1,$2,1,$3,$4) ON CONFLICT (centre_id) DO UPDATE SET segments_per_day = $2,"
        " version = message_budget.version + 1, set_at = $3, set_by = $4",
        centre_id,
        segments_per_day,
        now,
        officer_id,
    )
    # Shares of another budget are reached anew.
    await connection.execute(
        "UPDATE message_spending SET warned = 0 WHERE centre_id = $1 AND day = $2",
        centre_id,
        local_date(now),
    )
    await journal.write(
        "message_budget.set",
        object_kind="centre",
        object_id=centre_id,
        at=now,
        detail={"before": before.segments_per_day, "after": segments_per_day},
    )
    return await budget_of(centre_id, now=now)


async def _alone(what: str) -> None:
    """One at a time changes it."""
    await in_transaction().execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('messages ' || $1, 0))", what
    )


async def _tell(actions: Mapping[bool, str], scope: str, *, at: datetime) -> None:
    everything = scope == EVERYTHING
    await journal.write(
        actions[everything],
        object_kind="message_hold" if everything else "message_template",
        object_id=scope if everything else scope.removeprefix(TEMPLATE),
        at=at,
    )
