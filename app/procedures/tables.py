"""What is stored about procedures: versions by date, their papers, and who offers them."""

from piccolo.columns import (
    JSONB,
    UUID,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
)
from piccolo.table import Table

from app.core.database import DB


class Procedure(Table, db=DB, tablename="procedure"):
    """One version of one procedure (thủ tục hành chính), valid from a date on.

    `key` is the procedure's whatever its code and its agency; a code is what it is called meanwhile.
    """

    id = UUID(primary_key=True, default=None)
    key = UUID(null=False, default=None)
    code = Text(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    folded = Text(null=False, default=None)
    sector = Text(null=False, default=None)
    level = Text(null=False, default=None)
    receive_anywhere = Boolean(null=False, default=None)
    site_inspection = Boolean(null=False, default=None)
    presence = Text(null=False, default=None)
    paperless_from = Date(null=True, default=None)
    postal_intake = Boolean(null=False, default=None)
    postal_return = Boolean(null=False, default=None)
    processing_value = SmallInt(null=False, default=None)
    processing_unit = Text(null=False, default=None)
    fee_vnd = Integer(null=True, default=None)
    fee_vi = Text(null=False, default=None)
    fee_en = Text(null=False, default=None)
    exemptions_vi = Text(null=False, default=None)
    exemptions_en = Text(null=False, default=None)
    p50_minutes = SmallInt(null=False, default=None)
    p90_minutes = SmallInt(null=False, default=None)
    result_vi = Text(null=False, default=None)
    result_en = Text(null=False, default=None)
    result_code = Text(null=True, default=None)
    fee_verified = Boolean(null=False, default=None)
    processing_verified = Boolean(null=False, default=None)
    code_is_local = Boolean(null=False, default=None)
    decision = Text(null=False, default=None)
    agency_vi = Text(null=False, default="")
    agency_en = Text(null=False, default="")
    form_schema = JSONB(null=True, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)


class ProcedurePaper(Table, db=DB, tablename="procedure_paper"):
    """One paper a procedure asks for (thành phần hồ sơ)."""

    id = UUID(primary_key=True, default=None)
    procedure_id = ForeignKey(Procedure, null=False, default=None, on_delete=OnDelete.restrict)
    position = SmallInt(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    kind = Text(null=False, default=None)
    originals = SmallInt(null=False, default=None)
    copies = SmallInt(null=False, default=None)
    bring_vi = Text(null=False, default=None)
    bring_en = Text(null=False, default=None)
    optional = Boolean(null=False, default=None)
    reusable_from = Text(null=True, default=None)
    digitise_class = SmallInt(null=True, default=None)
    code = Text(null=True, default=None)
    replaced_by = Text(null=True, default=None)


class ProcedureOffer(Table, db=DB, tablename="procedure_offer"):
    """A centre does a procedure, and how long it takes there. Keyed by centre, code and start."""

    centre_id = UUID(primary_key=True, null=False, default=None)
    procedure_code = Text(null=False, default=None)
    grains = SmallInt(null=False, default=None)
    p50_minutes = SmallInt(null=False, default=None)
    p80_minutes = SmallInt(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)


class PoolProcedure(Table, db=DB, tablename="pool_procedure"):
    """A pool serves a procedure; lower preference is asked first. Keyed by pool and code."""

    pool_id = UUID(primary_key=True, null=False, default=None)
    procedure_code = Text(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    preference = SmallInt(null=False, default=None)
