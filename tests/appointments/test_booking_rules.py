"""Booking rules are data of a centre and of a period; a new day opens one start after another."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import (
    availability,
    booking_rules,
    free_places,
    needs,
    operations,
    rules,
    steps,
)
from app.appointments.availability import Availability, Question
from app.appointments.errors import (
    AppointmentLimit,
    BookingRulesNotValid,
    NotToBeMoved,
    OutsideBookingPeriod,
)
from app.appointments.needs import Item
from app.appointments.queries import AppointmentRow
from app.appointments.rules import UNDECIDED, BookingRules
from app.core.clock import at_local, local_date
from app.core.database import DB, transaction
from app.http.principals import Caller
from tests.appointments.conftest import (
    BIRTH,
    COPIES,
    GRAIN,
    SIGNATURE,
    Place,
    Publish,
    copies,
    drift,
    make_centre,
)
from tests.conftest import SignedIn

DAY = timedelta(days=1)
RULES = "/v1/staff/booking-rules"
SignIn = Callable[..., Awaitable[SignedIn]]


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Each test begins like a process that has not asked yet."""
    needs.forget()
    yield
    needs.forget()


async def decide(place: Place | None, *, now: datetime, **decided: Any) -> None:
    """The rules are in force since today."""
    await operations.set_booking_rules(
        centre_id=None if place is None else place.centre_id,
        rules=BookingRules(**{"decision": "QĐ 12/2026", **decided}),
        valid_from=local_date(now),
        now=now,
    )


async def hold(place: Place, now: datetime, **facts: Any) -> AppointmentRow:
    asked: dict[str, Any] = {"starts_at": place.opens, "items": copies(), "citizen_id": uuid.uuid4()}
    return await operations.book(centre_id=place.centre_id, now=now, **(asked | facts))


async def shown(place: Place, *, now: datetime, first: date, last: date) -> list[datetime]:
    question = Question(place.centre_id, (Item(COPIES, 1),), first, last)
    answer = await availability.SHARED(question, now=now)
    view = msgspec.json.decode(answer.plain.whole.body, type=Availability)
    return [slot.starts_at for day in view.days for slot in day.slots]


async def test_where_nothing_was_decided_the_rules_are_those_of_the_program(
    place: Place, now: datetime
) -> None:
    assert await booking_rules.rules_of(place.centre_id, on=local_date(now)) == UNDECIDED


async def test_a_centre_books_by_its_own_rules_and_the_others_by_those_of_all(
    place: Place, now: datetime
) -> None:
    other = await make_centre(name="Tam Điệp", opens=place.opens)
    await decide(None, now=now, horizon_days=7)
    await decide(place, now=now, horizon_days=3)
    today = local_date(now)

    in_force = await booking_rules.all_rules(on=today)

    for centre_id, days in ((place.centre_id, 3), (other.centre_id, 7)):
        assert (await booking_rules.rules_of(centre_id, on=today)).horizon_days == days
        assert in_force.of(centre_id).horizon_days == days


async def test_new_rules_begin_on_their_day_and_history_keeps_the_old_ones(
    place: Place, now: datetime
) -> None:
    today = local_date(now)
    await decide(place, now=now, cut_off_minutes=15, decision="QĐ 1")
    for cut_off, days in ((60, 20), (30, 10)):  # The second replaces what was planned by the first.
        await operations.set_booking_rules(
            centre_id=place.centre_id,
            rules=BookingRules(cut_off_minutes=cut_off, decision=f"QĐ {cut_off}"),
            valid_from=today + days * DAY,
            now=now,
        )

    found = [await booking_rules.rules_of(place.centre_id, on=today + n * DAY) for n in (0, 9, 10, 25)]
    assert [row.cut_off_minutes for row in found] == [15, 15, 30, 30]
    assert [row.decision for row in found] == ["QĐ 1", "QĐ 1", "QĐ 30", "QĐ 30"]
    before = await booking_rules.rules_of(place.centre_id, on=today - DAY)
    assert before == UNDECIDED


