"""Which booking rules are in force, and when a start is released (quy định đặt lịch, giờ mở lịch).

Rules are whole: a centre's own, else those of all centres, else what stands in `rules.BookingRules`. They
are asked for the day of asking, and rows of the past stay, so history is judged by its own.
"""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple

import asyncpg

from app.appointments import rules
from app.appointments.rules import UNDECIDED, BookingRules
from app.core.clock import local_date
from app.core.database import fetch, fetch_row
from app.core.keys import keys

NAMES: Final = ", ".join(BookingRules._fields)
IN_FORCE: Final = "valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1)"
RULES: Final = f"SELECT {NAMES} FROM booking_rule WHERE {IN_FORCE}"
MINE_FIRST: Final = "(centre_id = $2 OR centre_id IS NULL) ORDER BY centre_id NULLS LAST LIMIT 1"
PERIOD: Final = f"SELECT valid_from, valid_to, {NAMES} FROM booking_rule"
ALL: Final = f"SELECT centre_id, {NAMES} FROM booking_rule WHERE {IN_FORCE}"


class RulesInForce(NamedTuple):
    """The rules of every centre on one day."""

    own: dict[uuid.UUID, BookingRules]
    for_all: BookingRules

    def of(self, centre_id: uuid.UUID) -> BookingRules:
        return self.own.get(centre_id, self.for_all)


class RulePeriod(NamedTuple):
    """Rules, and from when until when they are in force; no first day where nothing was ever decided."""

    valid_from: date | None
    valid_to: date | None
    rules: BookingRules


async def period_of(centre_id: uuid.UUID, *, on: date) -> RulePeriod:
    """The rules of one centre on the day, with their period."""
    row = await fetch_row(f"{PERIOD} WHERE {IN_FORCE} AND {MINE_FIRST}", on, centre_id)
    return RulePeriod(None, None, UNDECIDED) if row is None else _period(row)


async def periods_of(centre_id: uuid.UUID, *, before: date | None, limit: int) -> list[RulePeriod]:
    """What was ever decided for one centre itself, latest first."""
    rows = await fetch(
        f"{PERIOD} WHERE centre_id = $1 AND ($2::date IS NULL OR valid_from < $2)"
        " ORDER BY valid_from DESC LIMIT $3",
        centre_id,
        before,
        limit,
    )
    return [_period(row) for row in rows]


def _period(row: asyncpg.Record) -> RulePeriod:
    return RulePeriod(row[0], row[1], BookingRules(*row[2:]))


async def rules_of(centre_id: uuid.UUID, *, on: date) -> BookingRules:
    """The rules of one centre on the day."""
    row = await fetch_row(f"{RULES} AND {MINE_FIRST}", on, centre_id)
    return UNDECIDED if row is None else BookingRules(*row)


async def all_rules(*, on: date) -> RulesInForce:
    """The rules of all centres on the day."""
    return _by_centre(await fetch(ALL, on))


def _by_centre(rows: Iterable[asyncpg.Record]) -> RulesInForce:
    found = {row[0]: BookingRules(*row[1:]) for row in rows}
    return RulesInForce(found, found.pop(None, UNDECIDED))


def chance(centre_id: uuid.UUID, starts_at: datetime) -> float:
    """Where in the spread of its day a start is released, from 0 to below 1.

    The same in every process, and told by nothing an outsider knows: whoever could work it out would have
    a script waiting at that second.
    """
    digest = keys().code_digest("release", f"{centre_id}|{int(starts_at.timestamp())}")
    return int.from_bytes(digest[:6]) / 2**48


def is_bookable(centre_id: uuid.UUID, starts_at: datetime, *, now: datetime, by: BookingRules) -> bool:
    """Whether the centre's rules let anybody book this start now. Availability shows exactly these."""
    luck = chance(centre_id, starts_at) if by.release_spread_minutes else 0.0
    return rules.is_bookable(starts_at, now=now, rules=by, chance=luck)


def unreleased(
    centre_id: uuid.UUID, starts: Iterable[datetime], *, now: datetime, by: BookingRules
) -> dict[datetime, datetime]:
    """Those of the starts up to `rules.last_day` that nobody can book yet, and when each is released."""
    day = rules.day_in_release(now, by)
    if day is None:
        return {}
    spread = (each for each in set(starts) if local_date(each) == day)
    moments = {each: rules.released_at(each, by, chance=chance(centre_id, each)) for each in spread}
    return {each: moment for each, moment in moments.items() if moment > now}
