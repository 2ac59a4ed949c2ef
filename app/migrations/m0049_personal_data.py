"""What a person chose about messages, what they asked about their data, VNeID, what retention looks for.

Assumes m0002, m0006 and m0008. Code that runs beside it and does not know these tables goes on: nobody has
chosen anything, and every account it makes has a phone.
"""

FORWARDS = """
-- No row is: the language of each request, SMS, the house's quiet hours, surveys.
CREATE TABLE citizen_preference (
    citizen_id  uuid PRIMARY KEY,
    language    text,
    channel     text NOT NULL,
    quiet_from  time,
    quiet_until time,
    surveys     boolean NOT NULL,
    version     integer NOT NULL,
    changed_at  timestamptz NOT NULL,
    CONSTRAINT citizen_preference_language_is_served CHECK (language IN ('vi', 'en')),
    CONSTRAINT citizen_preference_channel_is_known CHECK (channel IN ('sms', 'none')),
    CONSTRAINT citizen_preference_quiet_hours_are_whole
        CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
    CONSTRAINT citizen_preference_quiet_hours_end CHECK (quiet_from <> quiet_until)
);

CREATE TABLE data_request (
    id               uuid PRIMARY KEY,
    citizen_id       uuid NOT NULL,
    kind             text NOT NULL,
    details          text NOT NULL,
    centre_id        uuid,
    state            text NOT NULL,
    received_at      timestamptz NOT NULL,
    answer_due_at    timestamptz NOT NULL,
    fulfil_due_at    timestamptz NOT NULL,
    answered_at      timestamptz,
    answer           text NOT NULL DEFAULT '',
    extended_at      timestamptz,
    extended_because text NOT NULL DEFAULT '',
    closed_at        timestamptz,
    outcome          text NOT NULL DEFAULT '',
    report           jsonb,
    handled_by       uuid,
    version          integer NOT NULL DEFAULT 1,
    CONSTRAINT data_request_kind_is_known
        CHECK (kind IN ('access', 'correction', 'deletion', 'restriction', 'objection')),
    CONSTRAINT data_request_state_is_known
        CHECK (state IN ('received', 'accepted', 'refused', 'fulfilled')),
    CONSTRAINT data_request_is_closed_when_it_ends
        CHECK ((closed_at IS NOT NULL) = (state IN ('refused', 'fulfilled'))),
    CONSTRAINT data_request_is_answered_before_it_ends CHECK ((answered_at IS NULL) = (state = 'received')),
    CONSTRAINT data_request_is_extended_for_a_reason CHECK ((extended_at IS NULL) = (extended_because = ''))
);
CREATE UNIQUE INDEX data_request_one_open_of_a_kind ON data_request (citizen_id, kind)
    WHERE closed_at IS NULL;
CREATE INDEX data_request_citizen ON data_request (citizen_id, id);
CREATE INDEX data_request_open ON data_request (id) WHERE closed_at IS NULL;

-- Which term of a request somebody was reminded of, and that it ended: once each.
CREATE TABLE data_request_reminder (
    request_id uuid NOT NULL REFERENCES data_request (id) ON DELETE RESTRICT,
    due_at     timestamptz NOT NULL,
    level      text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (request_id, due_at, level),
    CONSTRAINT data_request_reminder_level_is_known CHECK (level IN ('soon', 'overdue'))
);

-- Contents whose last document was removed; gone from the object store once nothing names them.
CREATE TABLE forgotten_content (
    sha256 bytea PRIMARY KEY,
    since  timestamptz NOT NULL
);

-- An account may be reached by VNeID alone.
ALTER TABLE phone_account ALTER COLUMN phone DROP NOT NULL;

CREATE TABLE vneid_identity (
    issuer     text NOT NULL,
    subject    text NOT NULL,
    citizen_id uuid NOT NULL,
    assurance  smallint NOT NULL,
    linked_at  timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT vneid_identity_assurance_is_known CHECK (assurance IN (1, 2))
);
CREATE INDEX vneid_identity_citizen ON vneid_identity (citizen_id);

-- One way to VNeID and back: ten minutes, one use, one browser. Nothing of it is readable here.
CREATE TABLE vneid_attempt (
    state_digest   bytea PRIMARY KEY,
    browser_digest bytea NOT NULL,
    sealed         bytea NOT NULL,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX vneid_attempt_expiry ON vneid_attempt (expires_at);

-- Rows a night still has to look at, and no others.
CREATE INDEX visit_event_placed ON visit_event (received_at) WHERE lat IS NOT NULL;
CREATE INDEX home_visit_door ON home_visit (ends_at) WHERE address_text <> '';
CREATE INDEX message_text ON message (created_at) WHERE left(body, 7) <> 'sha256:';
"""

BACKWARDS = """
DROP INDEX message_text, home_visit_door, visit_event_placed;
DROP TABLE vneid_attempt;
DROP TABLE vneid_identity;
-- The program of before reaches nobody without a phone.
DELETE FROM phone_account WHERE phone IS NULL;
ALTER TABLE phone_account ALTER COLUMN phone SET NOT NULL;
DROP TABLE forgotten_content;
DROP TABLE data_request_reminder;
DROP TABLE data_request;
DROP TABLE citizen_preference;
"""
