"""What holds a message back before a call: the night, a hold, a phone that said no, caps, a budget, the
sender's pace.

Each is asked in the transaction that claims the message, so many processes agree.
"""

import uuid
from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

import structlog
from prometheus_client import Counter

from app.citizens import preferences
from app.core import journal
from app.core.clock import ZONE, local_date
from app.core.database import in_transaction
from app.settings import SENDER_TAKES_PER_SECOND
from notifications import circuits, policy
from notifications.message_row import MessageRow
from notifications.policy import CANNOT_WAIT, PER_PHONE_PER_DAY, PER_PHONE_PER_MONTH, Rest
from notifications.port import Sender
from notifications.templates import Category
from notifications.ways import OF_SMS, Way

log: Final = structlog.get_logger(__name__)

HOLD_LOOK: Final = timedelta(seconds=30)
# A budget that is raised is noticed within so long.
BUDGET_LOOK: Final = timedelta(minutes=5)
UNDER_WAY_LOOK: Final = timedelta(seconds=5)
A_MONTH: Final = timedelta(days=30)
PER_SECOND: Final = SENDER_TAKES_PER_SECOND
# What ten seconds take may leave at once, as the provider has a queue, too; what is beyond waits here,
# where it can still be superseded.
BURST: Final = timedelta(seconds=10)
# Hosts whose clocks differ by less still keep one pace together.
CLOCKS_DIFFER: Final = timedelta(seconds=5)
SHORTEST_PAUSE: Final = timedelta(milliseconds=50)
EVERYTHING: Final = "all"
TEMPLATE: Final = "template:"
# Shares of a budget, in percent, at which somebody is told.
WARN_AT: Final = (70, 100)

# Waiting that is our own will: it says nothing about the way, and uses up none of the patience with it. A
# turn (`pace`), a place (`cap_under_way`) or a closed way is waited for because of what the way takes or
# answers, and whoever waits long for it goes by the next.
OURS: Final = frozenset({"quiet", "held", "budget"})

BUDGET_TOLD: Final = Counter("motcua_message_budget_reached", "Budgets of centres reached", ["percent"])


class Refused(NamedTuple):
    """Not sent, and why; `after` None: never."""

    code: str
    after: timedelta | None = None


async def asleep(message: MessageRow, rest: Rest | None, *, now: datetime) -> Refused | None:
    """Quiet hours that have begun since it was owed: an outage, a hold or a budget may end at night, and
    another try come then. What would be of no use by their end is not kept back, unless what it is about
    is over.

    Without `rest` nobody knows when what it is about takes place: what did not wait for the morning when it
    was owed, does not now.
    """
    category = Category(message.category)
    if category in CANNOT_WAIT:
        return None
    known = rest or Rest((await preferences.of_phone(message.phone)).quiet)
    over_at = policy.quiet_until(category, known, now=now)
    is_over = known.event_at is not None and known.event_at <= now
    if over_at <= now or (message.expires_at < over_at and not is_over):
        return None
    # A whole is made later than its first part was to leave.
    owed_at, left_from = message.created_at, max(message.created_at, message.not_before)
    was_let_through = left_from < policy.quiet_until(category, known, now=owed_at)
    return None if rest is None and was_let_through else Refused("quiet", over_at - now)


async def held(template: str) -> Refused | None:
    """Whether everything, or this wording, is held back until somebody lets it go."""
    scope = await in_transaction().fetchval(
        "SELECT scope FROM message_hold WHERE scope = $1 OR scope = $2 LIMIT 1",
        EVERYTHING,
        f"{TEMPLATE}{template}",
    )
    return None if scope is None else Refused("held", HOLD_LOOK)


