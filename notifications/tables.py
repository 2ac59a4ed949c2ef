"""What is stored about messages."""

from piccolo.columns import (
    JSONB,
    UUID,
    Bytea,
    ForeignKey,
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


class ChannelCredential(Table, db=DB, tablename="channel_credential"):
    """What a provider lets us in with, where each use gives the next; sealed."""

    provider = Text(primary_key=True, default=None)
    access_sealed = Bytea(null=False, default=None)
    refresh_sealed = Bytea(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    refreshed_at = Timestamptz(null=False, default=None)
