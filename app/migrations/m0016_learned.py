"""What the queue learns from its own days: how long things take, who comes, how honest the forecast was.

Assumes m0005 and m0015. Nothing that runs beside it reads or writes these tables. Every row can be computed
again from the events, the periods and the appointments of its day.
"""

FORWARDS = """
-- The state after a day, so that a day computed again starts from the same state and ends in the same.
CREATE TABLE learned_duration (
    centre_id      uuid NOT NULL,
    procedure_code text NOT NULL,
    local_date     date NOT NULL,
    mean_log       double precision NOT NULL,
    variance_log   double precision NOT NULL,
    observations   integer NOT NULL,
    PRIMARY KEY (centre_id, procedure_code, local_date),
    CONSTRAINT learned_duration_has_a_spread CHECK (variance_log >= 0),
    CONSTRAINT learned_duration_was_seen CHECK (observations >= 1)
);

CREATE TABLE show_count (
    centre_id  uuid NOT NULL,
    local_date date NOT NULL,
    channel    text NOT NULL,
    lead       text NOT NULL,
    expected   integer NOT NULL,
    came       integer NOT NULL,
    PRIMARY KEY (centre_id, local_date, channel, lead),
    CONSTRAINT show_count_lead_is_known CHECK (lead IN ('hours', 'days', 'later')),
    CONSTRAINT show_count_is_a_share CHECK (came BETWEEN 0 AND expected)
);

CREATE TABLE forecast_calibration (
    centre_id  uuid NOT NULL,
    pool_id    uuid NOT NULL,
    local_date date NOT NULL,
    quoted     integer NOT NULL,
    within     integer NOT NULL,
    factor     double precision NOT NULL,
    PRIMARY KEY (centre_id, pool_id, local_date),
    CONSTRAINT forecast_calibration_is_a_share CHECK (within BETWEEN 0 AND quoted),
    CONSTRAINT forecast_calibration_is_bounded CHECK (factor BETWEEN 0.5 AND 3)
);

CREATE TABLE capacity_advice (
    centre_id     uuid NOT NULL,
    pool_id       uuid NOT NULL,
    weekday       smallint NOT NULL,
    hour          smallint NOT NULL,
    local_date    date NOT NULL,
    counters      smallint NOT NULL,
    grain_minutes smallint NOT NULL,
    mean_minutes  double precision NOT NULL,
    variation     double precision NOT NULL,
    observations  integer NOT NULL,
    walk_in_share double precision NOT NULL,
    show_rate     double precision NOT NULL,
    most_load     double precision NOT NULL,
    online_cap    smallint NOT NULL,
    walkin_floor  smallint NOT NULL,
    PRIMARY KEY (centre_id, pool_id, weekday, hour),
    CONSTRAINT capacity_advice_is_of_an_hour CHECK (weekday BETWEEN 1 AND 7 AND hour BETWEEN 0 AND 23),
    CONSTRAINT capacity_advice_is_for_counters CHECK (counters >= 1 AND grain_minutes >= 1),
    CONSTRAINT capacity_advice_shares CHECK (
        walk_in_share BETWEEN 0 AND 1 AND show_rate > 0 AND show_rate <= 1
        AND most_load >= 0 AND most_load < 1 AND online_cap >= 0 AND walkin_floor >= 0)
);

CREATE TABLE learned_day (
    centre_id  uuid NOT NULL,
    local_date date NOT NULL,
    learned_at timestamptz NOT NULL,
    PRIMARY KEY (centre_id, local_date)
);
"""

BACKWARDS = """
DROP TABLE learned_day;
DROP TABLE capacity_advice;
DROP TABLE forecast_calibration;
DROP TABLE show_count;
DROP TABLE learned_duration;
"""
