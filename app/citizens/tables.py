"""What is stored about citizens beside their account."""

from piccolo.columns import UUID, Boolean, Integer, SmallInt, Text, Time, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class CitizenPreference(Table, db=DB, tablename="citizen_preference"):
    """What a person chose about messages; without a row nothing was chosen."""

    citizen_id = UUID(primary_key=True, default=None)
    language = Text(null=True, default=None)
    channel = Text(null=False, default=None)
    quiet_from = Time(null=True, default=None)
    quiet_until = Time(null=True, default=None)
    surveys = Boolean(null=False, default=None)
    version = Integer(null=False, default=None)
    changed_at = Timestamptz(null=False, default=None)


class EmailChallenge(Table, db=DB, tablename="email_challenge"):
    """An address somebody named; its code is derived from the id."""

    id = UUID(primary_key=True, default=None)
    citizen_id = UUID(null=False, default=None)
    address = Text(null=False, default=None)
    attempts = SmallInt(null=False, default=0)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)


class CitizenEmail(Table, db=DB, tablename="citizen_email"):
    """A confirmed address."""

    citizen_id = UUID(primary_key=True, default=None)
    address = Text(null=False, default=None)
    confirmed_at = Timestamptz(null=False, default=None)
    undeliverable_at = Timestamptz(null=True, default=None)


class PushDevice(Table, db=DB, tablename="push_device"):
    """One app on one device."""

    id = UUID(primary_key=True, default=None)
    citizen_id = UUID(null=False, default=None)
    platform = Text(null=False, default=None)
    token = Text(null=False, default=None, unique=True, secret=True)
    registered_at = Timestamptz(null=False, default=None)
    seen_at = Timestamptz(null=False, default=None)
