"""What another concept may join into its own transaction: the place of catalogue rows."""

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from app.core.database import in_transaction
from app.core.rows import put


class ProcedureRecord(NamedTuple):
    """One version of a procedure as stored; versions of one `key` are one procedure, whatever the code."""

    id: uuid.UUID
    key: uuid.UUID
    code: str
    name_vi: str
    name_en: str
    folded: str
    sector: str
    level: str
    receive_anywhere: bool
    site_inspection: bool
    presence: str
    paperless_from: date | None
    postal_intake: bool
    postal_return: bool
    processing_value: int
    processing_unit: str
    fee_vnd: int | None
    fee_vi: str
    fee_en: str
    exemptions_vi: str
    exemptions_en: str
    p50_minutes: int
    p90_minutes: int
    result_vi: str
    result_en: str
    result_code: str | None
    fee_verified: bool
    processing_verified: bool
    code_is_local: bool
    decision: str
    valid_from: date
    valid_to: date | None
    agency_vi: str = ""
    agency_en: str = ""
    form_schema: dict[str, Any] | None = None


class PaperRecord(NamedTuple):
    """One paper of one version as stored."""

    id: uuid.UUID
    procedure_id: uuid.UUID
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
    code: str | None = None
    replaced_by: str | None = None


class OfferRecord(NamedTuple):
    """What a procedure takes at a centre, from a date to a date."""

    centre_id: uuid.UUID
    procedure_code: str
    grains: int
    p50_minutes: int
    p80_minutes: int
    valid_from: date
    valid_to: date | None


class PoolProcedureRecord(NamedTuple):
    """A pool of counters serves a procedure. Postal zones are not listed: a visit asks for a zone."""

    pool_id: uuid.UUID
    procedure_code: str
    centre_id: uuid.UUID
    preference: int


async def put_procedures(rows: Iterable[ProcedureRecord]) -> int:
    """Write versions; how many changed."""
    return await put("procedure", rows, key=("id",))


async def put_papers(rows: Iterable[PaperRecord]) -> int:
    return await put("procedure_paper", rows, key=("id",))


async def put_offers(rows: Iterable[OfferRecord]) -> int:
    return await put("procedure_offer", rows, key=("centre_id", "procedure_code", "valid_from"))


async def put_pool_procedures(rows: Iterable[PoolProcedureRecord]) -> int:
    return await put("pool_procedure", rows, key=("pool_id", "procedure_code"))


async def replace_papers(procedure_id: uuid.UUID, papers: Iterable[PaperRecord]) -> None:
    """The papers of a version that has not begun are these and no others."""
    await in_transaction().execute("DELETE FROM procedure_paper WHERE procedure_id = $1", procedure_id)
    await put_papers(papers)


async def end_offers(code: str, *, last: date) -> None:
    """No centre offers it after the day; an offer that would begin later never does."""
    connection = in_transaction()
    await connection.execute(
        "DELETE FROM procedure_offer WHERE procedure_code = $1 AND valid_from > $2", code, last
    )
    await connection.execute(
        "UPDATE procedure_offer SET valid_to = $2 WHERE procedure_code = $1"
        " AND (valid_to IS NULL OR valid_to > $2)",
        code,
        last,
    )


async def carry_offers(old: str, new: str, *, first: date) -> None:
    """What was offered under a code is offered under its next one from the day on, by the same pools."""
    connection = in_transaction()
    await connection.execute(
        "INSERT INTO procedure_offer (centre_id, procedure_code, grains, p50_minutes, p80_minutes,"
        " valid_from, valid_to)"
        " SELECT centre_id, $2, grains, p50_minutes, p80_minutes, greatest(valid_from, $3), valid_to"
        "   FROM procedure_offer WHERE procedure_code = $1 AND (valid_to IS NULL OR valid_to >= $3)"
        " ON CONFLICT DO NOTHING",
        old,
        new,
        first,
    )
    await connection.execute(
        "INSERT INTO pool_procedure (pool_id, procedure_code, centre_id, preference)"
        " SELECT pool_id, $2, centre_id, preference FROM pool_procedure WHERE procedure_code = $1"
        " ON CONFLICT DO NOTHING",
        old,
        new,
    )
    await end_offers(old, last=first - timedelta(days=1))
