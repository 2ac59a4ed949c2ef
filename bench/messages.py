"""The outbox: how soon a code is at the provider, how fast work is drained, and whether a backlog slows it.

Idle: a code is asked for while nothing else happens; a worker of its own process, woken through Redis,
carries it to the emulator of the SMS provider over HTTP.

Drain: facts with one listener that does nothing, from the fact to the closed row, beside the least anybody
could do with the same pool: rows of one bare table, claimed by twenties and closed one by one.

Backlog: as many facts as are asked for, all there before the first is drained; the rate over the first
tenth and over the last.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

from app.core import keys as core_keys
from app.core.clock import current_time
from app.core.database import DB
from app.core.outbox import Fact
from app.core.wakeups import WAKEUPS
from app.http.tokens import SigningKey
from app.identity.operations import request_code
from bench.metrics import Metric, nothing_of, percentile, ratio_of, shown, within
from bench.stage import own_database
from jobs.drainer import BATCH, Drainer
from jobs.subscription import Subscription
from notifications.emulator import running_emulator
from notifications.emulator.server import TwilioEmulator

CODES: Final = 40
CODES_LONG: Final = 200
AIM_MS: Final = 100.0
PATIENCE_S: Final = 60.0
BETWEEN_S: Final = (0.05, 0.25)
# A round takes less than a second: what else the machine does shows in one, and not in the middle of many.
ROUNDS: Final = 15
EACH_ROUND: Final = 3_000
DRAIN_FLOOR: Final = 0.5
BACKLOG: Final = 20_000
BACKLOG_LONG: Final = 1_000_000
TENTHS: Final = 10
STEADY_FLOOR: Final = 0.8
SUBJECTS: Final = 1_000
FILLED_AT_ONCE: Final = 50_000
ACCOUNT: Final = "AC" + "b" * 32

FILL: Final = """
INSERT INTO outbox (id, kind, subject, payload, occurred_at, request_id)
SELECT gen_random_uuid(), 'bench.rang', 'bench:' || n % $2, jsonb_build_object(
           'occurred_at', now(), 'bench_id', (n % $2)::text), now(), ''
  FROM generate_series(1, $1::int) n
"""
BARE_TABLE: Final = """
CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL DEFAULT 'ready',
                   lease_until timestamptz);
CREATE INDEX bare_ready ON bare (id) WHERE state = 'ready';
"""
BARE_CLAIM: Final = """
UPDATE bare SET state = 'claimed', lease_until = now() + interval '30 s' WHERE id = ANY(ARRAY(
    SELECT id FROM bare WHERE state = 'ready' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING id
"""


class BenchRang(Fact, frozen=True, kw_only=True):
    """A fact of this bench."""

    kind: ClassVar[str] = "bench.rang"
    subject_field: ClassVar[str] = "bench_id"

    bench_id: str


class Heard:
    """A listener that only counts, and knows when each tenth was full."""

    def __init__(self, expected: int) -> None:
        self.count = 0
        self.marks = [time.perf_counter()]
        self.all = asyncio.Event()
        self._expected, self._step = expected, expected // TENTHS

    async def hear(self, _: BenchRang) -> None:
        self.count += 1
        if self.count == self._expected:
            self.all.set()
        if self.count % self._step == 0:
            self.marks.append(time.perf_counter())

    def rate_of_tenth(self, nth: int) -> float:
        """Rows a second over the nth tenth, from 1."""
        return self._step / (self.marks[nth] - self.marks[nth - 1])


async def run(
    dsn: str, *, long: bool = False, redis_url: str, backlog: int | None = None
) -> dict[str, Metric]:
    waiting = backlog or (BACKLOG_LONG if long else BACKLOG)
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            figures = await _idle(url, redis_url, CODES_LONG if long else CODES)
            figures |= await _drain()
            figures |= await _backlog(waiting)
        finally:
            await DB.close()
    return figures


async def _idle(url: str, redis_url: str, codes: int) -> dict[str, Metric]:
    """From the commit of a code that was asked for to the provider's acceptance, in milliseconds."""
    waits: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="motcua-bench-") as folder,
        running_emulator(account_sid=ACCOUNT, auth_token="bench") as phones,  # noqa: S106 - the emulator's
    ):
        core_keys.install(
            core_keys.load_or_make(
                Path(folder) / core_keys.FILE_NAME, signing_pem=SigningKey.generate().to_pem(), kid="bench"
            )
        )
        await WAKEUPS.open(redis_url)
        try:
            async with _worker(url, redis_url, Path(folder), phones):
                await _carried(phones, 0)  # the first also waits for the worker's start
                for number in range(1, codes + 1):
                    await asyncio.sleep(random.uniform(*BETWEEN_S))
                    waits.append(await _carried(phones, number))
        finally:
            await WAKEUPS.close()
    return {
        "idle_p50": within(percentile(waits, 0.5), "ms", limit=AIM_MS),
        "idle_p95": shown(percentile(waits, 0.95), "ms"),
    }


