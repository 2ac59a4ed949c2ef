"""What is stored about citizens beside their account."""

from piccolo.columns import UUID, Boolean, Integer, Text, Time, Timestamptz
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
