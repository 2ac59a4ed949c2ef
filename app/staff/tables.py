"""What is stored about officers and their terms."""

from piccolo.columns import UUID, Boolean, Date, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class Officer(Table, db=DB, tablename="officer"):
    """A person at a centre (cán bộ, công chức một cửa)."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    name = Text(null=False, default=None)
    role = Text(null=False, default=None)
    active = Boolean(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)


class Shift(Table, db=DB, tablename="shift"):
    """A term at a centre by decision, official or standby (lịch phân công)."""

    id = UUID(primary_key=True, default=None)
    officer_id = ForeignKey(Officer, null=False, default=None, on_delete=OnDelete.restrict)
    centre_id = UUID(null=False, default=None)
    kind = Text(null=False, default=None)
    starts_on = Date(null=False, default=None)
    ends_on = Date(null=False, default=None)
    decision = Text(null=False, default=None)
    override_reason = Text(null=False, default=None)
    version = Integer(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)


class StandbyActivation(Table, db=DB, tablename="standby_activation"):
    """A standby officer took over a counter for a day (điều động dự phòng)."""

    id = UUID(primary_key=True, default=None)
    shift_id = ForeignKey(Shift, null=False, default=None, on_delete=OnDelete.restrict)
    centre_id = UUID(null=False, default=None)
    counter_id = UUID(null=False, default=None)
    day = Date(null=False, default=None)
    at = Timestamptz(null=False, default=None)
