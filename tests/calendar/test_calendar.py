"""A day of the calendar takes two people; what was promised is kept, moved or told, and never lost."""

import asyncio
import uuid
from datetime import date, datetime, time, timedelta

import asyncpg
import pytest

from app.appointments import operations as appointments
from app.appointments.changes import Orphans
from app.appointments.errors import SlotFull
from app.calendar import operations as calendar
from app.calendar.errors import (
    CalendarProposalExpired,
    CalendarProposalNotFound,
    CalendarProposalStale,
    DayNotValid,
    SecondPersonNeeded,
)
from app.calendar.operations import ProposalRow
from app.calendar.preview import Kind
from app.centres import queries as centres
from app.core.clock import at_local, local, local_date
from app.core.database import DB
from app.core.ids import new_id
from app.core.operation import operation
from app.dossiers import promises
from tests.appointments.conftest import COPIES, Place, Publish, drift, make_centre
from tests.appointments.test_changes import at, book, disagreeing, facts, standing
from tests.appointments.test_templates import template

LAM, THU = uuid.uuid4(), uuid.uuid4()
DAY = timedelta(days=1)


async def propose(
    day: date,
    now: datetime,
    *,
    kind: Kind = Kind.HOLIDAY,
    orphans: Orphans = Orphans.MOVE,
    stands_for: date | None = None,
) -> ProposalRow:
    return await calendar.propose(
        day=day,
        kind=kind,
        name_vi="Nghỉ bù",
        name_en="A day off",
        stands_for=stands_for,
        reference="QĐ 1/2026",
        orphans=orphans,
        officer_id=LAM,
        now=now,
    )


async def confirm(proposal: ProposalRow, now: datetime, officer_id: uuid.UUID = THU) -> ProposalRow:
    return await calendar.confirm(proposal_id=proposal.id, officer_id=officer_id, now=now)


async def make_zone(place: Place) -> uuid.UUID:
    """A postal zone of the centre."""
    assert DB.pool is not None
    pool_id = new_id()
    await DB.pool.execute(
        "INSERT INTO pool (id, centre_id, kind, code, series, name_vi, name_en, unit_id, lat, lon,"
        " radius_km) SELECT $1, centre.id, 'postal_zone', 'Z', 'Z', 'Z', 'Z', unit_id, lat, lon, 5"
        " FROM centre WHERE id = $2",
        pool_id,
        place.centre_id,
    )
    return pool_id


async def test_a_day_off_closes_every_centre_and_moves_each_appointment_to_another_day(
    place: Place, publish: Publish, tomorrow: date, now: datetime
) -> None:
    other = await make_centre(name="Tam Điệp", opens=place.opens, lat=20.3)
    for centre in (place, other):
        await publish(counters=2, grains=2, at=centre)
    await publish(counters=9, grains=1, at=place._replace(opens=place.opens + DAY))
    here = [await book(place, now) for _ in range(2)]
    there = [await book(other, now)]

    proposal = await propose(tomorrow, now)

    assert (proposal.impact.openings, proposal.impact.orphaned, proposal.impact.supported) == (2, 3, 0)
    assert {each.centre_id: each.orphaned for each in proposal.impact.centres} == {
        place.centre_id: 2,
        other.centre_id: 1,
    }
    assert {state for state, _ in await standing(*here, *there)} == {"confirmed"}

    done = await confirm(proposal, now)
    again = await confirm(proposal, now)

    assert done.state == again.state == "done"
    assert {(await at(row)).starts_at for row in (*here, *there)} == {place.opens + DAY}
    assert {(await at(row)).centre_id for row in there} == {place.centre_id}
    effects = await calendar.effects_of(proposal.id)
    assert sorted(each.outcome.moved for each in effects if each.outcome) == [1, 2]
    assert await facts("appointment.moved") == 3
    assert [row.kind for row in await centres.special_days(start=tomorrow, end=tomorrow)] == ["holiday"]
    assert await drift() == [] == await disagreeing()
    with pytest.raises(SlotFull):
        await book(place, now)


async def test_whoever_proposes_a_day_cannot_confirm_it(
    place: Place, publish: Publish, tomorrow: date, now: datetime
) -> None:
    await publish(counters=1)
    row = await book(place, now)
    proposal = await propose(tomorrow, now)

    with pytest.raises(SecondPersonNeeded):
        await confirm(proposal, now, officer_id=LAM)

    assert await standing(row) == [("confirmed", "supported")]
    assert await centres.special_days(start=tomorrow, end=tomorrow) == []
    assert DB.pool is not None
    with pytest.raises(asyncpg.CheckViolationError):
        await DB.pool.execute(
            "UPDATE calendar_proposal SET state = 'confirmed', confirmed_by = proposed_by"
        )