async def _carried(phones: TwilioEmulator, number: int) -> float:
    # None of the emulator's magic numbers: one answers as a wrong token does, and all is left alone then.
    phone = f"+8491{number:07d}"
    await request_code(
        phone=phone,
        purpose="sign_in",
        locale="vi",
        address=f"10.0.{number // 250}.{number % 250}",
        per_address=20,
        now=current_time(),
    )
    committed = time.perf_counter()
    async with asyncio.timeout(PATIENCE_S):
        while phone not in phones.mailbox.calls():  # noqa: ASYNC110 - the provider tells nobody here
            await asyncio.sleep(0.001)
    return (time.perf_counter() - committed) * 1000


@asynccontextmanager
async def _worker(url: str, redis_url: str, folder: Path, phones: TwilioEmulator) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "worker"),
        env=os.environ
        | {
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_LOG_LEVEL": "error",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": phones.auth_token,
            "TWILIO_API_BASE": phones.base_url,
        },
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def _drain() -> dict[str, Metric]:
    """Rows a second, ours and bare, in interleaved rounds."""
    assert DB.pool is not None
    await DB.pool.execute(BARE_TABLE)
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(EACH_ROUND / await _bare_round(EACH_ROUND))
        heard = await _drained(EACH_ROUND)
        ours.append(EACH_ROUND / (heard.marks[-1] - heard.marks[0]))
    return {"drain": ratio_of(ours, bare, unit="rows/s", floor=DRAIN_FLOOR)}


async def _bare_round(rows: int) -> float:
    pool = DB.pool
    assert pool is not None
    await pool.execute("INSERT INTO bare (state) SELECT 'ready' FROM generate_series(1, $1::int)", rows)
    began = time.perf_counter()
    while claimed := await pool.fetch(BARE_CLAIM, BATCH):
        await asyncio.gather(
            *(pool.execute("UPDATE bare SET state = 'done' WHERE id = $1", row["id"]) for row in claimed)
        )
    return time.perf_counter() - began


async def _drained(rows: int) -> Heard:
    pool = DB.pool
    assert pool is not None
    for begun in range(0, rows, FILLED_AT_ONCE):
        await pool.execute(FILL, min(FILLED_AT_ONCE, rows - begun), SUBJECTS)
    heard = Heard(rows)
    drainer = Drainer([Subscription(BenchRang, "bench", heard.hear)])
    running = asyncio.create_task(drainer.run())
    await heard.all.wait()
    drainer.stop()
    await running
    return heard


async def _backlog(rows: int) -> dict[str, Metric]:
    heard = await _drained(rows)
    assert DB.pool is not None
    left = await DB.pool.fetchval(
        "SELECT count(*) FROM outbox_work WHERE subscriber = 'bench' AND state <> 'done'"
    )
    repeated = heard.count - rows
    first, last = heard.rate_of_tenth(1), heard.rate_of_tenth(TENTHS)
    return {
        "backlog": shown(rows, "facts"),
        "last_tenth": ratio_of([last], [first], unit="rows/s", floor=STEADY_FLOOR),
        "not_done_or_twice": nothing_of(int(left) + repeated, "rows"),
    }
