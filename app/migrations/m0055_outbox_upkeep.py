"""The outbox stays fast however much was done: what is finished or in trouble is found by itself, what was
done is removed by age, errors are kept, and what is due once a day knows when it was last done.

Assumes m0001. Code that runs beside it and does not know the columns goes on: it writes no list of errors.
"""

FORWARDS = """
ALTER TABLE outbox_work ADD COLUMN errors jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT outbox_work_errors_are_the_last_five
        CHECK (jsonb_typeof(errors) = 'array' AND jsonb_array_length(errors) <= 5);
-- The paths of the removal, and the list an operator reads; none holds a row that is still owed.
CREATE INDEX outbox_work_finished ON outbox_work (done_at) WHERE state IN ('done', 'cancelled');
CREATE INDEX outbox_work_troubled ON outbox_work (done_at) WHERE state IN ('dead', 'expired');
-- Whether something of an aggregate still waits to be fanned out; of the rest nobody asks by aggregate.
CREATE INDEX outbox_ready_order ON outbox (subject, seq) WHERE state = 'ready';
DROP INDEX outbox_subject;
CREATE INDEX outbox_told ON outbox (created_at) WHERE state = 'fanned_out';
-- A row is written three times on its way: a fifth of fifty million would be ten million old versions.
ALTER TABLE outbox_work SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.02);

CREATE TABLE schedule_tick (
    name    text PRIMARY KEY,
    due_at  timestamptz NOT NULL,
    done_at timestamptz NOT NULL
);
"""

BACKWARDS = """
DROP TABLE schedule_tick;
ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor);
ALTER TABLE outbox_work RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor);
CREATE INDEX outbox_subject ON outbox (subject, seq);
DROP INDEX outbox_ready_order, outbox_told, outbox_work_troubled, outbox_work_finished;
ALTER TABLE outbox_work DROP CONSTRAINT outbox_work_errors_are_the_last_five, DROP COLUMN errors;
"""
