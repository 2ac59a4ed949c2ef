"""What is stored about places and days. Rows of the past stay: a validity period ends, a row does not."""

from piccolo.columns import (
    UUID,
    Boolean,
    Date,
    DoublePrecision,
    ForeignKey,
    OnDelete,
    SmallInt,
    Text,
    Time,
)
from piccolo.table import Table

from app.core.database import DB


class AdminUnit(Table, db=DB, tablename="admin_unit"):
    """A province, district or commune during one period (đơn vị hành chính).

    Official codes are re-used (14329 was phường Vân Giang and is phường Hoa Lư): the id is the key.
    """

    id = UUID(primary_key=True, default=None)
    code = Text(null=False, default=None)
    tier = Text(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    folded = Text(null=False, default=None)
    parent_id = UUID(null=True, default=None)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    decision = Text(null=False, default=None)


class AdminUnitLink(Table, db=DB, tablename="admin_unit_link"):
    """Which unit took over an older one; `divided` when only a part of it."""

    old_id = ForeignKey(AdminUnit, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    new_id = ForeignKey(AdminUnit, null=False, default=None, on_delete=OnDelete.restrict)
    divided = Boolean(null=False, default=None)


class Centre(Table, db=DB, tablename="centre"):
    """A one-stop unit (bộ phận một cửa) or service centre (trung tâm phục vụ hành chính công)."""

    id = UUID(primary_key=True, default=None)
    code = Text(null=False, default=None, unique=True)
    unit_id = ForeignKey(AdminUnit, null=False, default=None, on_delete=OnDelete.restrict)
    tier = Text(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    folded = Text(null=False, default=None)
    address_vi = Text(null=False, default=None)
    address_en = Text(null=False, default=None)
    lat = DoublePrecision(null=False, default=None)
    lon = DoublePrecision(null=False, default=None)
    agency_code = Text(null=False, default=None)
    grain_minutes = SmallInt(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    verified = Boolean(null=False, default=None)


class Counter(Table, db=DB, tablename="counter"):
    """A numbered desk (quầy)."""

    id = UUID(primary_key=True, default=None)
    centre_id = ForeignKey(Centre, null=False, default=None, on_delete=OnDelete.restrict)
    number = SmallInt(null=False, default=None)
    label_vi = Text(null=False, default=None)
    label_en = Text(null=False, default=None)


class Pool(Table, db=DB, tablename="pool"):
    """Counters with the same skills (nhóm quầy), or one commune's home service (khu vực bưu chính)."""

    id = UUID(primary_key=True, default=None)
    centre_id = ForeignKey(Centre, null=False, default=None, on_delete=OnDelete.restrict)
    kind = Text(null=False, default=None)
    code = Text(null=False, default=None)
    series = Text(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    unit_id = ForeignKey(AdminUnit, null=True, default=None, on_delete=OnDelete.restrict)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    radius_km = DoublePrecision(null=True, default=None)


class CounterPool(Table, db=DB, tablename="counter_pool"):
    """Which counters serve a pool."""

    counter_id = ForeignKey(
        Counter, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    pool_id = ForeignKey(Pool, null=False, default=None, on_delete=OnDelete.restrict)
    centre_id = UUID(null=False, default=None)


class OpeningHours(Table, db=DB, tablename="opening_hours"):
    """When a centre receives people on one weekday, during one period (giờ làm việc)."""

    id = UUID(primary_key=True, default=None)
    centre_id = ForeignKey(Centre, null=False, default=None, on_delete=OnDelete.restrict)
    weekday = SmallInt(null=False, default=None)
    opens = Time(null=False, default=None)
    closes = Time(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    decision = Text(null=False, default=None)


class CalendarDay(Table, db=DB, tablename="calendar_day"):
    """A holiday (ngày nghỉ), or a Saturday worked for one (ngày làm bù)."""

    day = Date(primary_key=True, null=False, default=None)
    kind = Text(null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    status = Text(null=False, default=None)
    stands_for = Date(null=True, default=None)
    reference = Text(null=False, default=None)


class PriorityGroup(Table, db=DB, tablename="priority_group"):
    """Who is called first (diện ưu tiên)."""

    code = Text(primary_key=True, null=False, default=None)
    name_vi = Text(null=False, default=None)
    name_en = Text(null=False, default=None)
    rule_vi = Text(null=False, default=None)
    rule_en = Text(null=False, default=None)
    position = SmallInt(null=False, default=None, unique=True)
    verified = Boolean(null=False, default=None)
