"""The visits of a centre by either witness, and the figures of its days."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.centres import queries as centres
from app.core.clock import at_local
from app.core.database import fetch
from app.core.errors import Words
from app.monitoring import figures
from app.monitoring.alarms import Cause, Proposal
from app.monitoring.errors import PeriodNotValid
from app.monitoring.figures import Exceeded, Figures, Share
from app.monitoring.visits import TicketEvent, Visit, by_events, by_row
from app.queue.history import Event
from app.queue.queries import COLUMNS, TicketRow
from app.queue.rules import WAIT_TARGET
from app.staff import queries as staff

LONGEST_PERIOD: Final = timedelta(days=92)
DAY: Final = timedelta(days=1)
YEARS: Final = frozenset(range(2000, 2101))
# The hall is looked at four times a minute; a call in between is noticed a moment later.
LOOKS_EVERY: Final = timedelta(seconds=15)

# An event of a ticket may be later than its day: whoever closes the hall may do it the next morning.
EVENTS: Final = """
SELECT e.ticket_id, e.pool_id, e.type, e.at, e.data FROM queue_event e
 WHERE e.centre_id = $1 AND e.ticket_id IN (
       SELECT ticket_id FROM queue_event
        WHERE centre_id = $1 AND type = 'issued' AND at >= $2 AND at < $3)
 ORDER BY e.ticket_id, e.seq
"""


class Indicators(NamedTuple):
    """A centre's figures over some days, whole and by group."""

    centre_id: uuid.UUID
    first: date
    last: date
    as_of: datetime
    whole: Figures
    by_pool: Mapping[uuid.UUID, Figures]
    by_class: Mapping[str, Figures]
    by_hour: Mapping[int, Figures]
    exceeded: Sequence[Exceeded]
    causes: Mapping[uuid.UUID, Cause]
    no_show: Share


def check_period(first: date, last: date) -> None:
    """Raises `PeriodNotValid` when it is turned round, longer than a quarter, or of no year of ours."""
    if not timedelta() <= last - first <= LONGEST_PERIOD or not {first.year, last.year} <= YEARS:
        raise PeriodNotValid(days=LONGEST_PERIOD.days)


async def live_visits(centre_id: uuid.UUID, *, first: date, last: date) -> list[Visit]:
    """From the tickets as they stand."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM ticket WHERE centre_id = $1 AND local_date BETWEEN $2 AND $3"
        " ORDER BY issued_at, id",
        centre_id,
        first,
        last,
    )
    return [by_row(TicketRow(*row)) for row in rows]


async def told_visits(centre_id: uuid.UUID, *, first: date, last: date) -> list[Visit]:
    """From the append-only events alone."""
    rows = await fetch(EVENTS, centre_id, at_local(first, 0), at_local(last, 0) + DAY)
    return by_events(
        TicketEvent(
            row["ticket_id"],
            row["pool_id"],
            Event(row["type"], row["at"], msgspec.json.decode(row["data"])),
        )
        for row in rows
    )


async def indicators(
    centre_id: uuid.UUID, *, first: date, last: date, now: datetime, rebuilt: bool = False
) -> Indicators:
    """The figures of the days from first to last; from the events alone when `rebuilt`.

    Raises `PeriodNotValid` when the period is turned round or longer than a quarter.
    """
    check_period(first, last)
    look = told_visits if rebuilt else live_visits
    visits = await look(centre_id, first=first, last=last)
    too_long = figures.exceeded(visits, now=now)
    return Indicators(
        centre_id=centre_id,
        first=first,
        last=last,
        as_of=now,
        whole=figures.figures(visits),
        by_pool=figures.grouped(visits, lambda visit: visit.pool_id),
        by_class=figures.grouped(visits, lambda visit: visit.ticket_class),
        by_hour=figures.grouped(visits, figures.hour_of),
        exceeded=too_long,
        causes=await _causes(centre_id, first, last, too_long),
        no_show=await _no_show(centre_id, first, last),
    )


async def _causes(
    centre_id: uuid.UUID, first: date, last: date, too_long: Sequence[Exceeded]
) -> dict[uuid.UUID, Cause]:
    """Why each waited so long, by ticket: what stood in the alarm of their counters when it happened."""
    rows = await fetch(
        "SELECT pool_id, cause, raised_at, cleared_at FROM queue_alarm"
        " WHERE centre_id = $1 AND local_date BETWEEN $2 AND $3 AND kind = 'wait_15' ORDER BY raised_at",
        centre_id,
        first,
        last,
    )
    found: dict[uuid.UUID, Cause] = {}
    for each in too_long:
        ended = each.wait_from + each.wait
        for row in rows:
            over = row["cleared_at"] is not None and row["cleared_at"] < each.wait_from + WAIT_TARGET
            if row["pool_id"] == each.pool_id and row["raised_at"] <= ended + LOOKS_EVERY and not over:
                found[each.ticket_id] = Cause(row["cause"])
                break
    return found


async def _no_show(centre_id: uuid.UUID, first: date, last: date) -> Share:
    """Appointments nobody came to, among those whose time is over."""
    rows = await fetch(
        "SELECT state, count(*) AS n FROM appointment WHERE centre_id = $1"
        " AND local_date BETWEEN $2 AND $3 AND state IN ('missed', 'arrived', 'served') GROUP BY state",
        centre_id,
        first,
        last,
    )
    counts = {row["state"]: row["n"] for row in rows}
    return Share(counts.get("missed", 0), sum(counts.values()))


class AlarmRow(NamedTuple):
    """An alarm as it stands; `cleared_at` is None until it is over."""

    id: uuid.UUID
    pool_id: uuid.UUID
    kind: str
    ticket_id: uuid.UUID | None
    number: str | None
    minutes: float
    cause: str
    proposals: Sequence[Proposal]
    raised_at: datetime
    cleared_at: datetime | None


async def alarms_of(centre_id: uuid.UUID, *, on: date, standing: bool = False) -> list[AlarmRow]:
    """The alarms of a day, newest first; only those not over yet when `standing`."""
    rows = await fetch(
        f"SELECT {', '.join(AlarmRow._fields)} FROM queue_alarm WHERE centre_id = $1 AND local_date = $2"
        " AND (cleared_at IS NULL OR NOT $3) ORDER BY raised_at DESC, id",
        centre_id,
        on,
        standing,
    )
    return [
        AlarmRow(**dict(row) | {"proposals": msgspec.json.decode(row["proposals"], type=list[Proposal])})
        for row in rows
    ]


async def names_of(centre_id: uuid.UUID, *, on: date) -> dict[uuid.UUID, Words]:
    """What a centre's counters, groups of counters and terms are called; a term by its officer."""
    pools = await centres.pools_of(centre_id, "counter")
    names = {pool.id: Words(pool.name_vi, pool.name_en) for pool in pools}
    names |= {row.id: Words(row.label_vi, row.label_en) for row in await centres.counters_of(centre_id)}
    terms = await staff.roster(centre_id, on=on)
    return names | {term.id: Words(term.officer_name, term.officer_name) for term in terms}