async def test_new_rules_hold_from_midnight_also_where_the_old_ones_are_remembered(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    midnight = at_local(local_date(now) + DAY, 0)
    just_before = midnight - timedelta(seconds=1)
    await operations.set_booking_rules(
        centre_id=place.centre_id,
        rules=BookingRules(cut_off_minutes=1440, decision="QĐ 2"),
        valid_from=local_date(midnight),
        now=now,
    )

    assert place.opens in await shown(
        place, now=just_before, first=local_date(now), last=local_date(midnight)
    )
    await hold(place, just_before)

    assert place.opens not in await shown(
        place, now=midnight, first=local_date(now), last=local_date(midnight)
    )
    with pytest.raises(OutsideBookingPeriod):
        await hold(place, midnight)


@pytest.mark.parametrize(
    ("decided", "field"),
    [
        ({"horizon_days": 0}, "horizon_days"),
        ({"visits_per_day": 10}, "visits_per_day"),
        ({"online_share": 1.5}, "online_share"),
        ({"decision": " "}, "decision"),
        ({"release_at": time(23, 30), "release_spread_minutes": 30}, "release_spread_minutes"),
        ({"release_at": time(7, 0, 30)}, "release_at"),
    ],
)
async def test_rules_that_cannot_be_are_refused_and_the_old_ones_stay(
    place: Place, now: datetime, decided: dict[str, Any], field: str
) -> None:
    with pytest.raises(BookingRulesNotValid) as refused:
        await decide(place, now=now, **decided)

    assert [fault["pointer"] for fault in refused.value.told_facts["errors"]] == [f"/{field}"]
    assert await booking_rules.rules_of(place.centre_id, on=local_date(now)) == UNDECIDED


async def test_a_day_that_has_begun_keeps_its_rules(place: Place, now: datetime) -> None:
    await decide(place, now=now, cut_off_minutes=15)

    with pytest.raises(BookingRulesNotValid):
        await decide(place, now=now, cut_off_minutes=30)
    with pytest.raises(BookingRulesNotValid):
        await operations.set_booking_rules(
            centre_id=place.centre_id,
            rules=BookingRules(),
            valid_from=local_date(now) - DAY,
            now=now,
        )
    found = await booking_rules.rules_of(place.centre_id, on=local_date(now))
    assert found.cut_off_minutes == 15


async def test_two_who_decide_at_once_leave_one_decision(place: Place, now: datetime) -> None:
    answers = await asyncio.gather(
        *(decide(place, now=now, cut_off_minutes=n) for n in (10, 20, 30)), return_exceptions=True
    )

    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, BookingRulesNotValid) for answer in answers) == 2
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM booking_rule") == 1


