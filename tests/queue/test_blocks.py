"""A kiosk that is cut off gives numbers of its own; each becomes one ticket, and nobody else's does."""

import asyncio
import uuid
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.appointments import operations as appointments
from app.centres import queries as centres
from app.core.clock import at_local, local_date
from app.core.database import fetch_value
from app.http.principals import Caller
from app.queue import operations, queries, rules
from app.queue.errors import (
    CentreClosed,
    IssuedAtNotPossible,
    NotServedHere,
    NumberNotOfThisDevice,
    SeriesFull,
    UnknownSeries,
)
from app.queue.operations.blocks import Block, Printed
from app.queue.queries import IssuedTicket
from tests.conftest import SignIn
from tests.queue.conftest import Hall, walk_in
from tests.queue.test_periods import elsewhere

MINUTE = timedelta(minutes=1)
KIOSK, OTHER = uuid.UUID(int=71), uuid.UUID(int=72)


@pytest.fixture
def now() -> datetime:
    """Nine in the morning of a Wednesday, far from any midnight."""
    return datetime.fromisoformat("2026-11-25T09:00:00+07:00")


@pytest.fixture
async def series(hall: Hall) -> str:
    pool = await centres.pool(hall.pool_id)
    assert pool is not None
    return pool.series


async def block(hall: Hall, series: str, now: datetime, *, device_id: uuid.UUID = KIOSK) -> Block:
    return await operations.give_block(
        device_id=device_id, centre_id=hall.centre_id, series=series, now=now
    )


async def tell(
    hall: Hall,
    number: str,
    issued_at: datetime,
    now: datetime,
    *,
    device_id: uuid.UUID = KIOSK,
    code: str | None = None,
) -> IssuedTicket:
    return await operations.issue_printed(
        device_id=device_id,
        centre_id=hall.centre_id,
        printed=Printed(number, issued_at),
        procedure_codes=[code or hall.code],
        priority_group=None,
        contact_phone=None,
        locale="vi",
        now=now,
    )


@given(series=st.sampled_from(["A", "B", "CT"]), count=st.integers(1, rules.SERIES_CAP))
def test_a_number_says_its_place_in_its_series(series: str, count: int) -> None:
    assert rules.place_in_series(rules.display_number(series, count)) == (series, count)


@given(st.text(max_size=8))
def test_no_text_is_a_number_but_a_number(text: str) -> None:
    place = rules.place_in_series(text)

    assert place is None or rules.display_number(*place) == text


async def test_a_block_and_the_counters_never_give_the_same_number(
    hall: Hall, series: str, now: datetime
) -> None:
    first = await walk_in(hall, now)
    given_, *tickets = await asyncio.gather(
        block(hall, series, now), *(walk_in(hall, now) for _ in range(12))
    )

    numbers = [first.number, *given_.numbers, *(ticket.number for ticket in tickets)]

    assert len(given_.numbers) == 20
    assert len(set(numbers)) == 1 + 20 + 12
    last_no = await fetch_value("SELECT last_no FROM ticket_series WHERE series = $1", series)
    assert last_no == 33


async def test_a_kiosk_that_asks_eight_times_at_once_has_one_block_and_another_kiosk_its_own(
    hall: Hall, series: str, now: datetime
) -> None:
    answers = await asyncio.gather(*(block(hall, series, now) for _ in range(8)))
    other = await block(hall, series, now, device_id=OTHER)

    assert len({answer.id for answer in answers}) == 1
    assert not set(answers[0].numbers) & set(other.numbers)


async def test_the_next_block_comes_when_the_last_is_nearly_used(
    hall: Hall, series: str, now: datetime
) -> None:
    first = await block(hall, series, now)
    for number in first.numbers[:14]:
        await tell(hall, number, now, now)
    assert await block(hall, series, now) == first

    await tell(hall, first.numbers[14], now, now)

    second = await block(hall, series, now)
    assert second.first_no == first.last_no + 1
    tomorrow = await block(hall, series, now + timedelta(days=1))
    assert tomorrow.first_no == 1


