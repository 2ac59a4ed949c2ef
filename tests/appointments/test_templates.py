"""Openings from templates: which days, from when to when, each day once; holidays and worked Saturdays."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import operations, queries, templates
from app.appointments.errors import (
    OpeningNotValid,
    OpeningOnHoliday,
    OpeningTemplateNotFound,
    OpeningTemplateNotValid,
    PoolNotFound,
)
from app.appointments.operations.templates import templates_of
from app.appointments.queries import OpeningRow
from app.appointments.templates import TemplateRow, applies, periods
from app.centres.errors import CentreNotFound
from app.centres.rules import Hours
from app.core.clock import at_local, local, local_date
from app.core.database import DB
from app.core.ids import new_id
from app.http.principals import Caller
from tests.appointments.conftest import Place, make_centre, make_procedures
from tests.conftest import SignedIn, Stores

DAY = timedelta(days=1)
FRIDAY_21 = date(2026, 8, 21)
SATURDAY_22 = date(2026, 8, 22)  # Worked for Monday the 31st.
MONDAY_31 = date(2026, 8, 31)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MORNING, AFTERNOON = (time(7), time(11, 30)), (time(13, 30), time(17))
WEEK = [Hours(weekday, *period) for weekday in range(1, 6) for period in (MORNING, AFTERNOON)]
TEMPLATES = "/v1/staff/opening-templates"
SignIn = Callable[..., Awaitable[SignedIn]]


def template(**said: Any) -> TemplateRow:
    given: dict[str, Any] = {
        "id": uuid.UUID(int=0),
        "centre_id": uuid.UUID(int=1),
        "pool_id": uuid.UUID(int=2),
        "weekdays": [1, 2, 3, 4, 5],
        "every_weeks": 1,
        "anchor": date(2026, 8, 17),
        "nth_of_month": None,
        "opens": time(7),
        "closes": time(17),
        "counters": 3,
        "grain_minutes": 10,
        "online_share": None,
        "walkin_floor": 0,
        "valid_from": date(2026, 8, 1),
        "valid_to": None,
        "decision": "QĐ 5/2026",
        "version": 0,
    }
    return TemplateRow(**(given | said))


def open_on(made: TemplateRow, day: date, special: str | None = None) -> list[templates.Period]:
    return periods(made, day, week=WEEK, special=special, grain_minutes=10, now=LONG_AGO)


def test_a_day_is_open_as_long_as_both_the_template_and_the_centre_say() -> None:
    found = open_on(template(opens=time(8), closes=time(16)), FRIDAY_21)
    assert [(local(p.starts_at).time(), local(p.ends_at).time()) for p in found] == [
        (time(8), time(11, 30)),
        (time(13, 30), time(16)),
    ]


def test_a_holiday_is_left_out_and_a_worked_saturday_is_its_friday() -> None:
    fridays = template(weekdays=[5])
    assert open_on(fridays, MONDAY_31, "holiday") == []
    assert open_on(template(weekdays=[1]), MONDAY_31, "holiday") == []
    assert open_on(fridays, SATURDAY_22) == []
    assert [local(p.starts_at).time() for p in open_on(fridays, SATURDAY_22, "working")] == [
        time(7),
        time(13, 30),
    ]
    assert open_on(template(weekdays=[1, 2, 3, 4, 6]), SATURDAY_22, "working") == []


def test_a_worked_saturday_belongs_to_the_week_and_the_month_of_its_friday() -> None:
    other_week = template(weekdays=[5], every_weeks=2, anchor=date(2026, 8, 10))
    this_week = template(weekdays=[5], every_weeks=2, anchor=date(2026, 8, 21))
    third_friday = template(weekdays=[5], nth_of_month=3)
    assert not applies(other_week, SATURDAY_22, special="working")
    assert applies(this_week, SATURDAY_22, special="working")
    assert applies(third_friday, SATURDAY_22, special="working")


def test_what_has_begun_opens_from_the_next_grain_and_an_odd_end_is_cut_to_whole_grains() -> None:
    made = template(grain_minutes=20)
    now = at_local(FRIDAY_21, 8, 7)
    first, second = periods(made, FRIDAY_21, week=WEEK, special=None, grain_minutes=10, now=now)
    assert local(first.starts_at).time() == time(8, 20)
    assert local(first.ends_at).time() == time(11, 20)  # 270 minutes are thirteen grains and a half.
    assert local(second.ends_at).time() == time(16, 50)
    assert (
        periods(made, FRIDAY_21, week=WEEK, special=None, grain_minutes=10, now=at_local(FRIDAY_21, 16, 50))
        == []
    )


days = st.integers(0, 900).map(lambda n: date(2026, 1, 1) + n * DAY)
weekdays = st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(sorted)


@given(anchor=days, day=days, every=st.integers(1, 8), named=weekdays)
def test_every_n_weeks_comes_again_after_n_weeks_and_not_between(
    anchor: date, day: date, every: int, named: Sequence[int]
) -> None:
    made = template(weekdays=named, every_weeks=every, anchor=anchor, valid_from=date(2020, 1, 1))
    later = [applies(made, day + n * 7 * DAY, special=None) for n in range(every + 1)]
    assert later[0] == later[every]
    assert sum(later[:every]) == (day.isoweekday() in named)
    assert applies(made, anchor, special=None) == (anchor.isoweekday() in named)


@given(day=days, weekday=st.integers(1, 7), nth=st.sampled_from([1, 2, 3, 4, -1]))
def test_the_nth_weekday_comes_once_a_month(day: date, weekday: int, nth: int) -> None:
    made = template(weekdays=[weekday], nth_of_month=nth, valid_from=date(2020, 1, 1))
    first = day.replace(day=1)
    month = [first + n * DAY for n in range(31) if (first + n * DAY).month == first.month]
    found = [each for each in month if applies(made, each, special=None)]
    same_weekday = [each for each in month if each.isoweekday() == weekday]
    assert found == [same_weekday[nth - 1 if nth > 0 else -1]]


times = st.integers(0, 24 * 12 - 1).map(lambda n: time(n // 12, n % 12 * 5))


@given(
    day=days,
    named=weekdays,
    opens=times,
    closes=times,
    grain=st.sampled_from([5, 10, 15, 30, 45]),
    special=st.sampled_from([None, None, "holiday", "working"]),
    minutes=st.integers(-600, 2000),
)
def test_openings_are_whole_grains_within_the_hours_that_have_not_begun(
    day: date,
    named: Sequence[int],
    opens: time,
    closes: time,
    grain: int,
    special: str | None,
    minutes: int,
) -> None:
    made = template(
        weekdays=named, opens=opens, closes=closes, grain_minutes=grain, valid_from=date(2020, 1, 1)
    )
    now = at_local(day, 0) + timedelta(minutes=minutes)
    found = periods(made, day, week=WEEK, special=special, grain_minutes=10, now=now)
    for period in found:
        starts, ends = local(period.starts_at), local(period.ends_at)
        assert starts.date() == ends.date() == day
        assert period.starts_at >= now
        assert any(o <= starts.time() and ends.time() <= c for o, c in (MORNING, AFTERNOON))
        assert opens <= starts.time() and ends.time() <= closes
        assert (period.ends_at - period.starts_at) % timedelta(minutes=grain) == timedelta(0)
        assert period.ends_at > period.starts_at
    assert len({period.starts_at for period in found}) == len(found) <= 2
    if special == "holiday":
        assert found == []


@pytest.fixture
async def hoa_lu(database: Stores) -> Place:
    """A centre with hours, on the days around the worked Saturday of August 2026."""
    assert DB.pool is not None
    await make_procedures()
    centre = await make_centre(name="Hoa Lư", opens=at_local(FRIDAY_21, 7))
    await DB.pool.executemany(
        "INSERT INTO opening_hours (id, centre_id, weekday, opens, closes, valid_from, decision)"
        " VALUES ($1, $2, $3, $4, $5, '2025-07-01', 'QĐ')",
        [(new_id(), centre.centre_id, *hours) for hours in WEEK],
    )
    await DB.pool.executemany(
        "INSERT INTO calendar_day (day, kind, name_vi, name_en, status, stands_for, reference)"
        " VALUES ($1, $2, 'x', 'x', 'seen', $3, 'TB')",
        [(MONDAY_31, "holiday", None), (SATURDAY_22, "working", MONDAY_31)],
    )
    return centre


NOON_17 = at_local(date(2026, 8, 17), 12)


def of(place: Place, **said: Any) -> TemplateRow:
    return template(centre_id=place.centre_id, pool_id=place.pool_id, valid_from=date(2026, 8, 17), **said)


async def openings(place: Place) -> list[OpeningRow]:
    return await queries.openings_of(
        place.centre_id, start=LONG_AGO, end=LONG_AGO + 900 * DAY, after=None, limit=500
    )


async def test_a_template_opens_the_days_up_to_the_horizon_and_the_worked_saturday_not_the_holiday(
    hoa_lu: Place,
) -> None:
    await operations.create_template(template=of(hoa_lu), now=NOON_17)

    found = await openings(hoa_lu)
    opened = sorted({local_date(row.starts_at) for row in found})
    assert opened == [date(2026, 8, day) for day in (17, 18, 19, 20, 21, 22, 24, 25, 26, 27, 28)]
    assert len([row for row in found if local_date(row.starts_at) == SATURDAY_22]) == 2
    assert len([row for row in found if local_date(row.starts_at) == date(2026, 8, 17)]) == 1
    assert all(row.counters == 3 for row in found)


async def test_publishing_again_and_at_once_adds_only_the_days_that_came_into_view(hoa_lu: Place) -> None:
    await operations.create_template(template=of(hoa_lu), now=NOON_17)
    before = len(await openings(hoa_lu))

    assert await operations.publish_from_templates(now=NOON_17) == 0
    answers = await asyncio.gather(
        *(operations.publish_from_templates(now=NOON_17 + 2 * DAY) for _ in range(4))
    )

    # The two new days are the 1st of September, a Tuesday, and the 2nd.
    assert sum(answers) == 4
    assert len(await openings(hoa_lu)) == before + 4


async def test_an_opening_that_was_closed_does_not_come_back(hoa_lu: Place) -> None:
    assert DB.pool is not None
    await operations.create_template(template=of(hoa_lu), now=NOON_17)
    await DB.pool.execute("UPDATE opening SET status = 'closed' WHERE starts_at > $1", NOON_17 + 3 * DAY)

    assert await operations.publish_from_templates(now=NOON_17) == 0


async def test_a_pool_somebody_opened_by_hand_keeps_that_opening(hoa_lu: Place) -> None:
    monday = at_local(date(2026, 8, 24), 9)
    await operations.publish_opening(
        centre_id=hoa_lu.centre_id,
        pool_id=hoa_lu.pool_id,
        starts_at=monday,
        ends_at=monday + timedelta(hours=1),
        counters=9,
        now=NOON_17,
    )
    await operations.create_template(template=of(hoa_lu), now=NOON_17)

    found = [row for row in await openings(hoa_lu) if local_date(row.starts_at) == local_date(monday)]
    assert [row.counters for row in found] == [9, 3]


async def test_summer_hours_follow_winter_hours_by_their_dates(hoa_lu: Place) -> None:
    winter = of(hoa_lu, opens=time(8), closes=time(11), valid_to=date(2026, 8, 20))
    summer = of(hoa_lu, opens=time(7), closes=time(10))._replace(valid_from=date(2026, 8, 21))
    for each in (winter, summer):
        await operations.create_template(template=each, now=NOON_17)

    starts = {local(row.starts_at).date(): local(row.starts_at).time() for row in await openings(hoa_lu)}
    assert starts[date(2026, 8, 20)] == time(8)
    assert starts[FRIDAY_21] == starts[SATURDAY_22] == time(7)


async def test_an_ended_template_opens_no_further_days_and_keeps_those_it_opened(hoa_lu: Place) -> None:
    row = await operations.create_template(template=of(hoa_lu), now=NOON_17)
    before = await openings(hoa_lu)

    ended = await operations.end_template(
        template_id=row.id, centre_id=hoa_lu.centre_id, last_day=None, now=NOON_17 + DAY
    )
    again = await operations.end_template(
        template_id=row.id, centre_id=hoa_lu.centre_id, last_day=None, now=NOON_17 + 2 * DAY
    )

    assert ended == again
    assert ended.valid_to == date(2026, 8, 18)
    assert await operations.publish_from_templates(now=NOON_17 + 5 * DAY) == 0
    assert await openings(hoa_lu) == before
    with pytest.raises(OpeningTemplateNotFound):
        await operations.end_template(
            template_id=row.id, centre_id=uuid.uuid4(), last_day=None, now=NOON_17
        )


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"closes": time(7)}, "closes"),
        ({"weekdays": [1, 1]}, "weekdays"),
        ({"nth_of_month": 0}, "nth_of_month"),
        ({"nth_of_month": 2, "every_weeks": 2}, "nth_of_month"),
        ({"walkin_floor": 4}, "walkin_floor"),
        ({"decision": ""}, "decision"),
        ({"valid_to": date(2026, 8, 1)}, "valid_to"),
        ({"grain_minutes": 480, "closes": time(8)}, "grain_minutes"),
    ],
)
async def test_a_template_that_cannot_be_is_refused_with_its_field_and_leaves_nothing(
    hoa_lu: Place, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(OpeningTemplateNotValid) as refused:
        await operations.create_template(template=of(hoa_lu, **said), now=NOON_17)

    assert [fault["pointer"] for fault in refused.value.told_facts["errors"]] == [f"/{field}"]
    assert await openings(hoa_lu) == []
    assert await templates_of(hoa_lu.centre_id, after=None, limit=9) == []


async def test_a_holiday_is_opened_only_by_a_decision(hoa_lu: Place) -> None:
    facts: dict[str, Any] = {
        "centre_id": hoa_lu.centre_id,
        "pool_id": hoa_lu.pool_id,
        "starts_at": at_local(MONDAY_31, 8),
        "ends_at": at_local(MONDAY_31, 9),
        "counters": 1,
        "now": NOON_17,
    }

    with pytest.raises(OpeningOnHoliday) as refused:
        await operations.publish_opening(**facts)
    assert refused.value.told_facts["date"] == MONDAY_31
    with pytest.raises(OpeningNotValid):
        await operations.publish_opening(**facts, special=True)
    with pytest.raises(OpeningOnHoliday):
        await operations.publish_opening(**facts, decision="QĐ 9")
    assert await openings(hoa_lu) == []

    row = await operations.publish_opening(**facts, special=True, decision="QĐ 9")
    assert [row] == await openings(hoa_lu)
    assert row.decision == "QĐ 9"


async def test_a_centre_that_has_ended_opens_nothing_more_and_its_history_stays(hoa_lu: Place) -> None:
    assert DB.pool is not None
    await operations.create_template(template=of(hoa_lu), now=NOON_17)
    before = await openings(hoa_lu)
    last = date(2026, 8, 20)
    await DB.pool.execute("UPDATE centre SET valid_to = $2 WHERE id = $1", hoa_lu.centre_id, last)

    assert await operations.publish_from_templates(now=NOON_17 + 4 * DAY) == 0
    with pytest.raises(CentreNotFound):
        await operations.publish_opening(
            centre_id=hoa_lu.centre_id,
            pool_id=hoa_lu.wide_pool_id,
            starts_at=at_local(FRIDAY_21, 8),
            ends_at=at_local(FRIDAY_21, 9),
            counters=1,
            now=NOON_17,
        )
    with pytest.raises(CentreNotFound):
        await operations.create_template(template=of(hoa_lu)._replace(valid_from=FRIDAY_21), now=NOON_17)
    assert await openings(hoa_lu) == before


async def test_a_leader_makes_lists_and_ends_templates_of_their_own_centre(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, now: datetime
) -> None:
    assert DB.pool is not None
    await DB.pool.executemany(
        "INSERT INTO opening_hours (id, centre_id, weekday, opens, closes, valid_from, decision)"
        " VALUES ($1, $2, $3, '07:00', '17:00', '2025-07-01', 'QĐ')",
        [(new_id(), place.centre_id, weekday) for weekday in range(1, 8)],
    )
    hoa = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)
    other = await make_centre(name="Tam Điệp", opens=place.opens)
    minh = await sign_in(Caller.CENTRE_LEADER, centre_id=other.centre_id)
    body = {
        "pool_id": str(place.pool_id),
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "opens": "08:00",
        "closes": "10:00",
        "counters": 2,
        "decision": "QĐ 7/2026",
    }
    key = hoa.headers | {"Idempotency-Key": uuid.uuid4().hex}

    made = await client.post(TEMPLATES, json=body, headers=key)
    replay = await client.post(TEMPLATES, json=body, headers=key)
    listed = await client.get(TEMPLATES, headers=hoa.headers)
    opened = await client.get("/v1/staff/openings", headers=hoa.headers)

    assert made.status_code == 201, made.text
    assert replay.json() == made.json()
    assert listed.json()["items"] == [made.json()]
    assert (made.json()["opens"], made.json()["closes"]) == ("08:00", "10:00")
    assert len(opened.json()["items"]) >= 6
    path = f"{TEMPLATES}/{made.json()['id']}/end"
    theirs = await client.post(path, json={}, headers=minh.headers)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "opening_template_not_found")
    stolen = await client.post(TEMPLATES, json=body, headers=minh.headers)
    assert (stolen.status_code, stolen.json()["code"]) == (404, "pool_not_found")
    early = {"last_day": (local_date(now) - DAY).isoformat()}
    refused = await client.post(path, json=early, headers=hoa.headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "opening_template_not_valid")
    ended = await client.post(path, json={}, headers=hoa.headers)
    assert (ended.status_code, ended.json()["valid_to"]) == (200, local_date(now).isoformat())


async def test_only_the_pool_of_the_own_centre_gets_a_template(hoa_lu: Place) -> None:
    other = await make_centre(name="Tam Điệp", opens=hoa_lu.opens)

    with pytest.raises(PoolNotFound):
        await operations.create_template(template=of(hoa_lu)._replace(pool_id=other.pool_id), now=NOON_17)
