"""What a courier's shift makes of a day's plan: duties, and another place for what no longer fits.

A shift may shrink, a courier may fall ill or learn a skill; the promises made before stay promises. Stops
that the changed duty cannot keep find another round in the same transaction, and what fits nowhere is left
at risk, out of every round, for people to see.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from app.core import journal
from app.core.clock import local_date
from app.core.database import in_transaction
from app.core.ids import new_id
from app.rounds import live, plans, queries
from app.rounds.blocks import WORKED, BlockTimes, DutyState, blocks_of, skills_on_duty
from app.rounds.day import Day
from app.rounds.errors import ShiftNotValid
from app.rounds.planning.checker import Fault, violations
from app.rounds.planning.problem import Plan, Problem, Round
from app.rounds.queries import COURIER, SHIFT, CourierRow, ShiftRow
from app.rounds.scope import NOTHING, Scope

LONGEST_SHIFT: Final = timedelta(hours=16)
PUT_DUTY: Final = """
INSERT INTO duty (id, courier_id, date, block, starts_at, ends_at, lat, lon, skills, capacity, state,
                  version)
VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)
ON CONFLICT (courier_id, date, block) DO UPDATE SET
       starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, lat = EXCLUDED.lat, lon = EXCLUDED.lon,
       skills = EXCLUDED.skills, capacity = EXCLUDED.capacity, version = EXCLUDED.version,
       state = CASE WHEN duty.state = 'withdrawn' THEN EXCLUDED.state ELSE duty.state END
 WHERE duty.state <> 'closed'
   AND (duty.starts_at, duty.ends_at, duty.lat, duty.lon, duty.skills, duty.capacity,
        duty.state <> 'withdrawn')
       IS DISTINCT FROM (EXCLUDED.starts_at, EXCLUDED.ends_at, EXCLUDED.lat, EXCLUDED.lon,
                         EXCLUDED.skills, EXCLUDED.capacity, true)
RETURNING id
"""
WITHDRAW: Final = """
UPDATE duty SET state = 'withdrawn', version = $4
 WHERE courier_id = $1 AND date = $2 AND block <> ALL($3) AND state = ANY($5) RETURNING id
"""
# What a late courier was allowed of a window is theirs alone: sent to somebody else, it ends with the guard
# its promise was made with.
KEEP_GUARD: Final = """
UPDATE round_stop SET closes_at = promised.closes_at, version = $2
  FROM (SELECT DISTINCT ON (home_visit_id) home_visit_id,
               greatest(starts_at, ends_at - make_interval(secs => guard_seconds)) AS closes_at
          FROM promise WHERE home_visit_id = ANY($1) ORDER BY home_visit_id, plan_version DESC) promised
 WHERE round_stop.home_visit_id = promised.home_visit_id AND round_stop.closes_at > promised.closes_at
RETURNING round_stop.home_visit_id
"""


class Shaken(NamedTuple):
    """Visits that lost their place: where they go instead, or nowhere."""

    moved: Sequence[uuid.UUID]
    at_risk: Sequence[uuid.UUID]

    def with_more(self, other: "Shaken") -> "Shaken":
        return Shaken([*self.moved, *other.moved], [*self.at_risk, *other.at_risk])


CALM: Final = Shaken((), ())


async def put_courier(
    *,
    partner_id: uuid.UUID,
    external_id: str,
    given_name: str,
    phone: str,
    skills: Sequence[str],
    lat: float,
    lon: float,
    active: bool,
    now: datetime,
) -> tuple[CourierRow, Shaken]:
    """The courier as the partner knows them; saying the same again changes nothing but the version."""
    row = await in_transaction().fetchrow(
        "INSERT INTO courier (id, partner_id, external_id, given_name, phone, skills, lat, lon,"
        " active) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)"
        " ON CONFLICT (partner_id, external_id) DO UPDATE SET given_name = EXCLUDED.given_name,"
        " phone = EXCLUDED.phone, skills = EXCLUDED.skills, lat = EXCLUDED.lat,"
        " lon = EXCLUDED.lon, active = EXCLUDED.active, version = courier.version + 1"
        f" RETURNING {COURIER}",
        new_id(),
        partner_id,
        external_id,
        given_name,
        phone,
        sorted(set(skills)),
        lat,
        lon,
        active,
    )
    await journal.write("courier.put", object_kind="courier", object_id=row["id"], at=now)
    courier, shaken = CourierRow(*row), CALM
    for shift in await of_days_to_come(courier.id, local_date(now)):
        shaken = shaken.with_more(await renew(courier, shift, now=now))
    return courier, shaken


async def put_shift(
    *,
    partner_id: uuid.UUID,
    external_id: str,
    day: date,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    now: datetime,
) -> tuple[ShiftRow, Shaken]:
    """The courier's working time on a day. Visits promised before stay promised."""
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT or local_date(starts_at) != day:
        raise ShiftNotValid
    courier = await queries.courier(partner_id, external_id)
    row = await in_transaction().fetchrow(
        "INSERT INTO courier_shift (id, courier_id, date, starts_at, ends_at, capacity)"
        " VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (courier_id, date) DO UPDATE SET"
        " starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at,"
        f" capacity = EXCLUDED.capacity, version = courier_shift.version + 1 RETURNING {SHIFT}",
        new_id(),
        courier.id,
        day,
        starts_at,
        ends_at,
        capacity,
    )
    await journal.write("courier_shift.put", object_kind="courier", object_id=courier.id, at=now)
    shift = ShiftRow(*row)
    return shift, await renew(courier, shift, now=now)


