"""What is stored about home visits."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class HomeVisit(Table, db=DB, tablename="home_visit"):
    """One call at one door (lượt đến nhà), to collect or to deliver."""

    id = UUID(primary_key=True, default=None)
    reference = Text(null=False, default=None, unique=True)
    kind = Text(null=False, default=None)
    citizen_id = UUID(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    slot_id = UUID(null=False, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    procedure_codes = Array(base_column=Text(), null=False, default=None)
    dossier_number = Text(null=True, default=None)
    address_text = Text(null=False, default=None)
    commune = Text(null=False, default=None)
    lat = DoublePrecision(null=False, default=None)
    lon = DoublePrecision(null=False, default=None)
    contact_name = Text(null=False, default=None)
    contact_phone = Text(null=False, default=None)
    locale = Text(null=False, default=None)
    note = Text(null=False, default=None)
    state = Text(null=False, default=None)
    courier_id = UUID(null=True, default=None)
    seal_number = Text(null=True, default=None)
    wrong_codes = SmallInt(null=False, default=0)
    missing = Array(base_column=SmallInt(), null=False, default=list)
    held_until = Date(null=True, default=None)
    looked_into = Text(null=False, default="")
    created_at = Timestamptz(null=False, default=None)
    version = Integer(null=False, default=1)


class VisitEvent(Table, db=DB, tablename="visit_event"):
    """What a courier's device reported, with three times; `applied_as` is its place in the fold.

    `fate` is what became of one that was not applied in its turn: overtaken by others, in conflict with
    what was decided meanwhile, or waiting so long that a supervisor was called.
    """

    event_id = UUID(primary_key=True, default=None)
    partner_id = UUID(null=False, default=None)
    home_visit_id = ForeignKey(HomeVisit, null=False, default=None, on_delete=OnDelete.restrict)
    courier_id = UUID(null=False, default=None)
    type = Text(null=False, default=None)
    occurred_at = Timestamptz(null=False, default=None)
    received_at = Timestamptz(null=False, default=None)
    device_seq = BigInt(null=False, default=None)
    clock_suspect = Boolean(null=False, default=None)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    data = JSONB(null=False, default=None)
    digest = Bytea(null=False, default=None)
    refused = Text(null=True, default=None)
    applied_as = Integer(null=True, default=None)
    sent_at = Timestamptz(null=True, default=None)
    effective_at = Timestamptz(null=True, default=None)
    device_id = Text(null=True, default=None)
    boot_id = Text(null=True, default=None)
    monotonic_ms = BigInt(null=True, default=None)
    fate = Text(null=True, default=None)


class VisitIncident(Table, db=DB, tablename="visit_incident"):
    """Something about a visit a supervisor must look at; one open of each kind."""

    id = UUID(primary_key=True, default=None)
    home_visit_id = ForeignKey(HomeVisit, null=False, default=None, on_delete=OnDelete.restrict)
    centre_id = UUID(null=False, default=None)
    kind = Text(null=False, default=None)
    event_id = UUID(null=True, default=None)
    opened_at = Timestamptz(null=False, default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_by = UUID(null=True, default=None)
    note = Text(null=False, default="")
