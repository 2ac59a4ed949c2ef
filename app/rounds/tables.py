"""What is stored about couriers and their days."""

from piccolo.columns import (
    UUID,
    Array,
    Boolean,
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


class Courier(Table, db=DB, tablename="courier"):
    """A person of a partner (bưu tá); skills are tasks and procedure codes, or `*`."""

    id = UUID(primary_key=True, default=None)
    partner_id = UUID(null=False, default=None)
    external_id = Text(null=False, default=None)
    given_name = Text(null=False, default=None)
    phone = Text(null=False, default=None)
    skills = Array(base_column=Text(), null=False, default=None)
    lat = DoublePrecision(null=False, default=None)
    lon = DoublePrecision(null=False, default=None)
    active = Boolean(null=False, default=None)
    version = Integer(null=False, default=1)


class CourierShift(Table, db=DB, tablename="courier_shift"):
    """One courier's working time on one day (ca trực)."""

    id = UUID(primary_key=True, default=None)
    courier_id = ForeignKey(Courier, null=False, default=None, on_delete=OnDelete.restrict)
    date = Date(null=False, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    capacity = SmallInt(null=False, default=None)
    version = Integer(null=False, default=1)


class Assignment(Table, db=DB, tablename="assignment"):
    """A visit given to a courier; a new generation for every change."""

    id = UUID(primary_key=True, default=None)
    home_visit_id = UUID(null=False, default=None)
    courier_id = ForeignKey(Courier, null=False, default=None, on_delete=OnDelete.restrict)
    generation = SmallInt(null=False, default=None)
    date = Date(null=False, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    lat = DoublePrecision(null=False, default=None)
    lon = DoublePrecision(null=False, default=None)
    state = Text(null=False, default=None)
    ended_because = Text(null=False, default="")
