"""What can be asked of the catalogue, always for a day."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final, NamedTuple

import asyncpg
import msgspec

from app.centres import queries as centres
from app.core.database import fetch
from app.core.rows import select
from app.core.text import escape_like, fold
from app.procedures import rules
from app.procedures.rules import IntakeMode, Presence


class PaperRow(NamedTuple):
    """One paper of a procedure, and what to bring for it."""

    position: int
    name_vi: str
    name_en: str
    kind: str
    originals: int
    copies: int
    bring_vi: str
    bring_en: str
    optional: bool
    reusable_from: str | None
    digitise_class: int | None
    code: str | None
    replaced_by: str | None


class ProcedureRow(NamedTuple):
    """A procedure as it stands on one day.

    `presence_required` says somebody must come to the counter; `presence` says who. A home visit that
    takes papers asks `home_collection`, one that helps online `intake_modes`, one that brings a result
    `home_delivery`.
    """

    id: uuid.UUID
    key: uuid.UUID
    code: str
    name_vi: str
    name_en: str
    sector: str
    level: str
    agency_vi: str
    agency_en: str
    receive_anywhere: bool
    site_inspection: bool
    presence: Presence
    presence_required: bool
    paperless: bool
    intake_modes: tuple[IntakeMode, ...]
    home_collection: bool
    home_delivery: bool
    processing_value: int
    processing_unit: str
    processing_verified: bool
    fee_vnd: int | None
    fee_vi: str
    fee_en: str
    exemptions_vi: str
    exemptions_en: str
    fee_verified: bool
    p50_minutes: int
    p80_minutes: int
    result_vi: str
    result_en: str
    result_code: str | None
    code_is_local: bool
    decision: str
    valid_from: date
    valid_to: date | None
    form_schema: dict[str, Any] | None
    papers: tuple[PaperRow, ...]


class Offer(NamedTuple):
    """What a procedure takes at one centre."""

    grains: int
    p50_minutes: int
    p80_minutes: int


class CodeRow(NamedTuple):
    """A code of a procedure, and the days its versions carried it."""

    code: str
    valid_from: date
    valid_to: date | None


class Coded(NamedTuple):
    """What a code of a paper or a result stands for, by its newest version."""

    is_result: bool
    name_vi: str


class Position(NamedTuple):
    """Where a page of a search ended. Bounded: it comes back in a cursor a client may have written."""

    rank: Annotated[int, msgspec.Meta(ge=0, le=2)]
    folded: str
    code: str


class Found(NamedTuple):
    """A page of a search; `next` is None on the last one."""

    rows: Sequence[ProcedureRow]
    next: Position | None


EXISTS: Final = "valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1)"
PAPER: Final = select(PaperRow, "procedure_paper", extra=("procedure_id",))
# Which procedure is meant by a code. A code stays its procedure's after another took its place, until
# a second procedure is given it; written with a province or a part online, it is the national one.
MEANT: Final = r"""
unnest($2::text[]) asked (code)
  LEFT JOIN LATERAL (
    SELECT named.key FROM procedure named
     WHERE named.code IN (asked.code,
           substring(asked.code FROM '^([1-9]\.\d{6})(?:\.\d{2})?(?:\.000\.00\.00)?(?:\.[GH]\d{2})?$'))
       AND named.valid_from <= $1
     ORDER BY length(named.code) DESC, named.valid_from DESC
     LIMIT 1) meant ON true
  LEFT JOIN procedure p ON p.key = meant.key
   AND p.valid_from <= $1 AND (p.valid_to IS NULL OR p.valid_to >= $1)
"""
VERSIONS_MEANT: Final = f"SELECT asked.code AS asked, p.* FROM {MEANT} WHERE p.id IS NOT NULL"
OFFERS_MEANT: Final = f"""
SELECT {", ".join(f"o.{name}" for name in Offer._fields)}, asked.code AS asked FROM {MEANT}
  JOIN procedure_offer o ON o.procedure_code = coalesce(p.code, asked.code) AND o.centre_id = $3
   AND o.valid_from <= $1 AND (o.valid_to IS NULL OR o.valid_to >= $1)