async def phone_refuses(
    message_id: uuid.UUID, phone: str, category: Category, way: Way, *, now: datetime
) -> Refused | None:
    """A phone that said no, or had its share. A code is tried in any case: its person has just asked for
    it, and codes have limits of their own. Many who look at once look in turn, and one whose place is
    taken by a call under way waits for how that ends.
    """
    if category is Category.OTP:
        return None
    connection = in_transaction()
    if way is Way.SMS and await connection.fetchval(
        "SELECT true FROM phone_suppression WHERE phone = $1", phone
    ):
        return Refused("suppressed")
    midnight = datetime.combine(local_date(now), time(), tzinfo=ZONE)
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 58))", phone)
    today, month, under_way = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE accepted_at >= $3), count(accepted_at),"
        " count(*) FILTER (WHERE accepted_at IS NULL) FROM message"
        " WHERE phone = $1 AND created_at > $2 AND category <> 'otp' AND channel = ANY($4) AND id <> $5"
        " AND (accepted_at IS NOT NULL OR state IN ('calling', 'unknown'))",
        phone,
        now - A_MONTH,
        midnight,
        [each.value for each in OF_SMS],
        message_id,
    )
    if today >= PER_PHONE_PER_DAY:
        return Refused("cap_day")
    if month >= PER_PHONE_PER_MONTH:
        return Refused("cap_month")
    left = min(PER_PHONE_PER_DAY - today, PER_PHONE_PER_MONTH - month)
    return Refused("cap_under_way", UNDER_WAY_LOOK) if under_way >= left else None


async def over_budget(centre_id: uuid.UUID | None, category: Category, *, now: datetime) -> Refused | None:
    """A centre that has spent its day's segments sends what cannot wait only; the rest comes tomorrow, or
    when it may spend more.
    """
    if centre_id is None:
        return None
    today = local_date(now)
    row = await in_transaction().fetchrow(
        "SELECT segments, warned, segments_per_day FROM message_budget"
        " JOIN message_spending USING (centre_id) WHERE centre_id = $1 AND day = $2",
        centre_id,
        today,
    )
    if row is None:
        return None
    spent = row["segments"] * 100 // row["segments_per_day"]
    reached = max((share for share in WARN_AT if share <= spent), default=0)
    if reached > row["warned"]:
        await _warn(centre_id, reached, now=now)
    if spent < 100 or category in CANNOT_WAIT:
        return None
    tomorrow = datetime.combine(today + timedelta(days=1), time(), tzinfo=ZONE)
    return Refused("budget", min(BUDGET_LOOK, tomorrow - now))


async def _warn(centre_id: uuid.UUID, percent: int, *, now: datetime) -> None:
    tag = await in_transaction().execute(
        "UPDATE message_spending SET warned = $3 WHERE centre_id = $1 AND day = $2 AND warned < $3",
        centre_id,
        local_date(now),
        percent,
    )
    if tag == "UPDATE 1":
        BUDGET_TOLD.labels(str(percent)).inc()
        log.error("message_budget_reached", centre=str(centre_id), percent=percent)
        await journal.write(
            "message_budget.reached",
            object_kind="centre",
            object_id=centre_id,
            at=now,
            detail={"percent": percent},
        )


async def closed(way: str, *, now: datetime) -> Refused | None:
    """A way that is left alone; nothing is taken up by asking."""
    until = await circuits.closed_until(way)
    return None if until is None or until <= now else Refused("closed", until - now)


async def tried_by_another(way: str, *, now: datetime) -> Refused | None:
    """Of a way that has rested one message tries, and this is it, or it waits for that one."""
    wait = await circuits.wait(way, now=now)
    return None if wait is None else Refused("closed", wait)


async def paced(sender: Sender, *, now: datetime, per_second: int = PER_SECOND) -> Refused | None:
    """Take the sender's next turn, or say how long until there is one (a generic cell rate).

    Nobody's turn is further away than a burst: a later one was written by a host whose clock was ahead, and
    whoever sees it begins anew rather than wait until that moment comes.
    """
    connection = in_transaction()
    interval = timedelta(seconds=1) / per_second
    taken = await connection.fetchval(
        "INSERT INTO message_pace AS known (sender, next_at) VALUES ($1, $2::timestamptz + $3::interval)"
        " ON CONFLICT (sender) DO UPDATE SET next_at = $3"
        " + CASE WHEN known.next_at > $2 + $5::interval THEN $2 ELSE greatest(known.next_at, $2) END"
        " WHERE known.next_at <= $2 + $4::interval OR known.next_at > $2 + $5 RETURNING true",
        sender.value,
        now,
        interval,
        BURST,
        BURST + interval + CLOCKS_DIFFER,
    )
    if taken:
        return None
    turn: datetime = await connection.fetchval(
        "SELECT next_at FROM message_pace WHERE sender = $1", sender.value
    )
    return Refused("pace", max(turn - now - BURST, SHORTEST_PAUSE))
