"""What is stored about openings and appointments. Hot columns have no index: updates stay on a page."""

from piccolo.columns import (
    JSONB,
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
    Time,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class Opening(Table, db=DB, tablename="opening"):
    """A pool is open from–to with so many counters (ca tiếp nhận); slots are made from it."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    counters = SmallInt(null=False, default=None)
    grain_minutes = SmallInt(null=False, default=None)
    online_cap = SmallInt(null=False, default=None)
    partner_cap = SmallInt(null=False, default=None)
    walkin_floor = SmallInt(null=False, default=None)
    overbook_limit = SmallInt(null=False, default=None)
    status = Text(null=False, default=None)
    version = Integer(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    decision = Text(null=True, default=None)


class Slot(Table, db=DB, tablename="slot"):
    """One grain of an opening (khung giờ), with its places and who took them."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    opening_id = ForeignKey(Opening, null=False, default=None, on_delete=OnDelete.restrict)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    open = Boolean(null=False, default=None)
    capacity = SmallInt(null=False, default=None)
    online_cap = SmallInt(null=False, default=None)
    partner_cap = SmallInt(null=False, default=None)
    walkin_floor = SmallInt(null=False, default=None)
    overbook_limit = SmallInt(null=False, default=None)
    taken_online = SmallInt(null=False, default=0)
    taken_partner = SmallInt(null=False, default=0)
    taken_staff = SmallInt(null=False, default=0)
    taken_walkin = SmallInt(null=False, default=0)
    moved_to = Text(null=True, default=None)


class Appointment(Table, db=DB, tablename="appointment"):
    """A place in consecutive slots of one pool, held or promised to one person (lịch hẹn)."""

    id = UUID(primary_key=True, default=None)
    reference = Text(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    citizen_id = UUID(null=False, default=None)
    channel = Text(null=False, default=None)
    state = Text(null=False, default=None)
    hold_expires_at = Timestamptz(null=True, default=None)
    confirm_by = Timestamptz(null=True, default=None)
    hold_number = SmallInt(null=True, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    local_date = Date(null=False, default=None)
    grains = SmallInt(null=False, default=None)
    items = JSONB(null=False, default=None)
    priority_group = Text(null=True, default=None)
    contact_name = Text(null=True, default=None)
    contact_phone = Text(null=True, default=None)
    cancel_reason = Text(null=True, default=None)
    locale = Text(null=False, default=None)
    version = Integer(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    placement = Text(null=False, default="supported")
    tax_code = Text(null=True, default=None)


class AppointmentSlot(Table, db=DB, tablename="appointment_slot"):
    """The appointment counts in this slot. Gone when the place is given back. Keyed by both."""

    slot_id = UUID(primary_key=True, default=None)
    appointment_id = ForeignKey(Appointment, null=False, default=None, on_delete=OnDelete.restrict)


class AppointmentClaim(Table, db=DB, tablename="appointment_claim"):
    """`visit:<n>`, `sector:<code>`, `sector:<code>:<n>`: what a person may have once a day.

    Keyed by all three.
    """

    citizen_id = UUID(primary_key=True, default=None)
    local_date = Date(null=False, default=None)
    claim = Text(null=False, default=None)
    appointment_id = UUID(null=False, default=None)


class WaitlistEntry(Table, db=DB, tablename="waitlist_entry"):
    """Somebody who wants a place in a window of time, and what they were offered (danh sách chờ)."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    citizen_id = UUID(null=False, default=None)
    items = JSONB(null=False, default=None)
    window_from = Timestamptz(null=False, default=None)
    window_to = Timestamptz(null=False, default=None)
    state = Text(null=False, default=None)
    appointment_id = UUID(null=True, default=None)
    offer_expires_at = Timestamptz(null=True, default=None)
    priority_group = Text(null=True, default=None)
    contact_name = Text(null=True, default=None)
    contact_phone = Text(null=True, default=None)
    locale = Text(null=False, default=None)
    version = Integer(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)


class ChangeProposal(Table, db=DB, tablename="change_proposal"):
    """A change of capacity, what it would do, and after it was applied what it did."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    change = JSONB(null=False, default=None)
    openings = JSONB(null=False, default=None)
    mark = Text(null=False, default=None)
    reason = Text(null=True, default=None)
    impact = JSONB(null=False, default=None)
    state = Text(null=False, default=None)
    orphans = Text(null=True, default=None)
    outcome = JSONB(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    expires_at = Timestamptz(null=False, default=None)


class BookingRule(Table, db=DB, tablename="booking_rule"):
    """What a centre, or without one every centre, has decided about booking, during one period."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=True, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    decision = Text(null=False, default=None)
    horizon_days = SmallInt(null=False, default=None)
    cut_off_minutes = SmallInt(null=False, default=None)
    move_limit_minutes = SmallInt(null=False, default=None)
    grace_minutes = SmallInt(null=False, default=None)
    visits_per_day = SmallInt(null=False, default=None)
    visits_per_sector = SmallInt(null=False, default=None)
    online_share = DoublePrecision(null=False, default=None)
    release_at = Time(null=False, default=None)
    release_spread_minutes = SmallInt(null=False, default=None)
    unsold_minutes = SmallInt(null=True, default=None)
    reminder_minutes = SmallInt(null=False, default=1440)
    created_at = Timestamptz(null=False, default=None)


class OpeningTemplate(Table, db=DB, tablename="opening_template"):
    """When a pool is open week after week (mẫu ca tiếp nhận), during one period."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    weekdays = Array(base_column=SmallInt(), null=False, default=None)
    every_weeks = SmallInt(null=False, default=None)
    anchor = Date(null=False, default=None)
    nth_of_month = SmallInt(null=True, default=None)
    opens = Time(null=False, default=None)
    closes = Time(null=False, default=None)
    counters = SmallInt(null=False, default=None)
    grain_minutes = SmallInt(null=True, default=None)
    online_share = DoublePrecision(null=True, default=None)
    walkin_floor = SmallInt(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    decision = Text(null=False, default=None)
    version = Integer(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)


class OpeningTemplateDay(Table, db=DB, tablename="opening_template_day"):
    """A day that was published from a template. Keyed by both."""

    template_id = ForeignKey(
        OpeningTemplate, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    day = Date(null=False, default=None)
    openings = SmallInt(null=False, default=None)
    published_at = Timestamptz(null=False, default=None)


class AppointmentReminder(Table, db=DB, tablename="appointment_reminder"):
    """Its person was reminded of this time. Keyed by both."""

    appointment_id = UUID(primary_key=True, default=None)
    starts_at = Timestamptz(null=False, default=None)
    at = Timestamptz(null=False, default=None)


class NoShowExcuse(Table, db=DB, tablename="no_show_excuse"):
    """Somebody did not come and had a reason a shift lead accepted. Keyed by the appointment."""

    appointment_id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    citizen_id = UUID(null=False, default=None)
    officer_id = UUID(null=False, default=None)
    reason = Text(null=False, default=None)
    at = Timestamptz(null=False, default=None)