"""
OFFER: Final = select(Offer, "procedure_offer", extra=("procedure_code",))
# Every word must occur somewhere; first come the names that hold the words as they were typed, with
# their marks, then those that hold them side by side without.
SEARCH: Final = """
SELECT * FROM (
    SELECT p.*, CASE WHEN strpos(p.folded, $3) > 0 THEN 0
                     WHEN strpos(p.folded, $4) > 0 THEN 1 ELSE 2 END AS rank
      FROM procedure p
     WHERE p.valid_from <= $1 AND (p.valid_to IS NULL OR p.valid_to >= $1)
       AND p.folded LIKE ALL ($2::text[]) AND ($5::text IS NULL OR p.sector = $5)
) found
 WHERE ($6::integer IS NULL OR (rank, folded, code) > ($6, $7::text, $8::text))
 ORDER BY rank, folded, code
 LIMIT $9
"""


def searchable(name_vi: str, name_en: str, code: str) -> str:
    """What a search looks in: everything without marks, then the name with them."""
    return f"{fold(f'{name_vi} {name_en} {code}')} | {name_vi.casefold()}"


async def by_code(code: str, *, on: date) -> ProcedureRow | None:
    """The version of a procedure that stands on the day, by any code it has had."""
    return (await by_codes([code], on=on)).get(code)


async def by_codes(codes: Iterable[str], *, on: date) -> dict[str, ProcedureRow]:
    """The versions that stand on the day, by the code each was asked for; unknown codes are absent."""
    rows = await fetch(VERSIONS_MEANT, on, list(codes))
    papers = await _papers([row["id"] for row in rows])
    return {row["asked"]: _row(row, papers, on=on) for row in rows}


async def current_codes(codes: Iterable[str], *, on: date) -> list[str]:
    """What these are called on the day, in their order; what means no procedure stays as it is."""
    asked = list(codes)
    called = {row["asked"]: row["code"] for row in await fetch(VERSIONS_MEANT, on, asked)}
    return [called.get(code, code) for code in asked]


async def codes_of(keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[CodeRow]]:
    """Every code each of these procedures has had or will have, the oldest first."""
    rows = await fetch(
        "SELECT key, code, min(valid_from) AS valid_from,"
        " CASE WHEN bool_or(valid_to IS NULL) THEN NULL ELSE max(valid_to) END AS valid_to"
        " FROM procedure WHERE key = ANY($1) GROUP BY key, code ORDER BY key, min(valid_from)",
        list(keys),
    )
    codes: dict[uuid.UUID, list[CodeRow]] = {}
    for row in rows:
        codes.setdefault(row["key"], []).append(CodeRow(*row[1:]))
    return codes


async def coded() -> dict[str, Coded]:
    """Every code of a result or of a paper the catalogue has or had; a result's where it is both."""
    rows = await fetch(
        "SELECT p.code, false AS is_result, p.name_vi, v.valid_from"
        "  FROM procedure_paper p JOIN procedure v ON v.id = p.procedure_id WHERE p.code IS NOT NULL"
        " UNION ALL SELECT result_code, true, result_vi, valid_from FROM procedure"
        "  WHERE result_code IS NOT NULL ORDER BY is_result, valid_from, name_vi"
    )
    return {row["code"]: Coded(row["is_result"], row["name_vi"]) for row in rows}


async def search(text: str, *, sector: str | None, on: date, after: Position | None, limit: int) -> Found:
    """Procedures of the day whose name holds every word, with or without Vietnamese marks."""
    phrase = fold(text)
    rows = await fetch(
        SEARCH,
        on,
        [f"%{escape_like(word)}%" for word in phrase.split()],
        " ".join(text.casefold().split()),
        phrase,
        sector,
        *(after or (None, None, None)),
        limit + 1,
    )
    papers = await _papers([row["id"] for row in rows[:limit]])
    last = rows[limit - 1] if len(rows) > limit else None
    return Found(
        rows=[_row(row, papers, on=on) for row in rows[:limit]],
        next=None if last is None else Position(last["rank"], last["folded"], last["code"]),
    )


async def offers(centre_id: uuid.UUID, codes: Iterable[str], *, on: date) -> dict[str, Offer]:
    """What the centre offers of these on the day, by the code asked for; what it does not is absent."""
    rows = await fetch(OFFERS_MEANT, on, list(codes), centre_id)
    return {row["asked"]: Offer(*row[:-1]) for row in rows}


async def offered_by(centre_id: uuid.UUID, *, on: date) -> dict[str, Offer]:
    """Everything the centre offers on the day, by code."""
    rows = await fetch(
        f"{OFFER} WHERE {EXISTS} AND centre_id = $2 ORDER BY procedure_code",
        on,
        centre_id,
    )
    return {row["procedure_code"]: Offer(*row[:-1]) for row in rows}