async def test_a_centre_that_allows_three_a_day_and_two_per_sector_refuses_the_next(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    await publish(pool_id=place.wide_pool_id)
    await decide(place, now=now, visits_per_day=3, visits_per_sector=2)
    lan, minh = uuid.uuid4(), uuid.uuid4()

    rows = [
        await hold(place, now, citizen_id=lan),
        await hold(place, now, citizen_id=lan, items=[Item(SIGNATURE, 1)], starts_at=place.opens + GRAIN),
    ]
    with pytest.raises(AppointmentLimit) as sector:
        await hold(place, now, citizen_id=lan, starts_at=place.opens + 2 * GRAIN)
    for row in rows:
        await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
    third = place.opens + 3 * GRAIN
    rows.append(await hold(place, now, citizen_id=lan, items=[Item(BIRTH, 1)], starts_at=third))
    with pytest.raises(AppointmentLimit) as day:
        await hold(place, now, citizen_id=lan, items=[Item(BIRTH, 1)], starts_at=place.opens)

    assert sector.value.told_facts["rule"] == "two_per_sector_per_day"
    assert day.value.told_facts["rule"] == "three_per_day"
    assert day.value.told_facts["decision"] == "QĐ 12/2026"
    # A place given back gives its claims back, whichever they were.
    await operations.cancel(appointment_id=rows[0].id, citizen_id=lan, now=now)
    await hold(place, now, citizen_id=lan)
    answers = await asyncio.gather(
        *(hold(place, now, citizen_id=minh) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, AppointmentRow) for answer in answers) == 2
    assert await drift() == []


async def test_a_centre_decides_how_late_one_may_book_move_and_come(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish()
    to_go = int((place.opens - now).total_seconds() // 60)
    lan = uuid.uuid4()
    row = await hold(place, now, citizen_id=lan)
    row = await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
    # The rules of all apply from today on, so tomorrow's move and arrival are judged by them too.
    await decide(
        None, now=now, cut_off_minutes=min(to_go, 1440), grace_minutes=45, move_limit_minutes=10_080
    )

    with pytest.raises(NotToBeMoved):
        await operations.reschedule(
            appointment_id=row.id, citizen_id=lan, starts_at=place.opens + GRAIN, now=now
        )
    needs.forget()
    if to_go <= 1440:
        with pytest.raises(OutsideBookingPeriod):
            await hold(place, now + timedelta(minutes=2))
    late = place.opens + timedelta(minutes=45)
    assert await operations.miss_overdue(now=late) == 0
    async with transaction():
        arrived = await steps.mark_arrived(appointment_id=row.id, now=late)
    assert arrived.state == "arrived"


async def test_the_opening_of_a_centre_shares_its_places_as_it_decided(
    place: Place, publish: Publish, now: datetime
) -> None:
    await decide(place, now=now, online_share=0.25)

    own = await publish(counters=4)
    said = await publish(counters=4, pool_id=place.wide_pool_id, online_share=0.5)

    assert (own.online_cap, said.online_cap) == (1, 2)


async def test_a_leader_decides_how_the_own_centre_books_from_tomorrow_on(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, now: datetime
) -> None:
    hoa = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)
    minh = await sign_in(Caller.CENTRE_LEADER, centre_id=uuid.uuid4())
    body = {
        "decision": "QĐ 12/2026",
        "horizon_days": 7,
        "release_at": "07:00",
        "release_spread_minutes": 20,
        "unsold_minutes": 0,
    }
    key = hoa.headers | {"Idempotency-Key": uuid.uuid4().hex}
    tomorrow = local_date(now) + DAY

    made = await client.post(RULES, json=body, headers=key)
    replay = await client.post(RULES, json=body, headers=key)
    listed = (await client.get(RULES, headers=hoa.headers)).json()
    theirs = (await client.get(RULES, headers=minh.headers)).json()

    assert made.status_code == 201, made.text
    assert replay.json() == made.json()
    assert listed["items"] == [made.json()]
    assert made.json() | body == made.json() | {"valid_from": tomorrow.isoformat(), "valid_to": None}
    assert made.json()["visits_per_day"] == UNDECIDED.visits_per_day
    assert listed["in_force"]["horizon_days"] == UNDECIDED.horizon_days
    assert listed["in_force"]["valid_from"] is None
    assert theirs["items"] == []
    found = await booking_rules.rules_of(place.centre_id, on=tomorrow)
    assert (found.horizon_days, found.release_at, found.unsold_minutes) == (7, time(7), 0)
    later = {"decision": "QĐ 13", "grace_minutes": 15, "valid_from": (tomorrow + 9 * DAY).isoformat()}
    again = await client.post(RULES, json=later, headers=hoa.headers)
    assert (again.json()["horizon_days"], again.json()["grace_minutes"]) == (7, 15)
    first = await client.get(RULES, params={"limit": 1}, headers=hoa.headers)
    rest = await client.get(
        RULES, params={"limit": 1, "cursor": first.json()["next_cursor"]}, headers=hoa.headers
    )
    assert first.json()["items"] == [again.json()]
    assert rest.json()["items"] == [made.json() | {"valid_to": (tomorrow + 8 * DAY).isoformat()}]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"horizon_days": 0}, "booking_rules_not_valid"),
        ({"horizon_days": 93}, "booking_rules_not_valid"),
        ({"visits_per_day": 10}, "booking_rules_not_valid"),
        ({"release_at": "7:00"}, "invalid_value"),
        ({"release_at": "23:50", "release_spread_minutes": 30}, "booking_rules_not_valid"),
        ({"release_spread_minutes": 99_999_999_999}, "booking_rules_not_valid"),
        ({"unsold_minutes": -1}, "booking_rules_not_valid"),
        ({"online_share": 1.1}, "booking_rules_not_valid"),
        ({"decision": ""}, "booking_rules_not_valid"),
        ({"valid_from": "2020-01-01"}, "booking_rules_not_valid"),
    ],
)
async def test_a_decision_that_cannot_be_changes_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, change: dict[str, Any], code: str
) -> None:
    hoa = await sign_in(Caller.CENTRE_LEADER, centre_id=place.centre_id)

    answer = await client.post(RULES, json={"decision": "QĐ 1"} | change, headers=hoa.headers)

    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await client.get(RULES, headers=hoa.headers)).json()["items"] == []


moments = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
decisions = st.builds(
    BookingRules,
    horizon_days=st.integers(1, 30),
    cut_off_minutes=st.integers(0, 120),
    release_at=st.builds(time, st.integers(0, 20), st.integers(0, 59)),
    release_spread_minutes=st.integers(0, 180),
)


