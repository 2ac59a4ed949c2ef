"""What the queue's figures need: events that carry it and stay, timed periods, blocks of numbers.

Assumes m0005. Code from before it goes on: every new column has a default or may be null, and nobody ever
changed an event.
"""

FORWARDS = """
ALTER TABLE queue_event
    ADD COLUMN pool_id uuid,
    ADD COLUMN data    jsonb NOT NULL DEFAULT '{}';
CREATE FUNCTION queue_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the events of the queue are append only';
END $$;
CREATE TRIGGER queue_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON queue_event
    FOR EACH STATEMENT EXECUTE FUNCTION queue_event_is_append_only();

ALTER TABLE ticket
    DROP CONSTRAINT ticket_class_is_known,
    ADD CONSTRAINT ticket_class_is_known
        CHECK (ticket_class IN ('priority', 'appointment', 'returning', 'walk_in')),
    ADD COLUMN eligible_at timestamptz,
    ADD COLUMN put_backs   smallint NOT NULL DEFAULT 0,
    ADD COLUMN turn        text,
    ADD CONSTRAINT ticket_turn_is_known CHECK (turn IN ('due', 'after_priority', 'picked'));

ALTER TABLE counter_state ADD COLUMN priority_run smallint NOT NULL DEFAULT 0;

CREATE TABLE ticket_period (
    ticket_id      uuid NOT NULL REFERENCES ticket (id) ON DELETE RESTRICT,
    n              integer NOT NULL,
    centre_id      uuid NOT NULL,
    procedure_code text NOT NULL,
    counter_id     uuid NOT NULL,
    officer_id     uuid NOT NULL,
    started_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    inaccurate     boolean NOT NULL,
    PRIMARY KEY (ticket_id, n),
    CONSTRAINT ticket_period_counts_from_one CHECK (n >= 1),
    CONSTRAINT ticket_period_ends_after_it_starts CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX ticket_period_one_is_open ON ticket_period (ticket_id) WHERE ended_at IS NULL;
CREATE INDEX ticket_period_learning ON ticket_period (centre_id, procedure_code, started_at);

CREATE TABLE ticket_block (
    id         uuid PRIMARY KEY,
    device_id  uuid NOT NULL,
    centre_id  uuid NOT NULL,
    local_date date NOT NULL,
    series     text NOT NULL,
    first_no   integer NOT NULL,
    last_no    integer NOT NULL,
    given_at   timestamptz NOT NULL,
    CONSTRAINT ticket_block_has_numbers CHECK (first_no >= 1 AND last_no >= first_no)
);
CREATE UNIQUE INDEX ticket_block_is_given_once ON ticket_block (centre_id, local_date, series, first_no);
CREATE INDEX ticket_block_device ON ticket_block (device_id, local_date, series);
"""

BACKWARDS = """
DROP TABLE ticket_block;
DROP TABLE ticket_period;
ALTER TABLE counter_state DROP COLUMN priority_run;
UPDATE ticket SET ticket_class = 'walk_in' WHERE ticket_class = 'returning';
ALTER TABLE ticket
    DROP CONSTRAINT ticket_turn_is_known,
    DROP COLUMN turn,
    DROP COLUMN put_backs,
    DROP COLUMN eligible_at,
    DROP CONSTRAINT ticket_class_is_known,
    ADD CONSTRAINT ticket_class_is_known CHECK (ticket_class IN ('priority', 'appointment', 'walk_in'));
DROP TRIGGER queue_event_is_append_only ON queue_event;
DROP FUNCTION queue_event_is_append_only;
ALTER TABLE queue_event DROP COLUMN data, DROP COLUMN pool_id;
"""
