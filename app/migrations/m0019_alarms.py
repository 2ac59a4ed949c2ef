"""Alarms of the halls, and since when a forecast has been too long.

Assumes m0005. Nothing reads or writes the tables before the code that comes with them.
"""

FORWARDS = """
CREATE TABLE queue_alarm (
    id         uuid PRIMARY KEY,
    centre_id  uuid NOT NULL,
    pool_id    uuid NOT NULL,
    local_date date NOT NULL,
    kind       text NOT NULL,
    ticket_id  uuid,
    number     text,
    minutes    double precision NOT NULL,
    cause      text NOT NULL,
    proposals  jsonb NOT NULL,
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz,
    CONSTRAINT queue_alarm_kind_is_known CHECK (kind IN ('wait_10', 'wait_15', 'forecast')),
    CONSTRAINT queue_alarm_cause_is_known CHECK (cause IN ('no_counter', 'counters_closed', 'all_busy')),
    CONSTRAINT queue_alarm_of_a_wait_names_the_ticket
        CHECK (kind = 'forecast' OR (ticket_id IS NOT NULL AND number IS NOT NULL)),
    CONSTRAINT queue_alarm_is_cleared_after_it_was_raised CHECK (cleared_at >= raised_at)
);
CREATE UNIQUE INDEX queue_alarm_is_raised_once ON queue_alarm (pool_id, kind) WHERE cleared_at IS NULL;
CREATE INDEX queue_alarm_centre ON queue_alarm (centre_id, local_date, raised_at);

CREATE TABLE pool_watch (
    pool_id    uuid PRIMARY KEY,
    centre_id  uuid NOT NULL,
    over_since timestamptz NOT NULL
);
CREATE INDEX pool_watch_centre ON pool_watch (centre_id);
"""

BACKWARDS = """
DROP TABLE pool_watch;
DROP TABLE queue_alarm;
"""
