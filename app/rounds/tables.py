"""What is stored about couriers and their days."""

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


class TravelModel(Table, db=DB, tablename="travel_model"):
    """How long the road takes, as it was learned; version 1 is the program's own and has no row."""

    version = Integer(primary_key=True, default=None)
    detour = DoublePrecision(null=False, default=None)
    kmh = DoublePrecision(null=False, default=None)
    zones = JSONB(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)


class PlanningRule(Table, db=DB, tablename="planning_rule"):
    """Margins and times an installation chose; without its one row `rules.PlanningRules` holds."""

    id = Integer(primary_key=True, default=None)
    inflation = DoublePrecision(null=False, default=None)
    guard_seconds = Integer(null=False, default=None)
    access_seconds = Integer(null=False, default=None)
    centroid_seconds = Integer(null=False, default=None)
    published_minutes = Integer(null=False, default=None)
    version = Integer(null=False, default=1)


class ServiceTime(Table, db=DB, tablename="service_time"):
    """How long work at a door takes, by kind and procedure; an empty code is for all others."""

    kind = Text(primary_key=True, default=None)
    procedure_code = Text(null=False, default=None)
    seconds = Integer(null=False, default=None)


class AreaClosure(Table, db=DB, tablename="area_closure"):
    """Communes or a circle nobody is sent to for a time (khu vực tạm ngừng phục vụ)."""

    id = UUID(primary_key=True, default=None)
    communes = Array(base_column=Text(), null=True, default=None)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    radius_km = DoublePrecision(null=True, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    kind = Text(null=False, default="other")
    reason_vi = Text(null=False, default=None)
    reason_en = Text(null=False, default="")
    announced_at = Timestamptz(null=False, default=None)
    announced_by = UUID(null=True, default=None)
    lifted_at = Timestamptz(null=True, default=None)
    lifted_by = UUID(null=True, default=None)


class DayPlan(Table, db=DB, tablename="day_plan"):
    """All rounds of the province on one day; its row is locked by whoever changes one of them.

    `version` is drawn from one counter for all days. Travel model and margins are those the day began
    with: what was promised under them stays provable.
    """

    date = Date(primary_key=True, default=None)
    version = BigInt(null=False, default=None)
    travel_version = Integer(null=False, default=None)
    inflation = DoublePrecision(null=False, default=None)
    guard_seconds = Integer(null=False, default=None)
    dirty_since = Timestamptz(null=True, default=None)
    promised_since = Integer(null=False, default=0)
    optimised_at = Timestamptz(null=True, default=None)
    optimising_until = Timestamptz(null=True, default=None)
    searched_at = Timestamptz(null=True, default=None)


class Duty(Table, db=DB, tablename="duty"):
    """One block of a courier's shift (ca tuyến): from the post office and back there.

    `version` is the day's at which the duty or its stops last changed.
    """

    id = UUID(primary_key=True, default=None)
    courier_id = ForeignKey(Courier, null=False, default=None, on_delete=OnDelete.restrict)
    date = ForeignKey(DayPlan, null=False, default=None, on_delete=OnDelete.restrict)
    block = Text(null=False, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    lat = DoublePrecision(null=False, default=None)
    lon = DoublePrecision(null=False, default=None)
    skills = Array(base_column=Text(), null=False, default=None)
    capacity = SmallInt(null=False, default=None)
    state = Text(null=False, default=None)
    version = BigInt(null=False, default=None)
    clear_of = UUID(null=True, default=None)
    clear_at = Timestamptz(null=True, default=None)
    clear_as_of = Timestamptz(null=True, default=None)


class RoundStop(Table, db=DB, tablename="round_stop"):
    """A promised visit in its round, or at risk: then it has no duty and says since when and why.

    `opens_at` and `closes_at` are when work may start, the guard already taken off; service is not
    inflated. `skills` is what a duty must cover.
    """

    home_visit_id = UUID(primary_key=True, default=None)
    date = ForeignKey(DayPlan, null=False, default=None, on_delete=OnDelete.restrict)
    duty_id = ForeignKey(Duty, null=True, default=None, on_delete=OnDelete.restrict)
    seq = Integer(null=True, default=None)
    lock = Text(null=False, default=None)
    lat = DoublePrecision(null=False, default=None)
    lon = DoublePrecision(null=False, default=None)
    opens_at = Timestamptz(null=False, default=None)
    closes_at = Timestamptz(null=False, default=None)
    service_seconds = Integer(null=False, default=None)
    size = SmallInt(null=False, default=None)
    skills = Array(base_column=Text(), null=False, default=None)
    version = BigInt(null=False, default=None)
    at_risk_since = Timestamptz(null=True, default=None)
    at_risk_because = Text(null=False, default="")
    late_told_at = Timestamptz(null=True, default=None)


class Promise(Table, db=DB, tablename="promise"):
    """Why a window was promised, append only: the round that proved it, the model and the margins."""

    id = UUID(primary_key=True, default=None)
    home_visit_id = UUID(null=False, default=None)
    date = Date(null=False, default=None)
    starts_at = Timestamptz(null=False, default=None)
    ends_at = Timestamptz(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    made_because = Text(null=False, default=None)
    plan_version = BigInt(null=False, default=None)
    travel_version = Integer(null=False, default=None)
    inflation = DoublePrecision(null=False, default=None)
    guard_seconds = Integer(null=False, default=None)
    service_seconds = Integer(null=False, default=None)
    extra_seconds = Integer(null=False, default=None)
    rested_on = JSONB(null=False, default=None)


class CourierContract(Table, db=DB, tablename="courier_contract"):
    """What a partner agreed to, by which decision (hợp đồng): where, what, until when, at what figures.

    `*` in a list is everything. `assigned_by` says who names the courier of a visit.
    """

    id = UUID(primary_key=True, default=None)
    partner_id = UUID(null=False, default=None)
    decision = Text(null=False, default=None)
    valid_from = Date(null=False, default=None)
    valid_to = Date(null=True, default=None)
    centres = Array(base_column=Text(), null=False, default=None)
    tasks = Array(base_column=Text(), null=False, default=None)
    procedures = Array(base_column=Text(), null=False, default=None)
    communes = Array(base_column=Text(), null=False, default=None)
    assigned_by = Text(null=False, default=None)
    terms = JSONB(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    version = Integer(null=False, default=1)
