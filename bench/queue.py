"""Forty counters call: p99 of the operation ÷ p99 of the bare statement, in interleaved rounds of one run.

Both drain equal queues through the same pool of connections; a counter calls again when its person is
served, which is not timed. The reference is the statement of BOOKING.md 1.3, word for word: it takes the
person due first and tells nobody. Then the same hall over HTTP: from an officer's press to the new state on
boards that listen.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from app.core.clock import current_time, local_date
from app.core.database import DB
from app.core.ids import new_id
from app.http.principals import Audience, Caller, Principal
from app.queue import operations
from bench.browser import page_of
from bench.metrics import Metric, at_most, growth, nothing_of, percentile, shown, within
from bench.stage import Stage, deadlocks_of, make_centre, own_database
from bench.wire import Served, answer, get, issuer, post, server

COUNTERS: Final = 40
WAITING: Final = 600
WAITING_LONG: Final = 6000
# Nothing else on a board looks like these.
FIRST_NUMBER: Final = 10_000
WARMING_UP: Final = 200
# Calls of each length of queue that are compared.
COMPARED: Final = 300
ROUNDS: Final = 5
ROUNDS_LONG: Final = 9
FEWEST_ROUNDS: Final = 3
ROUNDS_WITHIN_S: Final = 12.0
MOST_TIMES_THE_STATEMENT: Final = 25.0
BOARDS: Final = 20
CALLS: Final = 40
CALLS_LONG: Final = 400
CALLS_IN_A_BROWSER: Final = 20
# An officer somewhere in the hall presses this often.
PRESSED_EVERY_S: Final = 0.05
LONGEST_TO_BOARD_MS: Final = 500.0
ARRIVES_WITHIN_S: Final = 10.0

BARE: Final = """
UPDATE ticket SET state = 'called', counter_id = $1, calls = calls + 1, last_called_at = $4
 WHERE id = (
    SELECT id FROM ticket
     WHERE state = 'waiting' AND pool_id = ANY($2::uuid[]) AND local_date = $3
       AND (eligible_at IS NULL OR eligible_at <= $4)
     ORDER BY call_by, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING number
"""
SERVED: Final = "UPDATE ticket SET state = 'done' WHERE counter_id = $1 AND state = 'called'"


class Hall(NamedTuple):
    """A centre with one group of forty open counters."""

    stage: Stage
    counters: list[uuid.UUID]

    @property
    def pool_ids(self) -> list[uuid.UUID]:
        return self.stage.pool_ids


class Drained(NamedTuple):
    """How a queue was called to its end."""

    waits_ms: list[float]
    numbers: list[str]

    @property
    def twice(self) -> int:
        return len(self.numbers) - len(set(self.numbers))

    @property
    def displacement(self) -> int:
        """How far from their place in the order people were called, at most."""
        return max(abs(FIRST_NUMBER + place - int(number)) for place, number in enumerate(self.numbers))


Call = Callable[[uuid.UUID], Awaitable[str | None]]


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """The figures of DESIGN 7, row `queue`."""
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            hall = await _open_hall(url)
            found = await _calling(dsn, hall, long=long)
            async with server(url) as served:
                return found | await _on_the_board(hall, served, CALLS_LONG if long else CALLS)
        finally:
            await DB.close()


async def _open_hall(url: str) -> Hall:
    stage = await make_centre(url, pools=1)
    hall = Hall(stage, [new_id() for _ in range(COUNTERS)])
    assert DB.pool is not None
    for number, counter_id in enumerate(hall.counters, start=1):
        await DB.pool.execute(
            "WITH desk AS (INSERT INTO counter (id, centre_id, number, label_vi, label_en)"
            " VALUES ($1, $2, $3, 'Quầy', 'Counter')), serves AS ("
            " INSERT INTO counter_pool (counter_id, pool_id, centre_id) VALUES ($1, $4, $2))"
            " INSERT INTO counter_state (counter_id, centre_id, state, officer_id, since)"
            " VALUES ($1, $2, 'open', $1, now())",
            counter_id,
            stage.centre_id,
            number,
            stage.pool_ids[0],
        )
    return hall


async def _fill(hall: Hall, waiting: int, *, now: datetime) -> None:
    """So many people, numbered in the order in which they are due."""
    assert DB.pool is not None
    await DB.pool.execute("DELETE FROM ticket")
    await DB.pool.execute(
        "INSERT INTO ticket (id, centre_id, pool_id, local_date, number, ticket_class, locale,"
        " procedure_codes, p50_minutes, p80_minutes, state, issued_at, wait_from, call_by)"
        " SELECT gen_random_uuid(), $1, $2, $3, ($6::int + n)::text, 'walk_in', 'vi', '{}', 8, 12,"
        " 'waiting', came, came, came + interval '15 minutes'"
        " FROM (SELECT n, $4::timestamptz + n * interval '1 second' AS came FROM"
        " generate_series(0, $5::int - 1) n) people",
        hall.stage.centre_id,
        hall.pool_ids[0],
        local_date(now),
        now - timedelta(minutes=10),
        waiting,
        FIRST_NUMBER,
    )
    await DB.pool.execute("VACUUM ANALYZE ticket")


async def _calling(dsn: str, hall: Hall, *, long: bool) -> dict[str, Metric]:
    waiting, rounds = (WAITING_LONG, ROUNDS_LONG) if long else (WAITING, ROUNDS)
    now = current_time()

    async def through_the_statement(counter_id: uuid.UUID) -> str | None:
        assert DB.pool is not None
        number: str | None = await DB.pool.fetchval(BARE, counter_id, hall.pool_ids, local_date(now), now)
        return number

    async def through_the_operation(counter_id: uuid.UUID) -> str | None:
        ticket = await operations.call_next(counter_id=counter_id, centre_id=hall.stage.centre_id, now=now)
        return None if ticket is None else ticket.number

    references: list[Drained] = []
    ours: list[Drained] = []
    left = 0
    for call in (through_the_statement, through_the_operation):
        await _drain(hall, call, WARMING_UP, now=now)
    began = time.monotonic()
    for played in range(rounds):
        if played >= FEWEST_ROUNDS and not long and time.monotonic() - began > ROUNDS_WITHIN_S:
            break
        references.append(await _drain(hall, through_the_statement, waiting, now=now))
        ours.append(await _drain(hall, through_the_operation, waiting, now=now))
        left += waiting - len(set(ours[-1].numbers))
    usual, longer = [
        percentile((await _drain(hall, through_the_operation, people, COMPARED, now=now)).waits_ms, 0.99)
        for people in (WAITING, 10 * WAITING)
    ]
    return {
        "queue": at_most(
            [percentile(each.waits_ms, 0.99) for each in ours],
            [percentile(each.waits_ms, 0.99) for each in references],
            unit="ms, p99",
            limit=MOST_TIMES_THE_STATEMENT,
        ),
        "p50": at_most(
            [percentile(each.waits_ms, 0.5) for each in ours],
            [percentile(each.waits_ms, 0.5) for each in references],
            unit="ms, p50",
            limit=MOST_TIMES_THE_STATEMENT,
        ),
        "queue_p99_at_10x_waiting": growth([longer], [usual], unit="ms, p99"),
        "called_twice": nothing_of(sum(each.twice for each in ours), "people"),
        "left": nothing_of(left, "people"),
        "displacement": shown(max(each.displacement for each in ours), "places"),
        "displacement_of_the_statement": shown(max(each.displacement for each in references), "places"),
        "deadlocks": nothing_of(await deadlocks_of(dsn, hall.stage.database_url), "deadlocks"),
    }


async def _drain(
    hall: Hall, call: Call, waiting: int, calls: int | None = None, *, now: datetime
) -> Drained:
    """Call them all, or so many of them."""
    await _fill(hall, waiting, now=now)
    waits: list[float] = []
    numbers: list[str] = []

    async def serve(counter_id: uuid.UUID) -> None:
        assert DB.pool is not None
        while calls is None or len(numbers) < calls:
            pressed = time.perf_counter()
            number = await call(counter_id)
            if number is None:
                return
            waits.append((time.perf_counter() - pressed) * 1000)
            numbers.append(number)
            await DB.pool.execute(SERVED, counter_id)

    await asyncio.gather(*(serve(counter_id) for counter_id in hall.counters))
    return Drained(waits, numbers)


async def _on_the_board(hall: Hall, served: Served, calls: int) -> dict[str, Metric]:
    """From the press to the board: every board must show the number."""
    now = current_time()
    await _fill(hall, calls + CALLS_IN_A_BROWSER, now=now)
    officer = await Officer.at(hall, served)
    boards = [Board(served.port, hall.stage.centre_id) for _ in range(BOARDS)]
    listening = [asyncio.create_task(board.listen()) for board in boards]
    waits: list[float] = []
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            await asyncio.gather(*(board.ready.wait() for board in boards))
        for n in range(calls):
            shown_at = [board.shows(str(FIRST_NUMBER + n)) for board in boards]
            pressed = time.perf_counter()
            counter_id = await officer.presses(n)
            async with asyncio.timeout(ARRIVES_WITHIN_S):
                seen = await asyncio.gather(*shown_at)
            waits += [(moment - pressed) * 1000 for moment in seen]
            await _serve(counter_id)
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    return {
        "call_to_board": within(percentile(waits, 0.95), "ms, p95", limit=LONGEST_TO_BOARD_MS),
        "call_to_board_p50": shown(percentile(waits, 0.5), "ms"),
        "call_to_browser": await _in_a_browser(hall, served, officer, calls),
    }


async def _in_a_browser(hall: Hall, served: Served, officer: "Officer", first: int) -> Metric:
    """The same where people look: from the press until the page's text holds the number."""
    waits: list[float] = []
    async with page_of(f"http://127.0.0.1:{served.port}/board/{hall.stage.centre_id}") as watch:
        if watch is None:
            return shown(0, "not measured: no Chromium, or no playwright, here")
        for n in range(first, first + CALLS_IN_A_BROWSER):
            seen = await watch(str(FIRST_NUMBER + n))
            pressed = time.time()
            counter_id = await officer.presses(n)
            waits.append(await seen - pressed * 1000)
            await _serve(counter_id)
    return within(percentile(waits, 0.95), "ms, p95", limit=LONGEST_TO_BOARD_MS)


async def _serve(counter_id: uuid.UUID) -> None:
    """The person leaves the counter; the next press comes a little later."""
    assert DB.pool is not None
    await DB.pool.execute(SERVED, counter_id)
    await asyncio.sleep(PRESSED_EVERY_S)


class Officer:
    """Calls the next person over HTTP, at one counter after the other."""

    def __init__(self, hall: Hall, port: int, headers: dict[str, str]) -> None:
        self._hall = hall
        self._port = port
        self._headers = headers

    @classmethod
    async def at(cls, hall: Hall, served: Served) -> "Officer":
        return cls(hall, served.port, await _officer(hall, served))

    async def presses(self, n: int) -> uuid.UUID:
        """The counter that called."""
        counter_id = self._hall.counters[n % COUNTERS]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(post(f"/v1/staff/counters/{counter_id}/next", b"", self._headers))
            status, _ = await answer(reader)
        finally:
            writer.close()
        if status != 200:
            raise RuntimeError(f"next answered {status}")
        return counter_id


async def _officer(hall: Hall, served: Served) -> dict[str, str]:
    minh = Principal(Audience.STAFF, new_id(), new_id(), frozenset({Caller.OFFICER}), hall.stage.centre_id)
    now = datetime.now(UTC)
    assert DB.pool is not None
    await DB.pool.execute(
        "INSERT INTO sign_in (id, audience, subject_id, centre_id, roles, scopes, created_at, expires_at)"
        " VALUES ($1, 'staff', $2, $3, '{officer}', '{}', $4, $5)",
        minh.sign_in_id,
        minh.id,
        hall.stage.centre_id,
        now,
        now + timedelta(hours=1),
    )
    return {"Authorization": f"Bearer {issuer(served).issue(minh, now=now)}"}


class Board:
    """A board in a hall: it reads server-sent events and notes when a number appears."""

    def __init__(self, port: int, centre_id: uuid.UUID) -> None:
        self.ready = asyncio.Event()
        self._port = port
        self._path = f"/v1/boards/{centre_id}/stream"
        self._awaited: dict[bytes, asyncio.Future[float]] = {}

    def shows(self, number: str) -> "asyncio.Future[float]":
        """When the number is shown, on the clock of `time.perf_counter`."""
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited[b'"number":"%s"' % number.encode()] = seen
        return seen

    async def listen(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        try:
            writer.write(get(self._path))
            await reader.readuntil(b"\r\n\r\n")
            while line := await reader.readline():
                if line.startswith(b"data:"):
                    self.ready.set()
                    self._note(line, time.perf_counter())
        finally:
            writer.close()

    def _note(self, line: bytes, moment: float) -> None:
        for number in [each for each in self._awaited if each in line]:
            seen = self._awaited.pop(number)
            if not seen.done():
                seen.set_result(moment)
