"""Messages owed to people, and every call to a provider.

Assumes m0001. The text is kept as it was sent; retention reduces it to its hash.
"""

FORWARDS = """
CREATE TABLE message (
    id                uuid PRIMARY KEY,
    dedupe            text NOT NULL,
    template          text NOT NULL,
    locale            text NOT NULL,
    phone             text NOT NULL,
    body              text NOT NULL,
    encoding          text NOT NULL,
    segments          smallint NOT NULL,
    about             text NOT NULL,
    state             text NOT NULL,
    rank              smallint NOT NULL DEFAULT 0,
    attempts          smallint NOT NULL DEFAULT 0,
    after_unknown     smallint NOT NULL DEFAULT 0,
    provider_id       text,
    error_code        text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL,
    not_before        timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    calling_since     timestamptz,
    ended_at          timestamptz,
    CONSTRAINT message_is_owed_once UNIQUE (dedupe),
    CONSTRAINT message_state_is_known CHECK (state IN ('ready', 'calling', 'unknown', 'accepted',
        'sent', 'delivered', 'rejected', 'undelivered', 'expired', 'superseded', 'gave_up')),
    CONSTRAINT message_fits_three_segments CHECK (segments BETWEEN 1 AND 3)
);
CREATE UNIQUE INDEX message_provider_id ON message (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX message_phone ON message (phone, created_at);
CREATE INDEX message_open ON message (state, created_at)
    WHERE state IN ('ready', 'calling', 'unknown', 'accepted');

CREATE TABLE message_attempt (
    message_id  uuid NOT NULL REFERENCES message (id) ON DELETE RESTRICT,
    n           smallint NOT NULL,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    outcome     text NOT NULL,
    error_code  text NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, n)
);
"""

BACKWARDS = """
DROP TABLE message_attempt;
DROP TABLE message;
"""
