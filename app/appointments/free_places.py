"""Where a visit fits: free places as booking would find them now, and where else when there is none."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.appointments import booking_rules, needs, rules
from app.appointments.needs import Item, Need
from app.appointments.places import PLACES_LEFT, Channel
from app.centres import queries as centres
from app.centres import rules as centre_rules
from app.core.clock import at_local, local, local_date
from app.core.database import fetch, fetch_row, fetch_value
from app.core.errors import Refusal
from app.procedures import queries as procedures

ALTERNATIVES_WANTED: Final = 5
ENOUGH_ALTERNATIVES: Final = 3
# How far from the wished time, and over how many other centres, an alternative is looked for.
ALTERNATIVE_DAYS: Final = timedelta(days=7)
NEAR_CENTRES: Final = 8


class Seats(NamedTuple):
    """A start at which a visit of the asked length fits, so many times."""

    starts_at: datetime
    ends_at: datetime
    seats: int


class Alternative(msgspec.Struct, frozen=True):
    """Another place, as a client is told of it: at the same centre, or at one nearby."""

    centre_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime
    seats: int


ENDED: Final = "held.hold_expires_at <= clock_timestamp()"
# Holds whose time is over are counted as free before anybody sweeps them. A visit fits where the slots
# its length reaches over follow one another, as often as the fullest of them has places.
SEATS: Final = f"""
WITH freed AS (
    SELECT placed.slot_id,
           count(*) FILTER (WHERE held.channel = 'online') AS online,
           count(*) FILTER (WHERE held.channel = 'partner') AS partner,
           count(*) FILTER (WHERE held.channel = 'staff') AS staff
      FROM appointment held JOIN appointment_slot placed ON placed.appointment_id = held.id
     WHERE held.state = 'held' AND {ENDED}
       AND held.pool_id = ANY($1)
     GROUP BY placed.slot_id),
counted AS (
    SELECT pool_id, starts_at, ends_at, capacity, online_cap, partner_cap, walkin_floor,
           overbook_limit, taken_walkin,
           taken_online - coalesce(freed.online, 0) AS taken_online,
           taken_partner - coalesce(freed.partner, 0) AS taken_partner,
           taken_staff - coalesce(freed.staff, 0) AS taken_staff
      FROM slot LEFT JOIN freed ON freed.slot_id = slot.id
     WHERE pool_id = ANY($1) AND open AND starts_at >= $2 AND starts_at < $3),
reached AS (
    SELECT starts_at,
           min({PLACES_LEFT[Channel.ONLINE]}) OVER reach AS seats,
           max(ends_at) OVER reach AS ends_at,
           sum(ends_at - starts_at) OVER reach AS filled
      FROM counted
    WINDOW reach AS (PARTITION BY pool_id ORDER BY starts_at
        RANGE BETWEEN CURRENT ROW AND $4::interval FOLLOWING))
SELECT starts_at, max(ends_at) AS ends_at, sum(seats)::integer AS seats FROM reached
 WHERE seats > 0 AND ends_at >= starts_at + $5::interval AND filled = ends_at - starts_at
 GROUP BY starts_at
"""
INSTANT: Final = timedelta(microseconds=1)

# All that `SEATS` depends on, as one number: a fifth of its work, and nothing to carry over the wire.
MARK: Final = """
SELECT (SELECT coalesce(sum(hash_record_extended((id, open, capacity, online_cap, walkin_floor,
               taken_online, taken_partner, taken_staff, taken_walkin), 0)), 0)
          FROM slot WHERE pool_id = ANY($1) AND starts_at >= $2 AND starts_at < $3)::text
    || ' ' ||
       (SELECT coalesce(sum(uuid_hash_extended(id, 0)), 0) FROM appointment
         WHERE state = 'held' AND hold_expires_at <= clock_timestamp() AND pool_id = ANY($1))::text
"""
# Equal snapshots see equal rows: nothing has been committed, anywhere, between the two. Then only time
# can have changed something, and the next hold to end and the next slot to begin say when it will.
UNTIL: Final = """
SELECT least(
    (SELECT min(hold_expires_at) FROM appointment
      WHERE state = 'held' AND hold_expires_at > clock_timestamp() AND pool_id = ANY($1)),
    clock_timestamp() + interval '1 hour')
