"""Who hears which fact is known beyond one program, facts are found by their kind, and what an endpoint's
failures mean is known to every process.

Assumes m0001, m0009 and m0055. Code that runs beside it and does not know these tables goes on: it fans
out to its own listeners, and looks for facts by their number, which is slower where very many wait.
"""

FORWARDS = """
-- What workers that are there, or were lately, hear: an older one fans out for a newer one too.
CREATE TABLE outbox_listener (
    kind         text NOT NULL,
    subscriber   text NOT NULL,
    lane         smallint NOT NULL,
    in_order     boolean NOT NULL,
    max_attempts integer NOT NULL,
    lifetime     interval NOT NULL,
    release      integer NOT NULL,
    seen_at      timestamptz NOT NULL,
    PRIMARY KEY (kind, subscriber)
);
CREATE INDEX outbox_ready_by_kind ON outbox (kind, seq) WHERE state = 'ready';
DROP INDEX outbox_ready;

-- One row an endpoint that failed lately: how often, and until when it is left alone.
CREATE TABLE webhook_circuit (
    endpoint_id uuid PRIMARY KEY REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    failures    integer NOT NULL,
    rest        interval NOT NULL,
    open_until  timestamptz,
    CONSTRAINT webhook_circuit_counts_failures CHECK (failures > 0)
);
"""

BACKWARDS = """
DROP TABLE webhook_circuit;
CREATE INDEX outbox_ready ON outbox (seq) WHERE state = 'ready';
DROP INDEX outbox_ready_by_kind;
DROP TABLE outbox_listener;
"""