async def renew(courier: CourierRow, shift: ShiftRow, *, now: datetime) -> Shaken:
    """Bring the duties of one day up to what the shift and its courier are now."""
    await live.begin_day(shift.date)
    before = (await live.locked([shift.date], now=now))[shift.date]
    blocks = blocks_of(shift.date, shift.starts_at, shift.ends_at) if courier.active else []
    head = await live.next_version(shift.date, now=now)
    changed = [
        found
        for block in blocks
        if (found := await _put(courier, shift, block, head.version, now=now)) is not None
    ]
    names = [block.block.value for block in blocks]
    withdrawn = await in_transaction().fetch(
        WITHDRAW, courier.id, shift.date, names, head.version, [state.value for state in WORKED]
    )
    changed += [row["id"] for row in withdrawn]
    if not changed or not (before.adrift or any(stop.duty_id in changed for stop in before.stops)):
        return CALM
    day = await plans.of(head, now=now)
    return await _refit(day, changed, because="shift_changed", now=now)


async def _put(
    courier: CourierRow, shift: ShiftRow, block: BlockTimes, version: int, *, now: datetime
) -> uuid.UUID | None:
    """The duty made or changed; None when it is as it was."""
    rules = await live.planning_rules()
    due = block.starts_at - rules.published_before <= now
    found: uuid.UUID | None = await in_transaction().fetchval(
        PUT_DUTY,
        new_id(),
        courier.id,
        shift.date,
        block.block.value,
        block.starts_at,
        block.ends_at,
        courier.lat,
        courier.lon,
        skills_on_duty(courier.skills, await scope_of(courier.partner_id, shift.date)),
        shift.capacity,
        (DutyState.PUBLISHED if due else DutyState.PLANNED).value,
        version,
    )
    return found


async def scope_of(partner_id: uuid.UUID, day: date) -> Scope | None:
    """What the partner's contract of that day covers; None for a partner that never had one."""
    rows = await in_transaction().fetch(
        "SELECT tasks, procedures, communes, valid_from <= $2 AND coalesce(valid_to >= $2, true) AS holds"
        " FROM courier_contract WHERE partner_id = $1 ORDER BY holds DESC LIMIT 1",
        partner_id,
        day,
    )
    if not rows:
        return None
    return Scope(*map(frozenset, tuple(rows[0])[:3])) if rows[0]["holds"] else NOTHING


async def _refit(day: Day, duties: Collection[uuid.UUID], *, because: str, now: datetime) -> Shaken:
    """Find another place for the stops of changed duties that they can no longer keep."""
    loose = day.adrift
    for number, duty in enumerate(day.duties):
        if duty.id in duties:
            loose += too_many(day.problem, number, day.rounds[number], first=day.behind[number])
    return await refit(day, loose, because=because, now=now)


async def refit(day: Day, loose: Sequence[int], *, because: str, now: datetime) -> Shaken:
    """Find another place for some stops, or leave them at risk for everybody to see.

    `day` is as it is stored now, read in this transaction.
    """
    visits = [day.stops[number].home_visit_id for number in loose]
    if await in_transaction().fetch(KEEP_GUARD, visits, day.head.version):
        day = await plans.of(day.head, now=now)
        loose = live.numbers_of(day, visits)
    found = day.refitted(loose)
    await live.write_rounds(found.day, found.changed)
    left = [day.stops[number].home_visit_id for number in found.left]
    await live.leave_at_risk(left, day.head.version, because=because, now=now)
    for visit in left:
        await journal.write(
            "home_visit.at_risk",
            object_kind="home_visit",
            object_id=visit,
            at=now,
            detail={"because": because},
        )
    # Also who was moved out of the way of another: that round may be told, and names a courier.
    was = {stop.home_visit_id: stop.duty_id for stop in day.stops}
    moved = [
        stop.home_visit_id
        for stop in found.day.stops
        if stop.duty_id is not None and was[stop.home_visit_id] != stop.duty_id
    ]
    return Shaken(moved, left)


def too_many(problem: Problem, duty: int, stops: Sequence[int], *, first: int) -> list[int]:
    """Stops whose absence lets the courier keep the others; those before `first` stay."""
    kept, dropped = list(stops), list[int]()
    while faults := _faults(problem, duty, kept):
        ahead = range(first, len(kept))
        if not ahead:
            break
        best = min(reversed(ahead), key=lambda at: _faults(problem, duty, kept[:at] + kept[at + 1 :]))
        if _faults(problem, duty, kept[:best] + kept[best + 1 :]) >= faults:
            best = ahead[-1]
        dropped.append(kept.pop(best))
    return dropped


def _faults(problem: Problem, duty: int, stops: Sequence[int]) -> int:
    block = problem.duties[duty]
    plan = Plan((Round(duty, block.leaves_from, block.depot, tuple(stops)),))
    return sum(each.fault is not Fault.UNSERVED for each in violations(problem, plan))


async def of_days_to_come(courier_id: uuid.UUID, today: date) -> list[ShiftRow]:
    """The courier's shifts from today on."""
    rows = await in_transaction().fetch(
        f"SELECT {', '.join(ShiftRow._fields)} FROM courier_shift WHERE courier_id = $1 AND date >= $2"
        " ORDER BY date",
        courier_id,
        today,
    )
    return [ShiftRow(*row) for row in rows]
