"""What is stored about partners."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    Interval,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class CourierPartner(Table, db=DB, tablename="courier_partner"):
    """An organisation with couriers. `last_seq` numbers its feed under the row's lock."""

    id = UUID(primary_key=True, default=None)
    code = Text(null=False, default=None, unique=True)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    last_seq = BigInt(null=False, default=0)
    callback_secret_sealed = Bytea(null=True, default=None)
    former_callback_secret_sealed = Bytea(null=True, default=None)
    former_callback_secret_until = Timestamptz(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)


class PartnerEvent(Table, db=DB, tablename="partner_event"):
    """One thing a partner must know: the same by webhook and by polling."""

    id = UUID(primary_key=True, default=None)
    partner_id = ForeignKey(CourierPartner, null=False, default=None, on_delete=OnDelete.restrict)
    seq = BigInt(null=False, default=None)
    fact_key = Text(null=False, default=None)
    type = Text(null=False, default=None)
    subject = Text(null=False, default=None)
    subject_seq = Integer(null=False, default=None)
    body = JSONB(null=False, default=None)
    at = Timestamptz(null=False, default=None)


class WebhookEndpoint(Table, db=DB, tablename="webhook_endpoint"):
    """Where a partner wants to be told. During a rotation both secrets sign."""

    id = UUID(primary_key=True, default=None)
    partner_id = ForeignKey(CourierPartner, null=False, default=None, on_delete=OnDelete.restrict)
    url = Text(null=False, default=None)
    secret_sealed = Bytea(null=False, default=None)
    former_secret_sealed = Bytea(null=True, default=None)
    former_secret_until = Timestamptz(null=True, default=None)
    state = Text(null=False, default=None)
    active_since = Timestamptz(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    version = Integer(null=False, default=1)


class WebhookDelivery(Table, db=DB, tablename="webhook_delivery"):
    """One attempt, or that a partner passed an event over (`skipped`); `replay_id` when it asked again."""

    id = UUID(primary_key=True, default=None)
    endpoint_id = ForeignKey(WebhookEndpoint, null=False, default=None, on_delete=OnDelete.restrict)
    event_id = ForeignKey(PartnerEvent, null=False, default=None, on_delete=OnDelete.restrict)
    at = Timestamptz(null=False, default=None)
    took_ms = Integer(null=False, default=None)
    status = SmallInt(null=True, default=None)
    outcome = Text(null=False, default=None)
    replay_id = UUID(null=True, default=None)


class WebhookCircuit(Table, db=DB, tablename="webhook_circuit"):
    """An endpoint that failed lately: how often, and until when every process leaves it alone."""

    endpoint_id = UUID(primary_key=True, default=None)
    failures = Integer(null=False, default=None)
    rest = Interval(null=False, default=None)
    open_until = Timestamptz(null=True, default=None)


class ItemNumber(Table, db=DB, tablename="item_number"):
    """An item number of the post (S10) that a partner gave us, bound to one visit at most, ever."""

    number = Text(primary_key=True, default=None)
    partner_id = UUID(null=False, default=None)
    valid_to = Date(null=False, default=None)
    given_at = Timestamptz(null=False, default=None)
    home_visit_id = UUID(null=True, default=None)
    bound_at = Timestamptz(null=True, default=None)


class SandboxClock(Table, db=DB, tablename="sandbox_clock"):
    """How far the time of a sandbox is ahead, which only grows (trigger): no row anywhere else."""

    sole = Boolean(primary_key=True, default=True)
    ahead = Interval(null=False, default=None)
    moved_to = Timestamptz(null=True, default=None)
    begun_at = Timestamptz(null=False, default=None)
    moved_at = Timestamptz(null=False, default=None)