@given(
    now=moments, decided=decisions, chance=st.floats(0, 1, exclude_max=True), minutes=st.integers(0, 50_000)
)
def test_a_start_is_bookable_exactly_from_its_release_to_the_cut_off(
    now: datetime, decided: BookingRules, chance: float, minutes: int
) -> None:
    starts_at = now.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    released = rules.released_at(starts_at, decided, chance=chance)

    bookable = rules.is_bookable(starts_at, now=now, rules=decided, chance=chance)

    assert bookable == (released <= now and starts_at >= now + timedelta(minutes=decided.cut_off_minutes))
    if bookable:
        assert local_date(starts_at) <= rules.last_day(now, decided)
    if released > now and local_date(starts_at) <= rules.last_day(now, decided):
        assert rules.day_in_release(now, decided) == local_date(starts_at)


@given(now=moments, minutes=st.integers(0, 50_000))
def test_without_a_release_time_a_day_opens_whole_at_midnight(now: datetime, minutes: int) -> None:
    starts_at = now + timedelta(minutes=minutes)
    assert rules.last_day(now) == local_date(now) + 13 * DAY
    assert rules.day_in_release(now, UNDECIDED) is None
    soon = minutes < UNDECIDED.cut_off_minutes
    assert rules.is_bookable(starts_at, now=now) == (
        not soon and local_date(starts_at) <= rules.last_day(now)
    )


def test_the_starts_of_a_day_are_released_all_over_the_spread_and_always_at_the_same_moment() -> None:
    centre_id, first = uuid.uuid4(), datetime(2027, 1, 4, 1, tzinfo=UTC)
    starts = [first + n * GRAIN for n in range(200)]

    chances = [booking_rules.chance(centre_id, start) for start in starts]

    assert chances == [booking_rules.chance(centre_id, start.astimezone()) for start in starts]
    assert all(0 <= chance < 1 for chance in chances)
    assert len(set(chances)) == 200
    assert all(10 < sum(q / 4 <= chance < (q + 1) / 4 for chance in chances) < 100 for q in range(4))


async def test_what_availability_shows_can_be_booked_and_what_it_hides_cannot_at_every_moment_of_a_release(
    place: Place, publish: Publish, now: datetime
) -> None:
    today = local_date(now)
    await decide(place, now=now, horizon_days=3, release_at=time(7), release_spread_minutes=20)
    day = today + 4 * DAY  # Its starts are released the day after tomorrow, from 07:00 to 07:20.
    opens = at_local(day, 8)
    await publish(at=place._replace(opens=opens), counters=50, grains=12)
    starts = [opens + n * GRAIN for n in range(12)]
    morning = at_local(today + 2 * DAY, 7)
    seen: list[int] = []

    for moment in (
        morning - timedelta(seconds=1),
        *(morning + timedelta(minutes=n) for n in range(0, 21, 2)),
    ):
        visible = await shown(place, now=moment, first=today, last=day)
        seen.append(len(visible))
        for start in starts:
            try:
                await hold(place, moment, starts_at=start)
            except OutsideBookingPeriod:
                assert start not in visible
            else:
                assert start in visible
        need = await needs.need_of(place.centre_id, copies(), starts_at=opens, now=moment)
        assert [seats.starts_at for seats in await free_places.bookable_seats(need, now=moment)] == visible

    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 12)
    assert len(set(seen)) > 3


async def test_a_start_that_time_alone_releases_is_not_hidden_by_what_was_remembered(
    place: Place, publish: Publish, now: datetime
) -> None:
    today = local_date(now)
    await decide(place, now=now, horizon_days=3, release_at=time(7), release_spread_minutes=20)
    day = today + 4 * DAY
    opens = at_local(day, 8)
    await publish(at=place._replace(opens=opens), counters=2, grains=8)
    by = await booking_rules.rules_of(place.centre_id, on=today)
    released = {
        start: rules.released_at(start, by, chance=booking_rules.chance(place.centre_id, start))
        for start in (opens + n * GRAIN for n in range(8))
    }

    for start, moment in sorted(released.items(), key=lambda each: each[1]):
        just_before = await shown(place, now=moment - timedelta(milliseconds=1), first=today, last=day)
        at_it = await shown(place, now=moment, first=today, last=day)
        assert start not in just_before
        assert start in at_it
        assert set(just_before) < set(at_it)
