"""The live plan of a day: duties, stops in their order, what every promise rested on; closed areas.

Assumes m0006. Couriers' shifts of m0006 get their duties when the partner says them again; visits promised
before that have no stop and stay with the courier they name. `promise` is append only.
"""

FORWARDS = """
-- One counter for all days: a version names one state of one day, ever.
CREATE SEQUENCE plan_version;

CREATE TABLE travel_model (
    version integer PRIMARY KEY,
    detour  double precision NOT NULL,
    kmh     double precision NOT NULL,
    zones   jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    CONSTRAINT travel_model_one_is_the_programs_own CHECK (version > 1),
    CONSTRAINT travel_model_moves CHECK (detour >= 1 AND kmh > 0)
);

CREATE TABLE planning_rule (
    id                integer PRIMARY KEY,
    inflation         double precision NOT NULL,
    guard_seconds     integer NOT NULL,
    access_seconds    integer NOT NULL,
    centroid_seconds  integer NOT NULL,
    published_minutes integer NOT NULL,
    CONSTRAINT planning_rule_is_one CHECK (id = 1),
    CONSTRAINT planning_rule_shortens_nothing CHECK (
        inflation >= 1 AND guard_seconds >= 0 AND access_seconds >= 0 AND centroid_seconds >= 0
        AND published_minutes >= 0)
);

-- An empty procedure code is what holds for every other procedure.
CREATE TABLE service_time (
    kind           text NOT NULL,
    procedure_code text NOT NULL,
    seconds        integer NOT NULL,
    PRIMARY KEY (kind, procedure_code),
    CONSTRAINT service_time_takes_time CHECK (seconds BETWEEN 1 AND 14400)
);

CREATE TABLE area_closure (
    id        uuid PRIMARY KEY,
    commune   text,
    lat       double precision,
    lon       double precision,
    radius_km double precision,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    reason    text NOT NULL,
    made_at   timestamptz NOT NULL,
    CONSTRAINT area_closure_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT area_closure_is_a_commune_or_a_circle CHECK (
        (commune IS NULL) = (lat IS NOT NULL AND lon IS NOT NULL AND radius_km > 0)
        AND (lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (radius_km IS NULL))
);
CREATE INDEX area_closure_ends ON area_closure (ends_at);

CREATE TABLE day_plan (
    date           date PRIMARY KEY,
    version        bigint NOT NULL DEFAULT nextval('plan_version'),
    travel_version integer NOT NULL,
    inflation      double precision NOT NULL,
    guard_seconds  integer NOT NULL,
    dirty_since    timestamptz,
    promised_since integer NOT NULL DEFAULT 0,
    optimised_at   timestamptz,
    CONSTRAINT day_plan_is_dirty_when_promised CHECK (promised_since = 0 OR dirty_since IS NOT NULL)
);

CREATE TABLE duty (
    id         uuid PRIMARY KEY,
    courier_id uuid NOT NULL REFERENCES courier (id) ON DELETE RESTRICT,
    date       date NOT NULL REFERENCES day_plan (date) ON DELETE RESTRICT,
    block      text NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    lat        double precision NOT NULL,
    lon        double precision NOT NULL,
    skills     text[] NOT NULL,
    capacity   smallint NOT NULL,
    state      text NOT NULL,
    version    bigint NOT NULL,
    CONSTRAINT duty_block_is_one_a_day UNIQUE (courier_id, date, block),
    CONSTRAINT duty_block_is_known CHECK (block IN ('morning', 'afternoon')),
    CONSTRAINT duty_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT duty_state_is_known
        CHECK (state IN ('planned', 'published', 'started', 'closed', 'withdrawn'))
);
CREATE INDEX duty_day ON duty (date, version);
CREATE INDEX duty_to_publish ON duty (starts_at) WHERE state = 'planned';

CREATE TABLE round_stop (
    home_visit_id   uuid PRIMARY KEY,
    date            date NOT NULL REFERENCES day_plan (date) ON DELETE RESTRICT,
    duty_id         uuid REFERENCES duty (id) ON DELETE RESTRICT,
    seq             integer,
    lock            text NOT NULL,
    lat             double precision NOT NULL,
    lon             double precision NOT NULL,
    opens_at        timestamptz NOT NULL,
    closes_at       timestamptz NOT NULL,
    service_seconds integer NOT NULL,
    size            smallint NOT NULL,
    skills          text[] NOT NULL,
    version         bigint NOT NULL,
    at_risk_since   timestamptz,
    at_risk_because text NOT NULL DEFAULT '',
    CONSTRAINT round_stop_place_is_taken_once UNIQUE (duty_id, seq) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT round_stop_has_a_place_or_is_at_risk
        CHECK ((duty_id IS NULL) = (seq IS NULL) AND (duty_id IS NULL) = (at_risk_since IS NOT NULL)),
    CONSTRAINT round_stop_lock_is_known CHECK (lock IN ('free', 'courier', 'position', 'done')),
    CONSTRAINT round_stop_takes_room CHECK (size > 0 AND service_seconds > 0),
    CONSTRAINT round_stop_closes_after_it_opens CHECK (closes_at >= opens_at)
);
CREATE INDEX round_stop_day ON round_stop (date);

CREATE TABLE promise (
    id              uuid PRIMARY KEY,
    home_visit_id   uuid NOT NULL,
    date            date NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    made_at         timestamptz NOT NULL,
    made_because    text NOT NULL,
    plan_version    bigint NOT NULL,
    travel_version  integer NOT NULL,
    inflation       double precision NOT NULL,
    guard_seconds   integer NOT NULL,
    service_seconds integer NOT NULL,
    extra_seconds   integer NOT NULL,
    rested_on       jsonb NOT NULL,
    CONSTRAINT promise_is_made_once_a_version UNIQUE (home_visit_id, plan_version)
);
CREATE FUNCTION promise_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was promised is append only';
END $$;
CREATE TRIGGER promise_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promise
    FOR EACH STATEMENT EXECUTE FUNCTION promise_is_append_only();
"""

BACKWARDS = """
DROP TABLE promise;
DROP FUNCTION promise_is_append_only;
DROP TABLE round_stop;
DROP TABLE duty;
DROP TABLE day_plan;
DROP TABLE area_closure;
DROP TABLE service_time;
DROP TABLE planning_rule;
DROP TABLE travel_model;
DROP SEQUENCE plan_version;
"""
