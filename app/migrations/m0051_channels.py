"""Other ways a message goes: e-mail, a second SMS provider, Zalo, push; where they reach a person.

Assumes m0002, m0008 and m0049. Code that runs beside it and does not know these columns goes on: what it
owes is an SMS, and of a channel it does not know nothing was chosen.
"""

FORWARDS = """
ALTER TABLE citizen_preference DROP CONSTRAINT citizen_preference_channel_is_known;
ALTER TABLE citizen_preference ADD CONSTRAINT citizen_preference_channel_is_known
    CHECK (channel IN ('sms', 'zalo', 'push', 'email', 'none'));

-- An address somebody named, until they show that they read what comes there.
CREATE TABLE email_challenge (
    id          uuid PRIMARY KEY,
    citizen_id  uuid NOT NULL,
    address     text NOT NULL,
    attempts    smallint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz
);
CREATE INDEX email_challenge_citizen ON email_challenge (citizen_id, created_at);
CREATE INDEX email_challenge_address ON email_challenge (lower(address), created_at);

-- No row is: no e-mail. `undeliverable_at`: a report said that nothing sent there arrives.
CREATE TABLE citizen_email (
    citizen_id       uuid PRIMARY KEY,
    address          text NOT NULL,
    confirmed_at     timestamptz NOT NULL,
    undeliverable_at timestamptz
);

CREATE TABLE push_device (
    id            uuid PRIMARY KEY,
    citizen_id    uuid NOT NULL,
    platform      text NOT NULL,
    token         text NOT NULL,
    registered_at timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    CONSTRAINT push_device_platform_is_known CHECK (platform IN ('android', 'ios', 'web')),
    -- One app on one device: whoever signs in there last is told there.
    CONSTRAINT push_device_token_is_one UNIQUE (token)
);
CREATE INDEX push_device_citizen ON push_device (citizen_id);

-- What a provider lets us in with, where each use gives the next (Zalo): sealed, one row a provider.
CREATE TABLE channel_credential (
    provider       text PRIMARY KEY,
    access_sealed  bytea NOT NULL,
    refresh_sealed bytea NOT NULL,
    expires_at     timestamptz NOT NULL,
    refreshed_at   timestamptz NOT NULL
);

ALTER TABLE message
    ADD COLUMN channel text NOT NULL DEFAULT 'sms',
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN content jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT message_channel_is_known
        CHECK (channel IN ('sms', 'brandname', 'zalo', 'push', 'email')),
    DROP CONSTRAINT message_fits_three_segments,
    ADD CONSTRAINT message_fits_three_segments CHECK
        (CASE WHEN channel IN ('sms', 'brandname') THEN segments BETWEEN 1 AND 3 ELSE segments = 0 END);
"""

BACKWARDS = """
-- The program of before sends SMS only.
DELETE FROM message_attempt WHERE message_id IN (SELECT id FROM message WHERE channel <> 'sms');
DELETE FROM message WHERE channel <> 'sms';
ALTER TABLE message
    DROP CONSTRAINT message_fits_three_segments,
    DROP CONSTRAINT message_channel_is_known,
    DROP COLUMN content,
    DROP COLUMN address,
    DROP COLUMN channel,
    ADD CONSTRAINT message_fits_three_segments CHECK (segments BETWEEN 1 AND 3);
DROP TABLE channel_credential;
DROP TABLE push_device;
DROP TABLE citizen_email;
DROP TABLE email_challenge;
UPDATE citizen_preference SET channel = 'sms' WHERE channel NOT IN ('sms', 'none');
ALTER TABLE citizen_preference DROP CONSTRAINT citizen_preference_channel_is_known;
ALTER TABLE citizen_preference ADD CONSTRAINT citizen_preference_channel_is_known
    CHECK (channel IN ('sms', 'none'));
"""
