"""What another concept may join into its own transaction: the place of catalogue rows."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from app.core.rows import put


class ProcedureRecord(NamedTuple):
    """One version of a procedure as stored."""

    id: uuid.UUID
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
