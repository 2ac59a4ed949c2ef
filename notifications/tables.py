"""What is stored about messages."""

from piccolo.columns import (
    JSONB,
    UUID,
    BigInt,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    Numeric,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class Message(Table, db=DB, tablename="message"):
    """One text for one person; `rank` keeps receipts that arrive out of order from going back."""

    id = UUID(primary_key=True, default=None)
    dedupe = Text(null=False, default=None, unique=True)
    template = Text(null=False, default=None)
    locale = Text(null=False, default=None)
    phone = Text(null=False, default=None)
    body = Text(null=False, default=None)
    encoding = Text(null=False, default=None)
    segments = SmallInt(null=False, default=None)
    about = Text(null=False, default=None)
    state = Text(null=False, default=None)
    rank = SmallInt(null=False, default=0)
    attempts = SmallInt(null=False, default=0)
    after_unknown = SmallInt(null=False, default=0)
    provider_id = Text(null=True, default=None)
    error_code = Text(null=False, default="")
    created_at = Timestamptz(null=False, default=None)
    not_before = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    calling_since = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    channel = Text(null=False, default="sms")
    address = Text(null=False, default="")
    content = JSONB(null=False, default="{}")
    category = Text(null=False, default="transactional")
    template_version = Integer(null=False, default=1)
    centre_id = UUID(null=True, default=None)
    thing = Text(null=False, default="")
    thing_version = BigInt(null=False, default=0)
    label = Text(null=False, default="")
    part_of = UUID(null=True, default=None)
    verdict = Text(null=True, default=None)
    accepted_at = Timestamptz(null=True, default=None)
    look_at = Timestamptz(null=True, default=None)
    looks = SmallInt(null=False, default=0)
    asked = SmallInt(null=False, default=0)
    after_unreached = SmallInt(null=False, default=0)
    fact_kind = Text(null=False, default="")
    fact = JSONB(null=False, default="{}")
    retry_at = Timestamptz(null=True, default=None)
    price = Numeric(null=True, default=None)
    currency = Text(null=True, default=None)


class MessageAttempt(Table, db=DB, tablename="message_attempt"):
    """One call to a provider."""

    message_id = ForeignKey(
        Message, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    n = SmallInt(null=False, default=None)
    started_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)
    outcome = Text(null=False, default=None)
    error_code = Text(null=False, default="")
    request_hash = Bytea(null=True, default=None)
    provider_id = Text(null=True, default=None)
    segments = SmallInt(null=True, default=None)
    price = Numeric(null=True, default=None)
    currency = Text(null=True, default=None)


class ChannelCredential(Table, db=DB, tablename="channel_credential"):
    """What a provider lets us in with, where each use gives the next; sealed."""

    provider = Text(primary_key=True, default=None)
    access_sealed = Bytea(null=False, default=None)
    refresh_sealed = Bytea(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    refreshed_at = Timestamptz(null=False, default=None)


class PhoneSuppression(Table, db=DB, tablename="phone_suppression"):
    """A phone to which nothing of ours is sent: its holder, or the operator for them, said no."""

    phone = Text(primary_key=True, default=None)
    code = Text(null=False, default=None)
    message_id = UUID(null=True, default=None)
    since = Timestamptz(null=False, default=None)


class MessageCircuit(Table, db=DB, tablename="message_circuit"):
    """What failed lately of a way, and until when it is left alone."""

    way = Text(primary_key=True, default=None)
    failures = Integer(null=False, default=None)
    first_failed_at = Timestamptz(null=False, default=None)
    open_until = Timestamptz(null=True, default=None)
    reason = Text(null=False, default=None)


class MessagePace(Table, db=DB, tablename="message_pace"):
    """When a sender's next message may leave."""

    sender = Text(primary_key=True, default=None)
    next_at = Timestamptz(null=False, default=None)


class MessageHold(Table, db=DB, tablename="message_hold"):
    """`all`, or `template:CODE`: what waits until it is let go."""

    scope = Text(primary_key=True, default=None)
    reason = Text(null=False, default=None)
    since = Timestamptz(null=False, default=None)
    held_by = UUID(null=True, default=None)


class MessageBudget(Table, db=DB, tablename="message_budget"):
    """How many segments a day a centre may spend; no row, no limit."""

    centre_id = UUID(primary_key=True, default=None)
    segments_per_day = Integer(null=False, default=None)
    version = Integer(null=False, default=None)
    set_at = Timestamptz(null=False, default=None)
    set_by = UUID(null=False, default=None)


class MessageSpending(Table, db=DB, tablename="message_spending"):
    """Segments accepted on a day; `warned` is the share of the budget in percent that was told last."""

    centre_id = UUID(primary_key=True, default=None)
    day = Date(null=False, default=None)
    segments = Integer(null=False, default=None)
    warned = SmallInt(null=False, default=0)


class MessageTemplate(Table, db=DB, tablename="message_template"):
    """A wording that was in use, or is; never changed. `text_of` is the version whose text it has again."""

    code = Text(primary_key=True, default=None)
    version = Integer(null=False, default=None)
    vi = Text(null=False, default=None)
    en = Text(null=False, default=None)
    longest = JSONB(null=False, default=None)
    provider_template = Text(null=False, default="")
    program_version = Integer(null=False, default=None)
    note = Text(null=False, default="")
    published_at = Timestamptz(null=False, default=None)
    published_by = UUID(null=True, default=None)
    text_of = Integer(null=True, default=None)
