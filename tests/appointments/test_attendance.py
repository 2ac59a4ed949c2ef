"""Two no-shows in a month end online booking for a week; the counter stays open, and hears reasons."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import free_places, needs, operations, rules, steps
from app.appointments.errors import AppointmentLimit, AppointmentNotFound, NotANoShow
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.core.clock import at_local, current_time, local, local_date
from app.core.database import DB, transaction
from app.http.principals import Caller
from tests.appointments.conftest import (
    COPIES,
    GRAIN,
    Place,
    Publish,
    copies,
    drift,
)
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]
NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = rules.NO_SHOWS
GRACE = timedelta(minutes=rules.UNDECIDED.grace_minutes)

days_ago = st.lists(st.integers(0, 60), max_size=6)


@given(days=days_ago)
def test_online_booking_ends_for_a_week_after_the_second_no_show_in_a_month(days: list[int]) -> None:
    missed = [NOON - n * DAY for n in days]

    until = rules.barred_until(missed, now=NOON)

    barring = [
        last
        for last in missed
        if sum(timedelta(0) <= last - each <= RULE.within for each in missed) >= RULE.misses
    ]
    expected = max((last + RULE.barred_for for last in barring), default=NOON)
    assert until == (expected if expected > NOON else None)


async def no_show(place: Place, now: datetime, lan: uuid.UUID, *, days_before: int) -> AppointmentRow:
    """An appointment of Lan's that nobody came to, so many days before the place opens."""
    row = await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens,
        items=copies(),
        citizen_id=lan,
        channel=Channel.STAFF,
        now=now,
    )
    await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
    await operations.miss_overdue(now=place.opens + GRACE + timedelta(seconds=1))
    assert DB.pool is not None
    then = place.opens - days_before * DAY
    await DB.pool.execute(
        "WITH moved AS (UPDATE appointment_claim SET local_date = $2 WHERE appointment_id = $1)"
        " UPDATE appointment SET starts_at = $3, ends_at = $3::timestamptz + interval '10 minutes',"
        " local_date = $2 WHERE id = $1",
        row.id,
        local_date(then),
        then,
    )
    return row


async def book(
    place: Place, now: datetime, lan: uuid.UUID, channel: Channel = Channel.ONLINE
) -> AppointmentRow:
    return await operations.book(
        centre_id=place.centre_id,
        starts_at=place.opens + GRAIN,
        items=copies(),
        citizen_id=lan,
        channel=channel,
        now=now,
    )


async def test_grace_passes_and_the_place_is_free_for_who_is_there(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=3)
    lan = uuid.uuid4()
    row = await operations.book(
        centre_id=place.centre_id, starts_at=place.opens, items=copies(3), citizen_id=lan, now=now
    )
    await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)

    assert await operations.miss_overdue(now=place.opens + GRACE + timedelta(seconds=1)) == 1

    need = await needs.need_of(place.centre_id, copies(), starts_at=place.opens, now=now)
    seats = await free_places.seats(need, start=place.opens, end=place.opens + 3 * GRAIN)
    assert [each.seats for each in seats] == [1, 1, 1]
    assert await drift() == []
    async with transaction():
        assert DB.pool is not None
        slot = await DB.pool.fetchval("SELECT id FROM slot WHERE starts_at = $1", place.opens + 2 * GRAIN)
        assert await steps.take_place(slot, channel=Channel.WALKIN)


async def test_called_and_not_there_gives_the_place_back_once(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=1, grains=1)
    lan = uuid.uuid4()
    row = await operations.book(
        centre_id=place.centre_id, starts_at=place.opens, items=copies(), citizen_id=lan, now=now
    )
    await operations.confirm(appointment_id=row.id, citizen_id=lan, now=now)
    async with transaction():
        await steps.mark_arrived(appointment_id=row.id, now=place.opens)

    for _ in range(2):
        async with transaction():
            await steps.mark_missed(row.id, now=place.opens)

    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT sum(taken_online) FROM slot") == 0
    assert await drift() == []