async def test_figures_that_changed_are_shown_again_before_anything_is_done(
    place: Place, publish: Publish, tomorrow: date, now: datetime
) -> None:
    await publish(counters=2)
    proposal = await propose(tomorrow, now, orphans=Orphans.CANCEL)
    row = await book(place, now)

    with pytest.raises(CalendarProposalStale) as refused:
        await confirm(proposal, now)

    assert refused.value.told_facts["impact"]["orphaned"] == 1
    assert await standing(row) == [("confirmed", "supported")]
    seen = await calendar.by_id(proposal.id)
    assert (seen.state, seen.impact.orphaned) == ("proposed", 1)

    await confirm(proposal, now)
    assert await standing(row) == [("cancelled", "orphaned")]
    assert await facts("appointment.withdrawn") == 1


async def test_two_who_confirm_at_once_carry_the_day_out_once(
    place: Place, publish: Publish, tomorrow: date, now: datetime
) -> None:
    await publish(counters=3)
    rows = [await book(place, now) for _ in range(3)]
    proposal = await propose(tomorrow, now, orphans=Orphans.CANCEL)

    await asyncio.gather(confirm(proposal, now), confirm(proposal, now, uuid.uuid4()))

    assert await standing(*rows) == [("cancelled", "orphaned")] * 3
    assert await facts("appointment.withdrawn") == 3
    assert await facts("calendar.confirmed") == 1


async def test_a_confirmed_day_that_was_cut_off_is_carried_out_later(
    place: Place, publish: Publish, tomorrow: date, now: datetime
) -> None:
    await publish(counters=1)
    row = await book(place, now)
    proposal = await propose(tomorrow, now)
    await calendar._confirm(proposal_id=proposal.id, officer_id=THU, now=now)
    assert await standing(row) == [("confirmed", "supported")]

    for _ in range(2):
        await calendar.carry_out(proposal_id=proposal.id, now=now)

    assert await standing(row) == [("confirmed", "orphaned")]
    assert (await calendar.by_id(proposal.id)).state == "done"


async def test_visits_at_the_door_are_counted_and_their_windows_take_no_more(
    place: Place, publish: Publish, tomorrow: date, now: datetime
) -> None:
    zone = await make_zone(place)
    await publish(counters=6, grains=1, pool_id=zone)
    assert DB.pool is not None
    await DB.pool.execute("UPDATE slot SET taken_online = 2 WHERE pool_id = $1", zone)

    proposal = await propose(tomorrow, now)
    await confirm(proposal, now)

    assert (proposal.impact.home_visits, proposal.impact.centres[0].home_visits) == (2, 2)
    rows = await DB.pool.fetch("SELECT open, taken_online, capacity FROM slot WHERE pool_id = $1", zone)
    assert [tuple(row) for row in rows] == [(False, 2, 6)]


async def test_a_working_day_opens_like_the_day_it_stands_for(
    place: Place, publish: Publish, now: datetime
) -> None:
    saturday = local_date(now) + timedelta(days=(5 - local_date(now).weekday()) % 7 + 7)
    model = saturday + 9 * DAY  # a Monday given away for it
    await publish(
        counters=3,
        grains=4,
        walkin_floor=1,
        online_share=0.7,
        at=place._replace(opens=at_local(model, 8)),
    )

    proposal = await propose(saturday, now, kind=Kind.WORKING, stands_for=model)
    assert [each.openings for each in proposal.impact.centres] == [1]
    await confirm(proposal, now)

    assert DB.pool is not None
    rows = await DB.pool.fetch(
        "SELECT starts_at, ends_at, counters, online_cap, walkin_floor FROM opening ORDER BY starts_at"
    )
    opened, stood_for = rows
    assert local(opened["starts_at"]) == local(at_local(saturday, 8))
    assert tuple(opened)[2:] == tuple(stood_for)[2:] == (3, 2, 1)
    assert [(each.openings, each.outcome) for each in await calendar.effects_of(proposal.id)] == [(1, None)]
    await book(place, now, start=at_local(saturday, 8))


async def test_a_working_day_opens_like_the_last_weekday_where_it_stands_for_none(
    place: Place, publish: Publish, now: datetime
) -> None:
    saturday = local_date(now) + timedelta(days=(5 - local_date(now).weekday()) % 7 + 14)
    for back in (8, 1):
        await publish(counters=back, grains=1, at=place._replace(opens=at_local(saturday - back * DAY, 9)))

    await confirm(await propose(saturday, now, kind=Kind.WORKING), now)

    assert DB.pool is not None
    row = await DB.pool.fetchrow("SELECT starts_at, counters FROM opening ORDER BY starts_at DESC LIMIT 1")
    assert (row["starts_at"], row["counters"]) == (at_local(saturday, 9), 1)