async def centres_offering(code: str, *, on: date) -> frozenset[uuid.UUID]:
    """The centres where a procedure may be handed in on the day, by any code it has had."""
    rows = await fetch(
        "SELECT centre_id FROM procedure_offer WHERE procedure_code = ANY($2) AND valid_from <= $1"
        " AND (valid_to IS NULL OR valid_to >= $1)",
        on,
        await current_codes([code], on=on),
    )
    return frozenset(row["centre_id"] for row in rows)


async def receiving(
    code: str, *, commune: str, on: date, among: frozenset[uuid.UUID]
) -> frozenset[uuid.UUID]:
    """Which of these receive it from somebody of a commune on the day: all of them where it may be received
    anywhere (Decree 118/2025/NĐ-CP), else the one that decides it. Raises `CommuneUnknown`.
    """
    unit = await centres.commune_on(commune, on=on)
    procedure = await by_code(code, on=on)
    if procedure is None or procedure.receive_anywhere:
        return among
    deciding = await centres.centre_above(unit, tier=procedure.level, on=on)
    return frozenset() if deciding is None else among & {deciding.id}


async def pools_serving(centre_id: uuid.UUID, codes: Iterable[str]) -> list[uuid.UUID]:
    """Pools of counters that serve all of these, least flexible first.

    The pool with the fewest procedures is asked first, so that the one which can do more stays free
    for what only it can do.
    """
    wanted = sorted(set(codes))
    if not wanted:
        return []
    rows = await fetch(
        "SELECT pool_id FROM pool_procedure WHERE centre_id = $1 GROUP BY pool_id"
        " HAVING count(*) FILTER (WHERE procedure_code = ANY($2)) = cardinality($2::text[])"
        " ORDER BY count(*), sum(preference) FILTER (WHERE procedure_code = ANY($2)), pool_id",
        centre_id,
        wanted,
    )
    return [row["pool_id"] for row in rows]


async def pools_of(centre_id: uuid.UUID) -> dict[uuid.UUID, frozenset[str]]:
    """What each pool of a centre serves, least flexible first."""
    rows = await fetch(
        "SELECT pool_id, array_agg(procedure_code) AS codes FROM pool_procedure WHERE centre_id = $1"
        " GROUP BY pool_id ORDER BY count(*), pool_id",
        centre_id,
    )
    return {row["pool_id"]: frozenset(row["codes"]) for row in rows}


async def codes_of_pool(pool_id: uuid.UUID) -> list[str]:
    """The procedures a pool serves."""
    rows = await fetch(
        "SELECT procedure_code FROM pool_procedure WHERE pool_id = $1 ORDER BY procedure_code",
        pool_id,
    )
    return [row["procedure_code"] for row in rows]


async def _papers(procedure_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[PaperRow, ...]]:
    rows = await fetch(
        f"{PAPER} WHERE procedure_id = ANY($1) ORDER BY procedure_id, position",
        list(procedure_ids),
    )
    papers: dict[uuid.UUID, tuple[PaperRow, ...]] = {}
    for row in rows:
        papers[row["procedure_id"]] = (*papers.get(row["procedure_id"], ()), PaperRow(*row[:-1]))
    return papers


def _row(
    row: asyncpg.Record, papers: Mapping[uuid.UUID, tuple[PaperRow, ...]], *, on: date
) -> ProcedureRow:
    presence = Presence(row["presence"])
    modes = rules.intake_modes(
        presence,
        postal_intake=row["postal_intake"],
        paperless_from=row["paperless_from"],
        on=on,
    )
    decided = {
        "presence": presence,
        "presence_required": rules.presence_required(presence),
        "paperless": rules.is_paperless(row["paperless_from"], on=on),
        "intake_modes": modes,
        "home_collection": IntakeMode.HOME_PAPER in modes,
        "home_delivery": row["postal_return"],
        "p80_minutes": rules.p80_minutes(p50_minutes=row["p50_minutes"], p90_minutes=row["p90_minutes"]),
        "form_schema": None if row["form_schema"] is None else msgspec.json.decode(row["form_schema"]),
        "papers": papers.get(row["id"], ()),
    }
    stored = {name: row[name] for name in ProcedureRow._fields if name not in decided}
    return ProcedureRow(**stored, **decided)
