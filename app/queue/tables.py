"""What is stored about the queue."""

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
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


class TicketSeries(Table, db=DB, tablename="ticket_series"):
    """The last number of one series (A, B, …) at a centre on a local day, and its cap."""

    centre_id = UUID(primary_key=True, default=None)
    local_date = Date(null=False, default=None)
    series = Text(null=False, default=None)
    last_no = Integer(null=False, default=None)
    cap = Integer(null=False, default=None)


class Ticket(Table, db=DB, tablename="ticket"):
    """A number (số thứ tự) and where its holder is. `call_by` orders the queue."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    pool_id = UUID(null=False, default=None)
    local_date = Date(null=False, default=None)
    number = Text(null=False, default=None)
    ticket_class = Text(null=False, default=None)
    priority_group = Text(null=True, default=None)
    appointment_id = UUID(null=True, default=None, unique=True)
    citizen_id = UUID(null=True, default=None)
    contact_phone = Text(null=True, default=None)
    locale = Text(null=False, default=None)
    procedure_codes = Array(base_column=Text(), null=False, default=None)
    p50_minutes = DoublePrecision(null=False, default=None)
    p80_minutes = DoublePrecision(null=False, default=None)
    state = Text(null=False, default=None)
    issued_at = Timestamptz(null=False, default=None)
    wait_from = Timestamptz(null=False, default=None)
    call_by = Timestamptz(null=False, default=None)
    counter_id = UUID(null=True, default=None)
    calls = SmallInt(null=False, default=0)
    first_called_at = Timestamptz(null=True, default=None)
    last_called_at = Timestamptz(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    version = Integer(null=False, default=1)
    eligible_at = Timestamptz(null=True, default=None)
    put_backs = SmallInt(null=False, default=0)
    turn = Text(null=True, default=None)
    returns_at = Timestamptz(null=True, default=None)
    return_state = Text(null=True, default=None)
    return_slot_id = UUID(null=True, default=None)


class TicketPeriod(Table, db=DB, tablename="ticket_period"):
    """One procedure of a ticket at one counter, from–to; a ticket has at most one that is open."""

    ticket_id = ForeignKey(Ticket, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict)
    n = Integer(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    procedure_code = Text(null=False, default=None)
    counter_id = UUID(null=False, default=None)
    officer_id = UUID(null=False, default=None)
    started_at = Timestamptz(null=False, default=None)
    ended_at = Timestamptz(null=True, default=None)
    inaccurate = Boolean(null=False, default=None)


class TicketBlock(Table, db=DB, tablename="ticket_block"):
    """Numbers of a series that one kiosk may give on one day without asking."""

    id = UUID(primary_key=True, default=None)
    device_id = UUID(null=False, default=None)
    centre_id = UUID(null=False, default=None)
    local_date = Date(null=False, default=None)
    series = Text(null=False, default=None)
    first_no = Integer(null=False, default=None)
    last_no = Integer(null=False, default=None)
    given_at = Timestamptz(null=False, default=None)


class CounterState(Table, db=DB, tablename="counter_state"):
    """Whether a counter (quầy) is open, and who sits there."""

    counter_id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    state = Text(null=False, default=None)
    officer_id = UUID(null=False, default=None)
    since = Timestamptz(null=False, default=None)
    version = Integer(null=False, default=1)
    priority_run = SmallInt(null=False, default=0)


class QueueEvent(Table, db=DB, tablename="queue_event"):
    """What happened, in order, and never changed. `seq` of a centre is the revision of its boards.

    `data` holds what a figure needs, so that none has to look at a row that changes.
    """

    seq = BigInt(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    ticket_id = UUID(null=True, default=None)
    counter_id = UUID(null=True, default=None)
    type = Text(null=False, default=None)
    at = Timestamptz(null=False, default=None)
    actor_kind = Text(null=False, default=None)
    actor_id = Text(null=False, default=None)
    pool_id = UUID(null=True, default=None)
    data = JSONB(null=False, default="{}")


class DeviceHeartbeat(Table, db=DB, tablename="device_heartbeat"):
    """When a kiosk or a board was last heard."""

    device_id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=False, default=None)
    at = Timestamptz(null=False, default=None)
    status = Text(null=False, default=None)


class LearnedDuration(Table, db=DB, tablename="learned_duration"):
    """How long a procedure takes at a centre, as known at the end of a day."""

    centre_id = UUID(primary_key=True, default=None)
    procedure_code = Text(null=False, default=None)
    local_date = Date(null=False, default=None)
    mean_log = DoublePrecision(null=False, default=None)
    variance_log = DoublePrecision(null=False, default=None)
    observations = Integer(null=False, default=None)


class ShowCount(Table, db=DB, tablename="show_count"):
    """Of those expected on a day, by channel and by how long before they booked, so many came."""

    centre_id = UUID(primary_key=True, default=None)
    local_date = Date(null=False, default=None)
    channel = Text(null=False, default=None)
    lead = Text(null=False, default=None)
    expected = Integer(null=False, default=None)
    came = Integer(null=False, default=None)


class ForecastCalibration(Table, db=DB, tablename="forecast_calibration"):
    """Of those quoted a wait on a day, so many were called within it; the factor from then on."""

    centre_id = UUID(primary_key=True, default=None)
    pool_id = UUID(null=False, default=None)
    local_date = Date(null=False, default=None)
    quoted = Integer(null=False, default=None)
    within = Integer(null=False, default=None)
    factor = DoublePrecision(null=False, default=None)


class CapacityAdvice(Table, db=DB, tablename="capacity_advice"):
    """What a pool could promise in an hour of a weekday, with what it was computed from."""

    centre_id = UUID(primary_key=True, default=None)
    pool_id = UUID(null=False, default=None)
    weekday = SmallInt(null=False, default=None)
    hour = SmallInt(null=False, default=None)
    local_date = Date(null=False, default=None)
    counters = SmallInt(null=False, default=None)
    grain_minutes = SmallInt(null=False, default=None)
    mean_minutes = DoublePrecision(null=False, default=None)
    variation = DoublePrecision(null=False, default=None)
    observations = Integer(null=False, default=None)
    walk_in_share = DoublePrecision(null=False, default=None)
    show_rate = DoublePrecision(null=False, default=None)
    most_load = DoublePrecision(null=False, default=None)
    online_cap = SmallInt(null=False, default=None)
    walkin_floor = SmallInt(null=False, default=None)


class LearnedDay(Table, db=DB, tablename="learned_day"):
    """A day the queue has learned from."""

    centre_id = UUID(primary_key=True, default=None)
    local_date = Date(null=False, default=None)
    learned_at = Timestamptz(null=False, default=None)
