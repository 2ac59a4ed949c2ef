"""What is stored by monitoring: alarms, and what it has to remember between two looks."""

from piccolo.columns import JSONB, UUID, Date, DoublePrecision, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class QueueAlarm(Table, db=DB, tablename="queue_alarm"):
    """Something a shift lead must see (cảnh báo), until it is over. One of a kind per pool at a time."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    local_date = Date(null=False, default=None)
    kind = Text(null=False, default=None)
    ticket_id = UUID(null=True, default=None)
    number = Text(null=True, default=None)
    minutes = DoublePrecision(null=False, default=None)
    cause = Text(null=False, default=None)
    proposals = JSONB(null=False, default=None)
    raised_at = Timestamptz(null=False, default=None)
    cleared_at = Timestamptz(null=True, default=None)


class PoolWatch(Table, db=DB, tablename="pool_watch"):
    """Since when a pool's forecast exceeds the target; no row while it does not."""

    pool_id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    over_since = Timestamptz(null=False, default=None)
