"""Outbox, journal, idempotency records, ticks. Assumes an empty schema."""

FORWARDS = """
CREATE TABLE outbox (
    id          uuid PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind        text NOT NULL,
    subject     text NOT NULL,
    payload     jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    request_id  text NOT NULL,
    state       text NOT NULL DEFAULT 'ready',
    CONSTRAINT outbox_state_is_known CHECK (state IN ('ready', 'fanned_out'))
);
CREATE INDEX outbox_ready ON outbox (seq) WHERE state = 'ready';
CREATE INDEX outbox_subject ON outbox (subject, seq);

CREATE TABLE outbox_work (
    id           uuid PRIMARY KEY,
    fact_id      uuid NOT NULL REFERENCES outbox (id) ON DELETE RESTRICT,
    seq          bigint NOT NULL,
    kind         text NOT NULL,
    subject      text NOT NULL,
    subscriber   text NOT NULL,
    lane         smallint NOT NULL,
    in_order     boolean NOT NULL,
    state        text NOT NULL DEFAULT 'ready',
    attempts     integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL,
    next_at      timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    lease_token  uuid,
    lease_until  timestamptz,
    last_error   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    CONSTRAINT outbox_work_once_per_subscriber UNIQUE (fact_id, subscriber),
    CONSTRAINT outbox_work_state_is_known
        CHECK (state IN ('ready', 'claimed', 'done', 'dead', 'expired', 'cancelled')),
    CONSTRAINT outbox_work_claimed_has_a_lease
        CHECK (state <> 'claimed' OR (lease_token IS NOT NULL AND lease_until IS NOT NULL))
);
CREATE INDEX outbox_work_due ON outbox_work (lane, next_at) WHERE state = 'ready';
CREATE INDEX outbox_work_leases ON outbox_work (lease_until) WHERE state = 'claimed';
CREATE INDEX outbox_work_order ON outbox_work (subscriber, subject, seq)
    WHERE state IN ('ready', 'claimed');

CREATE TABLE journal (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_kind  text NOT NULL,
    actor_id    text NOT NULL,
    action      text NOT NULL,
    object_kind text NOT NULL,
    object_id   text NOT NULL,
    detail      jsonb NOT NULL,
    request_id  text NOT NULL
);
CREATE INDEX journal_object ON journal (object_id, at);

CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append only';
END $$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

CREATE TABLE idempotency_record (
    actor       text NOT NULL,
    operation   text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      smallint NOT NULL,
    body        bytea NOT NULL,
    headers     jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (actor, operation, key)
);
CREATE INDEX idempotency_record_expiry ON idempotency_record (expires_at);

CREATE TABLE tick (
    name text NOT NULL,
    due  timestamptz NOT NULL,
    at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, due)
);
"""

BACKWARDS = """
DROP TABLE tick;
DROP TABLE idempotency_record;
DROP TABLE journal;
DROP FUNCTION journal_is_append_only;
DROP TABLE outbox_work;
DROP TABLE outbox;
"""