"""
UNCHANGED: Final = "SELECT pg_current_snapshot()::text = $1 AND clock_timestamp() < $2"
GLANCE: Final = f"SELECT pg_current_snapshot()::text, ({UNTIL}), ({MARK})"


class Glance(NamedTuple):
    """What the places of a period look like from afar; equal marks are equal places."""

    snapshot: str
    until: datetime
    mark: str


async def seats(need: Need, *, start: datetime, end: datetime) -> list[Seats]:
    """Where the visit fits for somebody booking online, by time: what booking would find now."""
    rows = await fetch(
        f"{SEATS} ORDER BY starts_at",
        need.pool_ids,
        start,
        end,
        need.length - INSTANT,
        need.length,
    )
    return [Seats(*row) for row in rows]


async def bookable_seats(need: Need, *, now: datetime) -> list[Seats]:
    """The same for everything that can be booked now, by the centre's rules."""
    start = rules.earliest_start(now, need.rules)
    end = at_local(rules.last_day(now, need.rules), 0) + timedelta(days=1)
    found = await seats(need, start=start, end=end)
    hidden = booking_rules.unreleased(
        need.centre_id, (each.starts_at for each in found), now=now, by=need.rules
    )
    return [each for each in found if each.starts_at not in hidden]


async def glance(need: Need, *, start: datetime, end: datetime, last: Glance | None = None) -> Glance:
    """A mark that changes when the places of the period do; nearly free where nothing was written."""
    if last is not None and await fetch_value(UNCHANGED, last.snapshot, last.until):
        return last
    row = await fetch_row(GLANCE, need.pool_ids, start, end)
    assert row is not None
    return Glance(*row)


async def marked_seats(need: Need, *, start: datetime, end: datetime) -> tuple[list[Seats], str | None]:
    """The places and their mark, seen at one moment; no mark where there is no place."""
    rows = await fetch(
        f"SELECT found.*, ({MARK}) AS mark FROM ({SEATS}) found ORDER BY starts_at",
        need.pool_ids,
        start,
        end,
        need.length - INSTANT,
        need.length,
    )
    return [Seats(*row[:3]) for row in rows], rows[0]["mark"] if rows else None


async def alternatives(need: Need, *, wished: datetime, now: datetime) -> list[Alternative]:
    """Other places: at this centre nearest in time first, then at the centres around it."""
    found = await _near_in_time(need, wished, now)
    if len(found) >= ENOUGH_ALTERNATIVES:
        return found
    for centre_id in await near_centres(need, on=local_date(wished)):
        items = [Item(item.procedure, item.quantity) for item in need.items]
        try:
            there = await needs.need_of(centre_id, items, starts_at=wished, now=now)
        except Refusal:
            continue  # This centre has the procedures, but not in one visit.
        found += await _near_in_time(there, wished, now)
        if len(found) >= ALTERNATIVES_WANTED:
            break
    return found[:ALTERNATIVES_WANTED]


async def _near_in_time(need: Need, wished: datetime, now: datetime) -> list[Alternative]:
    rows = await fetch(
        f"{SEATS} ORDER BY abs(extract(epoch FROM starts_at - $6::timestamptz)), starts_at LIMIT $7",
        need.pool_ids,
        max(rules.earliest_start(now, need.rules), wished - ALTERNATIVE_DAYS),
        wished + ALTERNATIVE_DAYS,
        need.length - INSTANT,
        need.length,
        wished,
        ALTERNATIVES_WANTED,
    )
    return [
        Alternative(need.centre_id, local(place.starts_at), local(place.ends_at), place.seats)
        for place in (Seats(*row) for row in rows)
        if need.lets_book(place.starts_at, now=now)
    ]


async def near_centres(need: Need, *, on: date) -> list[uuid.UUID]:
    """Other centres offering all of it, nearest first."""
    offering = None
    for item in need.items:
        found = await procedures.centres_offering(item.procedure, on=on)
        offering = found if offering is None else offering & found
    known = {centre.id: centre for centre in await centres.centres_on(on)}
    here = known[need.centre_id]
    point = centre_rules.Point(here.lat, here.lon)
    others: Sequence[uuid.UUID] = sorted(
        (offering or frozenset()) & known.keys() - {need.centre_id},
        key=lambda other: centre_rules.distance_km(
            point, centre_rules.Point(known[other].lat, known[other].lon)
        ),
    )
    return list(others[:NEAR_CENTRES])
