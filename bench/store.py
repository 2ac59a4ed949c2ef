"""What one person or one counter asks of dossiers, documents and the catalogue when a year of a province is
stored: 2.5 M dossiers, as many documents, twice as many lines of their stories.

The reference is a tenth of it, in the same run: what is found through an index costs about the same. No
large table is read from one end to the other for any of these questions; PostgreSQL counts that itself.
"""

import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg

from app.core.clock import current_time, local_date
from app.core.database import DB
from app.documents import queries as documents
from app.dossiers import queries as dossiers
from app.procedures import queries as procedures
from app.sample.seed import load_catalogue
from bench.metrics import Metric, nothing_of, percentile, shown, within
from bench.stage import own_database

DOSSIERS: Final = 100_000
DOSSIERS_LONG: Final = 2_500_000
A_TENTH: Final = 10
# Each person has about four, each centre as many as there are to go round.
PER_CITIZEN: Final = 4
QUESTIONS: Final = 400
AT_ONCE: Final = 50_000
LIMIT_MS: Final = 20.0
SEED: Final = 1
# Read in full these would hold a counter up; a plan that does is a fault whatever it took.
LARGE: Final = (
    "dossier",
    "dossier_event",
    "dossier_component",
    "dossier_decision",
    "dossier_pause",
    "document",
)
WORDS: Final = ("chung thuc", "khai sinh", "dat dai", "ket hon", "ho kinh doanh", "cu tru")

# Deterministic: number `n` belongs to citizen n / 4 and to centre n modulo their count.
FILL: Final = """
WITH centres AS (SELECT array_agg(id ORDER BY code) AS ids FROM centre WHERE valid_to IS NULL),
     made AS (
    SELECT n, uuidv7() AS id, uuidv7() AS document_id,
           md5('citizen' || n / {per_citizen})::uuid AS citizen_id,
           ids[1 + n % array_length(ids, 1)] AS centre_id,
           $3::timestamptz - make_interval(mins => n % 525600) AS accepted_at,
           CASE WHEN n % 12 = 0 THEN 2 WHEN n % 12 = 1 THEN 4 ELSE 10 END AS status
      FROM centres, generate_series($1::int, $2::int - 1) AS n),
     scans AS (
    INSERT INTO document (id, centre_id, owner_id, kind, dossier_number, sha256, size_bytes, content_type,
                          state, uploaded_by_kind, uploaded_by_id, created_at)
    SELECT document_id, centre_id, citizen_id, 'result', number_of(n), sha256(n::text::bytea), 90000,
           'application/pdf', 'clean', 'officer', 'bench', accepted_at FROM made),
     files AS (
    INSERT INTO dossier (id, number, centre_id, procedure_code, citizen_id, applicant_name, locale,
                         channel, return_mode, status, accepted_at, due_at, completed_at, returned_at,
                         result_document_id)
    SELECT id, number_of(n), centre_id, '2.000815', citizen_id, 'Người nộp', 'vi', 'counter', 'counter',
           status, accepted_at, accepted_at + interval '3 days',
           CASE WHEN status = 10 THEN accepted_at + interval '2 days' END,
           CASE WHEN status = 10 THEN accepted_at + interval '2 days' END,
           CASE WHEN status = 10 THEN document_id END FROM made)
INSERT INTO dossier_event (id, dossier_id, status, at, actor_kind, actor_id)
SELECT uuidv7(), made.id, step, made.accepted_at, 'officer', 'bench' FROM made, unnest(ARRAY[2, 4]) AS step
"""
NUMBER: Final = """
CREATE FUNCTION number_of(n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT 'H42.' || lpad((n / 9000000)::text, 2, '0') || '-260101-' || lpad((n % 9000000)::text, 7, '0') $$
"""
READ_WHOLE: Final = """
SELECT coalesce(sum(seq_scan), 0)::int FROM pg_stat_user_tables WHERE relname = ANY($1) AND n_live_tup > $2
"""
# A table of a few pages is best read whole.
MANY_ROWS: Final = 5_000


class Asked(NamedTuple):
    """One of what is stored, as whoever asks knows it."""

    number: str
    centre_id: uuid.UUID
    citizen_id: uuid.UUID


Question = Callable[[Asked, datetime], Awaitable[object]]

QUESTIONS_ASKED: Final[Mapping[str, Question]] = {
    "number": lambda one, _: dossiers.at_centre(one.number, centre_id=one.centre_id),
    "owner": lambda one, now: dossiers.of_citizen(
        one.number, citizen_id=one.citizen_id, on=local_date(now)
    ),
    "mine": lambda one, _: dossiers.mine(one.citizen_id, before=None, limit=20),
    "store": lambda one, _: documents.of_owner(one.citizen_id, limit=50),
    "catalogue": lambda one, now: procedures.search(
        WORDS[int(one.number[-4:]) % len(WORDS)], sector=None, on=local_date(now), after=None, limit=20
    ),
    "procedure": lambda _, now: procedures.by_code("2.000815", on=local_date(now)),
}


async def run(dsn: str, *, long: bool = False) -> dict[str, Metric]:
    """p99 of each question, at a tenth and at the whole; how often a large table was read whole."""
    most = DOSSIERS_LONG if long else DOSSIERS
    async with own_database(dsn) as url:
        await DB.open(url)
        try:
            now = current_time()
            await load_catalogue(now=now)
            await _pool().execute(NUMBER)
            await _fill(url, 0, most // A_TENTH, now=now)
            tenth = await _ask(most // A_TENTH, now=now)
            await _fill(url, most // A_TENTH, most, now=now)
            before = await _read_whole()
            whole = await _ask(most, now=now)
            found = await _read_whole() - before
        finally:
            await DB.close()
    figures = {"dossiers": shown(most, "stored"), "read_whole": nothing_of(found, "large tables")}
    for name, times in whole.items():
        figures[name] = within(percentile(times, 0.99), "ms", limit=LIMIT_MS)
        figures[f"{name}_p50"] = shown(percentile(times, 0.5), "ms")
        figures[f"{name}_p50_of_a_tenth"] = shown(percentile(tenth[name], 0.5), "ms")
    return figures


def _pool() -> Any:
    assert DB.pool is not None
    return DB.pool


async def _fill(url: str, first: int, last: int, *, now: datetime) -> None:
    """Store what is numbered from `first` on, without `last`; the product's own patience is too short."""
    fill = FILL.format(per_citizen=PER_CITIZEN)
    connection = await asyncpg.connect(url)
    try:
        for begins in range(first, last, AT_ONCE):
            await connection.execute(fill, begins, min(begins + AT_ONCE, last), now)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _ask(count: int, *, now: datetime) -> dict[str, list[float]]:
    """Milliseconds of every question, each asked of somebody else."""
    chance = random.Random(SEED)
    numbers = [chance.randrange(count) for _ in range(QUESTIONS)]
    rows = await _pool().fetch(
        "SELECT number, centre_id, citizen_id FROM dossier"
        " WHERE number = ANY(SELECT number_of(n) FROM unnest($1::int[]) AS n)",
        numbers,
    )
    asked = [Asked(*row) for row in rows]
    times: dict[str, list[float]] = {}
    for name, question in QUESTIONS_ASKED.items():
        for one in asked:
            began = time.perf_counter()
            await question(one, now)
            times.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    return times


async def _read_whole() -> int:
    """How often a large table was read from one end to the other, by PostgreSQL's own count."""
    async with _pool().acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    return int(await _pool().fetchval(READ_WHOLE, list(LARGE), MANY_ROWS))