async def test_a_block_counts_against_the_cap(
    hall: Hall, series: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queue.rules.SERIES_CAP", 30)

    await block(hall, series, now)
    with pytest.raises(SeriesFull):
        await block(hall, series, now, device_id=OTHER)

    for _ in range(10):
        await walk_in(hall, now)
    with pytest.raises(SeriesFull):
        await walk_in(hall, now)
    with pytest.raises(UnknownSeries):
        await block(hall, "ZZ", now)


async def test_a_printed_number_waits_from_when_it_was_printed(
    hall: Hall, series: str, now: datetime
) -> None:
    number = (await block(hall, series, now)).numbers[0]

    told = await tell(hall, number, now + 3 * MINUTE, now + 10 * MINUTE)

    ticket = told.ticket
    assert (ticket.number, ticket.pool_id) == (number, hall.pool_id)
    assert (ticket.issued_at, ticket.wait_from) == (now + 3 * MINUTE, now + 3 * MINUTE)
    assert ticket.call_by == now + 18 * MINUTE
    (event,) = await queries.events_of(ticket.id)
    assert event.at == now + 3 * MINUTE
    assert datetime.fromisoformat(event.data["told_at"]) == now + 10 * MINUTE


async def test_a_number_told_eight_times_at_once_is_one_ticket(
    hall: Hall, series: str, now: datetime
) -> None:
    number = (await block(hall, series, now)).numbers[5]

    answers = await asyncio.gather(*(tell(hall, number, now, now) for _ in range(8)))

    assert len({answer.ticket.id for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM ticket") == 1
    assert await fetch_value("SELECT count(*) FROM queue_event WHERE type = 'issued'") == 1


async def test_a_number_of_no_block_of_this_device_and_day_is_refused(
    hall: Hall, series: str, now: datetime
) -> None:
    mine = await block(hall, series, now)
    theirs = await block(hall, series, now, device_id=OTHER)
    beyond = rules.display_number(series, theirs.last_no + 1)

    for number in (theirs.numbers[0], beyond, "Z101", "x", f"{series}10000"):
        with pytest.raises(NumberNotOfThisDevice):
            await tell(hall, number, now, now)
    with pytest.raises(NumberNotOfThisDevice):
        await tell(hall, mine.numbers[0], now - timedelta(days=1), now)
    with pytest.raises(NumberNotOfThisDevice):
        await operations.issue_printed(
            device_id=KIOSK,
            centre_id=uuid.uuid4(),
            printed=Printed(mine.numbers[0], now),
            procedure_codes=[hall.code],
            priority_group=None,
            contact_phone=None,
            locale="vi",
            now=now,
        )
    assert await fetch_value("SELECT count(*) FROM ticket") == 0


@pytest.mark.parametrize(
    ("printed", "told", "welcome"),
    [
        (timedelta(minutes=-3), timedelta(), False),  # before the block was given
        (timedelta(minutes=-1), timedelta(), True),  # a clock that is a little slow
        (timedelta(minutes=3), timedelta(), False),  # not yet
        (timedelta(hours=5), timedelta(hours=20), True),  # the morning after
        (timedelta(hours=5), timedelta(hours=48), False),  # nobody waits any more
    ],
)
async def test_the_time_of_a_printed_number_is_bounded(
    hall: Hall, series: str, now: datetime, printed: timedelta, told: timedelta, *, welcome: bool
) -> None:
    number = (await block(hall, series, now)).numbers[0]

    if welcome:
        assert (await tell(hall, number, now + printed, now + told)).ticket.number == number
    else:
        with pytest.raises(IssuedAtNotPossible):
            await tell(hall, number, now + printed, now + told)


async def test_a_number_of_one_series_is_not_given_for_what_another_serves(
    hall: Hall, series: str, now: datetime
) -> None:
    number = (await block(hall, series, now)).numbers[0]

    with pytest.raises(NotServedHere):
        await tell(hall, number, now, now, code=await elsewhere(hall, now))


async def at_kiosk(hall: Hall, now: datetime) -> IssuedTicket:
    return await operations.issue_walk_in(
        centre_id=hall.centre_id,
        procedure_codes=[hall.code],
        priority_group=None,
        contact_phone=None,
        locale="vi",
        only_when_open=True,
        now=now,
    )


async def opened(hall: Hall, start: datetime, end: datetime, now: datetime) -> None:
    await appointments.publish_opening(
        centre_id=hall.centre_id, pool_id=hall.pool_id, starts_at=start, ends_at=end, counters=1, now=now
    )


async def test_a_kiosk_gives_no_number_where_nobody_is_received_any_more_today(
    hall: Hall, now: datetime
) -> None:
    with pytest.raises(CentreClosed):
        await at_kiosk(hall, now)
    two = at_local(local_date(now), 14)
    await opened(hall, two, two + timedelta(hours=2), now)

    assert (await at_kiosk(hall, now)).ticket.pool_id == hall.pool_id
    assert (await at_kiosk(hall, two + timedelta(hours=1))).ticket.pool_id == hall.pool_id
    with pytest.raises(CentreClosed):
        await at_kiosk(hall, two + timedelta(hours=2))
    # An officer who sees the person decides, and an open counter is open.
    assert await walk_in(hall, two + timedelta(hours=2))
    await operations.open_counter(
        counter_id=hall.counters[0],
        centre_id=hall.centre_id,
        officer_id=(await _an_official(hall)),
        now=two + timedelta(hours=2),
    )
    assert await at_kiosk(hall, two + timedelta(hours=2))


async def _an_official(hall: Hall) -> uuid.UUID:
    officer_id: uuid.UUID = await fetch_value(
        "SELECT officer_id FROM shift WHERE centre_id = $1 AND kind = 'official' LIMIT 1", hall.centre_id
    )
    return officer_id


async def test_blocks_over_http(
    client: httpx.AsyncClient, sign_in: SignIn, hall: Hall, series: str
) -> None:
    kiosk = await sign_in(Caller.DEVICE, centre_id=hall.centre_id)
    config = (await client.get("/v1/device/config", headers=kiosk.headers)).json()
    assert next(row["series"] for row in config["procedures"] if row["code"] == hall.code) == [series]
    given_ = await client.post("/v1/device/ticket-blocks", headers=kiosk.headers, json={"series": series})
    assert given_.status_code == 201, given_.text
    number, at = given_.json()["numbers"][0], given_.json()["given_at"]

    async def send(key: str, **more: object) -> httpx.Response:
        return await client.post(
            "/v1/device/tickets",
            headers=kiosk.headers | {"Idempotency-Key": key},
            json={"procedures": [hall.code]} | more,
        )

    closed = await send("1")
    assert (closed.status_code, closed.json()["code"]) == (409, "centre_closed")
    first = await send("2", number=number, issued_at=at)
    again = await send("3", number=number, issued_at=at)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["number"] == number
    half = await send("4", number=number)
    assert (half.status_code, half.json()["errors"][0]["pointer"]) == (422, "/issued_at")
    assert (await send("5", number="Z999", issued_at=at)).status_code == 422
    assert (await send("6", number=number, issued_at="2026-11-25T09:00:00")).status_code == 422