async def test_two_no_shows_close_online_booking_and_leave_the_counter_open(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    lan = uuid.uuid4()
    await no_show(place, now, lan, days_before=5)
    await book(place, now, uuid.uuid4())
    await no_show(place, now, lan, days_before=3)

    with pytest.raises(AppointmentLimit) as refused:
        await book(place, now, lan)

    until = place.opens - 3 * DAY + RULE.barred_for
    facts = refused.value.told_facts
    assert (facts["rule"], facts["decision"]) == ("two_no_shows", RULE.decision)
    assert facts["until"] == local(until)
    assert f"{local(until):%H:%M %d/%m/%Y}" in refused.value.words("vi")
    assert "2" in refused.value.words("en")
    assert (await book(place, now, lan, Channel.STAFF)).state == "held"


async def test_a_week_later_and_for_one_no_show_the_door_is_open(
    place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    lan, minh = uuid.uuid4(), uuid.uuid4()
    await no_show(place, now, minh, days_before=3)
    for days in (12, 9):
        await no_show(place, now, lan, days_before=days)

    assert (await book(place, now, minh)).state == "held"
    assert (await book(place, now, lan)).state == "held"


async def test_an_excused_no_show_does_not_count(place: Place, publish: Publish, now: datetime) -> None:
    await publish(counters=4)
    lan, hoa = uuid.uuid4(), uuid.uuid4()
    first = await no_show(place, now, lan, days_before=5)
    await no_show(place, now, lan, days_before=3)
    asked: dict[str, Any] = {"appointment_id": first.id, "officer_id": hoa, "now": now}

    with pytest.raises(AppointmentNotFound):
        await operations.excuse_no_show(centre_id=uuid.uuid4(), reason="Ốm", **asked)
    excuse = await operations.excuse_no_show(centre_id=place.centre_id, reason="Ốm", **asked)
    again = await operations.excuse_no_show(centre_id=place.centre_id, reason="Khác", **asked)

    assert (excuse.reason, excuse.barred_until) == ("Ốm", None)
    assert again == excuse
    row = await book(place, now, lan)
    with pytest.raises(NotANoShow):
        await operations.excuse_no_show(
            centre_id=place.centre_id, reason="Ốm", **(asked | {"appointment_id": row.id})
        )


async def test_who_may_not_book_online_is_passed_over_by_the_waiting_list(
    place: Place, publish: Publish
) -> None:
    now = at_local(local_date(current_time()), 10)
    await publish(counters=1, grains=2)
    lan, minh = uuid.uuid4(), uuid.uuid4()
    for days in (5, 3):
        await no_show(place, now, lan, days_before=days)
    for n, person in enumerate((lan, minh)):
        await operations.join_waitlist(
            citizen_id=person,
            centre_id=place.centre_id,
            items=copies(2),
            window_from=place.opens,
            window_to=place.opens + 2 * GRAIN,
            now=now + timedelta(seconds=n),
        )

    assert await operations.offer_places(centre_id=place.centre_id, now=now) == 1

    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT citizen_id FROM waitlist_entry WHERE state = 'offered'") == minh


async def test_an_appeal_at_the_counter_opens_the_door_again(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, publish: Publish, now: datetime
) -> None:
    await publish(counters=4)
    lan = await sign_in(Caller.CITIZEN)
    hoa = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=place.centre_id)
    minh = await sign_in(Caller.OFFICER, centre_id=place.centre_id)
    elsewhere = await sign_in(Caller.OFFICER, Caller.SHIFT_LEAD, centre_id=uuid.uuid4())
    rows = [await no_show(place, now, lan.principal.id, days_before=days) for days in (5, 3)]
    wish = {
        "centre_id": str(place.centre_id),
        "starts_at": local(place.opens + GRAIN).isoformat(),
        "items": [{"procedure": COPIES}],
    }
    path = f"/v1/staff/citizens/no-shows/{rows[0].id}/excuse"

    async def ask() -> httpx.Response:
        headers = lan.headers | {"Idempotency-Key": uuid.uuid4().hex}
        return await client.post("/v1/appointments", json=wish, headers=headers)

    refused = await ask()
    assert (refused.status_code, refused.json()["code"]) == (409, "appointment_limit")
    assert refused.json()["rule"] == "two_no_shows"
    assert refused.json()["until"].endswith("+07:00")

    listed = await client.get("/v1/staff/citizens/no-shows?limit=1", headers=hoa.headers)
    following = listed.json()["next_cursor"]
    rest = await client.get(
        "/v1/staff/citizens/no-shows", params={"cursor": following}, headers=hoa.headers
    )
    seen = [item["appointment_id"] for answer in (listed, rest) for item in answer.json()["items"]]
    assert seen == [str(row.id) for row in reversed(rows)]

    reason = {"reason": "Nằm viện, có giấy"}
    assert (await client.post(path, json=reason, headers=minh.headers)).status_code == 403
    assert (await client.post(path, json=reason, headers=elsewhere.headers)).status_code == 404
    assert (await client.post(path, json={"reason": ""}, headers=hoa.headers)).status_code == 422
    excused = await client.post(path, json=reason, headers=hoa.headers)
    assert excused.status_code == 200
    assert (excused.json()["reason"], excused.json()["barred_until"]) == (reason["reason"], None)

    assert (await ask()).status_code == 201
    held = await client.post(
        f"/v1/staff/citizens/no-shows/{uuid.uuid4()}/excuse", json=reason, headers=hoa.headers
    )
    assert held.status_code == 404
