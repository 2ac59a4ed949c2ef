"""What a day off, or a day worked, would do at each centre; nothing is written."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from app.appointments import impact
from app.appointments.changes import Close
from app.appointments.impact import Orphan
from app.appointments.queries import OPENING, OpeningRow
from app.centres import queries as centres
from app.core.clock import at_local, local
from app.core.database import fetch
from app.core.working_calendar import WorkingCalendar
from app.dossiers import promises

DAY: Final = timedelta(days=1)
# How far back a day is looked for whose openings a working day repeats.
MODEL_DAYS: Final = timedelta(days=21)
PROMISES_SHOWN: Final = 100

OPEN_ON: Final = """
SELECT slot.centre_id, count(DISTINCT opening_id) AS openings,
       coalesce(sum(taken_online + taken_partner + taken_staff)
           FILTER (WHERE pool.kind = 'postal_zone'), 0)::integer AS home_visits
  FROM slot JOIN pool ON pool.id = slot.pool_id
 WHERE slot.starts_at >= $1 AND slot.starts_at < $2 AND slot.open
 GROUP BY slot.centre_id ORDER BY slot.centre_id
"""
# The day it stands for when that had openings, else the last weekday that had some.
MODELS: Final = f"""
WITH days AS (
    SELECT centre_id, (starts_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day FROM opening
     WHERE starts_at >= $1 AND starts_at < $2 AND status = 'open'
        OR (starts_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = $3::date),
chosen AS (
    SELECT DISTINCT ON (centre_id) centre_id, day FROM days
     WHERE day = $3::date OR extract(isodow FROM day) < 6
     ORDER BY centre_id, day = $3::date DESC NULLS LAST, day DESC)
{OPENING} JOIN chosen USING (centre_id)
 WHERE (starts_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date = chosen.day ORDER BY centre_id, starts_at
"""


class Kind(StrEnum):
    """What a day becomes."""

    HOLIDAY = "holiday"  # ngày nghỉ
    WORKING = "working"  # ngày làm việc, làm bù


class CentreImpact(msgspec.Struct, frozen=True, kw_only=True):
    """One centre: openings that close or open, promises of a place, visits in its windows."""

    centre_id: uuid.UUID
    openings: int
    supported: int = 0
    orphaned: int = 0
    unreachable: int = 0
    home_visits: int = 0
    appointments: list[Orphan] = []


class PromisedDate(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier's promised date, which stays, and what it would have been."""

    dossier_number: str
    promised: datetime
    would_be: datetime


class CalendarImpact(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a day, in all and by centre. `promised_dates` stay as they were promised."""

    openings: int
    supported: int
    orphaned: int
    unreachable: int
    home_visits: int
    promised_dates: int
    centres: list[CentreImpact]
    promises: list[PromisedDate]


def whole(day: date) -> tuple[datetime, datetime]:
    """A local day, from its first moment to its last."""
    return at_local(day, 0), at_local(day, 0) + DAY


def closing(day: date) -> Close:
    """Nobody is received on the day, at counters or at the door."""
    start, end = whole(day)
    return Close(starts_at=start, ends_at=end, windows=True)


async def look(kind: Kind, day: date, *, stands_for: date | None, now: datetime) -> CalendarImpact:
    """What the day would do, as things stand."""
    if kind is Kind.HOLIDAY:
        found = await _closed(day, now=now)
    else:
        found = [
            CentreImpact(centre_id=centre_id, openings=len(openings))
            for centre_id, openings in (await models(day, stands_for=stands_for, now=now)).items()
        ]
    changed = await _promises(kind, day)
    return CalendarImpact(
        openings=sum(each.openings for each in found),
        supported=sum(each.supported for each in found),
        orphaned=sum(each.orphaned for each in found),
        unreachable=sum(each.unreachable for each in found),
        home_visits=sum(each.home_visits for each in found),
        promised_dates=len(changed),
        centres=found,
        promises=changed[:PROMISES_SHOWN],
    )


async def _closed(day: date, *, now: datetime) -> list[CentreImpact]:
    start, end = whole(day)
    found = []
    for row in await fetch(OPEN_ON, max(start, now), end):
        judged = await impact.judge(row["centre_id"], closing(day), None, now=now)
        found.append(
            CentreImpact(
                centre_id=row["centre_id"],
                openings=row["openings"],
                supported=judged.impact.supported,
                orphaned=judged.impact.orphaned,
                unreachable=judged.impact.unreachable,
                home_visits=row["home_visits"],
                appointments=judged.impact.appointments,
            )
        )
    return found


async def models(
    day: date, *, stands_for: date | None, now: datetime
) -> dict[uuid.UUID, Sequence[OpeningRow]]:
    """For each centre the openings a working day repeats, as they would be on that day.

    Those of the day it stands for, else of the last weekday that had some: what the centre usually does.
    Pools that are open on the day already are left out.
    """
    start, end = whole(day)
    rows = await fetch(MODELS, start - MODEL_DAYS, start, stands_for)
    open_already = {
        row["pool_id"]
        for row in await fetch(
            "SELECT pool_id FROM opening WHERE starts_at >= $1 AND starts_at < $2 AND status = 'open'",
            start,
            end,
        )
    }
    there = {centre.id for centre in await centres.centres_on(day)}
    found: dict[uuid.UUID, list[OpeningRow]] = {}
    for opening in (OpeningRow(*row) for row in rows):
        apart = day - local(opening.starts_at).date()
        moved = opening._replace(starts_at=opening.starts_at + apart, ends_at=opening.ends_at + apart)
        known = found.setdefault(opening.centre_id, []) if opening.centre_id in there else []
        overlaps = any(
            other.pool_id == moved.pool_id
            and other.starts_at < moved.ends_at
            and moved.starts_at < other.ends_at
            for other in known
        )
        if not overlaps and moved.starts_at >= now and moved.pool_id not in open_already:
            known.append(moved)
    return {centre_id: openings for centre_id, openings in found.items() if openings}


async def _promises(kind: Kind, day: date) -> list[PromisedDate]:
    calendar = await centres.load_working_calendar()
    start, end = whole(day)
    changed = await promises.different_by(
        _with(calendar, kind, day), instead_of=calendar, start=start, end=end
    )
    return [
        PromisedDate(
            dossier_number=promise.dossier_number,
            promised=local(promise.due_at),
            would_be=local(promise.would_be),
        )
        for promise in changed
    ]


def _with(calendar: WorkingCalendar, kind: Kind, day: date) -> WorkingCalendar:
    """The calendar with one day another one."""
    off, worked = set(calendar.holidays) - {day}, set(calendar.working_days) - {day}
    (off if kind is Kind.HOLIDAY else worked).add(day)
    return WorkingCalendar(holidays=frozenset(off), working_days=frozenset(worked))
