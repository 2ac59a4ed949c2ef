"""A person holds two places at a time, and tries ten times an hour; the counter books for anybody."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import operations, rules
from app.appointments.errors import AppointmentLimit, TooManyHolds
from app.appointments.places import Channel
from app.appointments.queries import AppointmentRow
from app.core.clock import local
from app.core.database import DB
from app.http.principals import Caller
from tests.appointments.conftest import COPIES, GRAIN, Place, copies, drift, let_holds_end
from tests.conftest import SignedIn

SignIn = Callable[..., Awaitable[SignedIn]]
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)
DAYS = 10


@pytest.fixture
async def days(place: Place, now: datetime) -> list[datetime]:
    """Ten days on which the narrow pool is open, with two counters each."""
    starts = [place.opens + n * DAY for n in range(DAYS)]
    for start in starts:
        await operations.publish_opening(
            centre_id=place.centre_id,
            pool_id=place.pool_id,
            starts_at=start,
            ends_at=start + 4 * GRAIN,
            counters=2,
            now=now,
        )
    return starts


async def book(
    place: Place, now: datetime, lan: uuid.UUID, start: datetime, channel: Channel = Channel.ONLINE
) -> AppointmentRow:
    return await operations.book(
        centre_id=place.centre_id,
        starts_at=start,
        items=copies(),
        citizen_id=lan,
        channel=channel,
        now=now,
    )


async def hold_and_give_up(place: Place, now: datetime, lan: uuid.UUID, start: datetime) -> None:
    row = await book(place, now, lan, start)
    await operations.cancel(appointment_id=row.id, citizen_id=lan, now=now)


async def test_ten_holds_of_one_person_at_once_leave_two(
    place: Place, days: list[datetime], now: datetime
) -> None:
    lan = uuid.uuid4()

    answers = await asyncio.gather(
        *(book(place, now, lan, start) for start in days),
        *(book(place, now, uuid.uuid4(), start) for start in days),
        return_exceptions=True,
    )

    lans, others = answers[:DAYS], answers[DAYS:]
    held = [row for row in lans if isinstance(row, AppointmentRow)]
    refused = [refusal for refusal in lans if isinstance(refusal, AppointmentLimit)]
    assert (len(held), len(refused)) == (2, DAYS - 2)
    assert {refusal.facts["rule"] for refusal in refused} == {"two_holds"}
    assert all(
        refusal.facts["until"] in {local(row.hold_expires_at) for row in held} for refusal in refused
    )  # type: ignore[arg-type]
    assert all(isinstance(row, AppointmentRow) for row in others)
    assert await drift() == []


async def test_a_hold_confirmed_given_up_or_over_makes_room_for_the_next(
    place: Place, days: list[datetime], now: datetime
) -> None:
    lan = uuid.uuid4()
    first, _ = await book(place, now, lan, days[0]), await book(place, now, lan, days[1])
    with pytest.raises(AppointmentLimit):
        await book(place, now, lan, days[2])

    await operations.confirm(appointment_id=first.id, citizen_id=lan, now=now)
    third = await book(place, now, lan, days[2])
    await operations.cancel(appointment_id=third.id, citizen_id=lan, now=now)
    await book(place, now, lan, days[3])
    with pytest.raises(AppointmentLimit):
        await book(place, now, lan, days[4])
    await let_holds_end()

    assert (await book(place, now, lan, days[4])).state == "held"
    assert (await book(place, now, lan, days[5])).state == "held"


async def test_the_eleventh_try_within_an_hour_waits_and_says_how_long(
    place: Place, days: list[datetime], now: datetime
) -> None:
    lan = uuid.uuid4()
    for n in range(rules.HOLDS.per_hour):
        await hold_and_give_up(place, now + timedelta(minutes=n), lan, days[n])

    later = now + timedelta(minutes=30)
    with pytest.raises(TooManyHolds) as refused:
        await book(place, later, lan, days[0])

    assert refused.value.facts["retry_after"] == 30 * 60
    assert (await book(place, later, uuid.uuid4(), days[0])).state == "held"
    assert (await book(place, later, lan, days[0], Channel.STAFF)).state == "held"
    assert (await book(place, now + rules.HOUR, lan, days[1])).state == "held"


@given(
    minutes=st.lists(st.integers(-120, 0), max_size=30),
)
def test_whoever_waits_as_told_may_try_again_and_not_before(minutes: list[int]) -> None:
    made = [NOON + timedelta(minutes=n) for n in minutes]

    wait = rules.wait_for_a_hold(made, now=NOON)

    lately = sum(moment > NOON - rules.HOUR for moment in made)
    assert (wait is not None) == (lately >= rules.HOLDS.per_hour)
    if wait is not None:
        assert timedelta(0) < wait <= rules.HOUR
        assert rules.wait_for_a_hold(made, now=NOON + wait) is None
        assert rules.wait_for_a_hold(made, now=NOON + wait - timedelta(seconds=1)) is not None


async def test_a_client_is_told_when_to_come_back(
    client: httpx.AsyncClient, sign_in: SignIn, place: Place, days: list[datetime]
) -> None:
    lan = await sign_in(Caller.CITIZEN)

    async def ask(start: datetime) -> httpx.Response:
        headers = lan.headers | {"Idempotency-Key": uuid.uuid4().hex}
        wish = {
            "centre_id": str(place.centre_id),
            "starts_at": local(start).isoformat(),
            "items": [{"procedure": COPIES}],
        }
        return await client.post("/v1/appointments", json=wish, headers=headers)

    for n in range(rules.HOLDS.per_hour):
        held = await ask(days[n])
        assert held.status_code == 201, held.text
        await client.post(f"/v1/appointments/{held.json()['id']}/cancel", json={}, headers=lan.headers)

    refused = await ask(days[0])

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_holds")
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    assert refused.json()["retry_after"] == int(refused.headers["retry-after"])
    assert DB.pool is not None
    assert await DB.pool.fetchval("SELECT count(*) FROM appointment WHERE state = 'held'") == 0
