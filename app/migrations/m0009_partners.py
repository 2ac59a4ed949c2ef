"""Courier partners: the feed of what they must know, their webhook endpoints, and every delivery.

Assumes m0001. Secrets are sealed; payloads are thin (ids, codes, links) and carry no personal data.
"""

FORWARDS = """
CREATE TABLE courier_partner (
    id         uuid PRIMARY KEY,
    code       text NOT NULL,
    name_vi    text NOT NULL,
    name_en    text NOT NULL,
    last_seq   bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT courier_partner_code_is_used_once UNIQUE (code)
);

CREATE TABLE partner_event (
    id          uuid PRIMARY KEY,
    partner_id  uuid NOT NULL REFERENCES courier_partner (id) ON DELETE RESTRICT,
    seq         bigint NOT NULL,
    fact_key    text NOT NULL,
    type        text NOT NULL,
    subject     text NOT NULL,
    subject_seq integer NOT NULL,
    body        jsonb NOT NULL,
    at          timestamptz NOT NULL,
    CONSTRAINT partner_event_seq_is_used_once UNIQUE (partner_id, seq),
    CONSTRAINT partner_event_tells_a_fact_once UNIQUE (partner_id, fact_key)
);
CREATE INDEX partner_event_subject ON partner_event (partner_id, subject, subject_seq);

CREATE TABLE webhook_endpoint (
    id                     uuid PRIMARY KEY,
    partner_id             uuid NOT NULL REFERENCES courier_partner (id) ON DELETE RESTRICT,
    url                    text NOT NULL,
    secret_sealed          bytea NOT NULL,
    former_secret_sealed   bytea,
    former_secret_until    timestamptz,
    state                  text NOT NULL,
    created_at             timestamptz NOT NULL,
    version                integer NOT NULL DEFAULT 1,
    CONSTRAINT webhook_endpoint_state_is_known CHECK (state IN ('active', 'paused', 'gone'))
);
CREATE INDEX webhook_endpoint_partner ON webhook_endpoint (partner_id) WHERE state = 'active';

CREATE TABLE webhook_delivery (
    id          uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint (id) ON DELETE RESTRICT,
    event_id    uuid NOT NULL REFERENCES partner_event (id) ON DELETE RESTRICT,
    at          timestamptz NOT NULL,
    took_ms     integer NOT NULL,
    status      smallint,
    outcome     text NOT NULL,
    CONSTRAINT webhook_delivery_outcome_is_known
        CHECK (outcome IN ('delivered', 'refused', 'unreachable', 'blocked'))
);
CREATE INDEX webhook_delivery_event ON webhook_delivery (endpoint_id, event_id);
CREATE UNIQUE INDEX webhook_delivery_succeeds_once ON webhook_delivery (endpoint_id, event_id)
    WHERE outcome = 'delivered';
"""

BACKWARDS = """
DROP TABLE webhook_delivery;
DROP TABLE webhook_endpoint;
DROP TABLE partner_event;
DROP TABLE courier_partner;
"""