async def test_a_working_day_opens_from_the_templates_first(
    place: Place, publish: Publish, now: datetime
) -> None:
    saturday = local_date(now) + timedelta(days=(5 - local_date(now).weekday()) % 7 + 7)
    await publish(counters=9, grains=1, at=place._replace(opens=at_local(saturday - DAY, 16)))
    await publish(
        counters=4, pool_id=place.wide_pool_id, at=place._replace(opens=at_local(saturday - DAY, 8))
    )
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO opening_hours (id, centre_id, weekday, opens, closes, valid_from, decision)"
        " VALUES ($1, $2, 5, '07:30', '11:30', '2025-07-01', 'QĐ')",
        new_id(),
        place.centre_id,
    )
    week = template(
        centre_id=place.centre_id,
        pool_id=place.pool_id,
        weekdays=[5],
        opens=time(7, 30),
        closes=time(11, 30),
        counters=2,
        valid_from=saturday - DAY,
        anchor=saturday - DAY,
    )
    await appointments.create_template(template=week, now=now)

    done = await confirm(await propose(saturday, now, kind=Kind.WORKING), now)

    rows = await DB.pool.fetch(
        "SELECT pool_id, starts_at, counters FROM opening WHERE starts_at >= $1 ORDER BY starts_at",
        at_local(saturday, 0),
    )
    assert [tuple(row) for row in rows if local_date(row["starts_at"]) == saturday] == [
        (place.pool_id, at_local(saturday, 7, 30), 2),
        (place.wide_pool_id, at_local(saturday, 8), 4),
    ]
    assert [each.openings for each in await calendar.effects_of(done.id)] == [2]


async def test_promised_dates_that_would_be_others_are_named_and_stay(
    place: Place, tomorrow: date, now: datetime
) -> None:
    holiday = tomorrow if tomorrow.weekday() < 5 else tomorrow + (7 - tomorrow.weekday()) * DAY
    await declare(holiday.year)
    known = await centres.load_working_calendar()
    accepted = at_local(_worked_before(holiday), 9)
    due = known.add(accepted, working_days=1)
    assert local_date(due) == holiday
    await make_dossier("H42-1", place, accepted, due)
    await make_dossier("H42-2", place, accepted, due, status=9)
    await make_dossier("H42-3", place, accepted - 14 * DAY, known.add(accepted - 14 * DAY, working_days=1))

    proposal = await propose(holiday, now)
    await confirm(proposal, now)

    assert proposal.impact.promised_dates == 1
    (promise,) = proposal.impact.promises
    assert (promise.dossier_number, promise.promised) == ("H42-1", due)
    assert promise.would_be == known.add(due, working_days=1)
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT due_at FROM dossier WHERE number = 'H42-1'") == due
    after = await centres.load_working_calendar()
    assert not after.is_working_day(holiday)
    assert await promises.different_by(after, instead_of=after, start=now, end=now + 30 * DAY) == []


async def test_what_is_no_day_is_refused(place: Place, tomorrow: date, now: datetime) -> None:
    await confirm(await propose(tomorrow, now), now)

    for wrong in (
        propose(tomorrow, now),
        propose(local_date(now) - DAY, now),
        propose(tomorrow + DAY, now, stands_for=tomorrow),
    ):
        with pytest.raises(DayNotValid):
            await wrong
    proposal = await propose(tomorrow + DAY, now)
    with pytest.raises(CalendarProposalExpired):
        await confirm(proposal, now + DAY)
    with pytest.raises(CalendarProposalNotFound):
        await confirm(proposal._replace(id=uuid.uuid4()), now)


def _worked_before(day: date) -> date:
    before = day - DAY
    return before if before.weekday() < 5 else before - (before.weekday() - 4) * DAY


@operation
async def declare(year: int) -> None:
    """A holiday in each of these years, far from the day, so that the calendar speaks of them."""
    from app.core.database import in_transaction

    for each in (year - 1, year, year + 1):
        await in_transaction().execute(
            "INSERT INTO calendar_day (day, kind, name_vi, name_en, status, reference)"
            " VALUES ($1, 'holiday', 'Quốc khánh', 'National day', 'statutory', '') ON CONFLICT DO NOTHING",
            date(each, 9, 2),
        )


async def make_dossier(
    number: str, place: Place, accepted_at: datetime, due_at: datetime, *, status: int = 2
) -> None:
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO dossier (id, number, centre_id, procedure_code, applicant_name, locale, channel,"
        " return_mode, status, accepted_at, due_at, ticket_id, completed_at, result_document_id)"
        " VALUES ($1, $2, $3, $4, 'Lan', 'vi', 'counter', 'counter', $5::smallint, $6, $7, $1,"
        " CASE WHEN $5::smallint = 9 THEN $7::timestamptz END,"
        " CASE WHEN $5::smallint = 9 THEN $1::uuid END)",
        new_id(),
        number,
        place.centre_id,
        COPIES,
        status,
        accepted_at,
        due_at,
    )
