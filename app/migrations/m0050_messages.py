"""What is known of a message after it was accepted, what it costs, what holds it back, and its wording.

Assumes m0004 and m0008. Code that runs beside it and does not know these columns goes on: what it owes is
a notice of no centre, looked after only while its work lives.
"""

FORWARDS = """
ALTER TABLE message
    ADD COLUMN category text NOT NULL DEFAULT 'transactional',
    ADD COLUMN template_version integer NOT NULL DEFAULT 1,
    ADD COLUMN centre_id uuid,
    -- What it is about and the version of that: a newer message makes an older one needless.
    ADD COLUMN thing text NOT NULL DEFAULT '',
    ADD COLUMN thing_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN label text NOT NULL DEFAULT '',
    ADD COLUMN part_of uuid,
    -- The class of the code it ended or was put back with.
    ADD COLUMN verdict text,
    ADD COLUMN accepted_at timestamptz,
    -- Who looks after it when no work does: a receipt that does not come, another try, a price.
    ADD COLUMN look_at timestamptz,
    ADD COLUMN looks smallint NOT NULL DEFAULT 0,
    ADD COLUMN asked smallint NOT NULL DEFAULT 0,
    ADD COLUMN after_unreached smallint NOT NULL DEFAULT 0,
    ADD COLUMN price numeric(12, 5),
    ADD COLUMN currency text;
CREATE INDEX message_look ON message (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX message_thing ON message (thing) WHERE state = 'ready' AND thing <> '';
CREATE INDEX message_ready_phone ON message (phone) WHERE state = 'ready';
CREATE INDEX message_refused_content ON message (template, ended_at) WHERE verdict = 'content';
CREATE INDEX message_by_day ON message (created_at, centre_id);

ALTER TABLE message_attempt
    ADD COLUMN request_hash bytea,
    ADD COLUMN provider_id text,
    ADD COLUMN segments smallint;

-- Phones to which nothing of ours is sent: their holder, or the operator for them, said no.
CREATE TABLE phone_suppression (
    phone      text PRIMARY KEY,
    code       text NOT NULL,
    message_id uuid,
    since      timestamptz NOT NULL
);

-- One row a way: what failed lately, and until when it is left alone. Shared by every process.
CREATE TABLE message_circuit (
    way             text PRIMARY KEY,
    failures        integer NOT NULL,
    first_failed_at timestamptz NOT NULL,
    open_until      timestamptz,
    reason          text NOT NULL
);

-- When a sender's next message may leave (GCRA).
CREATE TABLE message_pace (
    sender  text PRIMARY KEY,
    next_at timestamptz NOT NULL
);

-- What an operator, or three refusals of one wording, holds back: `all`, or `template:CODE`.
CREATE TABLE message_hold (
    scope   text PRIMARY KEY,
    reason  text NOT NULL,
    since   timestamptz NOT NULL,
    held_by uuid
);

-- No row is: no limit.
CREATE TABLE message_budget (
    centre_id        uuid PRIMARY KEY,
    segments_per_day integer NOT NULL,
    version          integer NOT NULL,
    set_at           timestamptz NOT NULL,
    set_by           uuid NOT NULL,
    CONSTRAINT message_budget_is_some CHECK (segments_per_day BETWEEN 1 AND 1000000)
);

-- Segments accepted by day; the nil centre is what belongs to none.
CREATE TABLE message_spending (
    centre_id uuid NOT NULL,
    day       date NOT NULL,
    segments  integer NOT NULL,
    warned    smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (centre_id, day)
);

-- Every wording that was ever sent, and who put it there; the newest version is the one in use.
CREATE TABLE message_template (
    code                 text NOT NULL,
    version              integer NOT NULL,
    vi                   text NOT NULL,
    en                   text NOT NULL,
    longest              jsonb NOT NULL,
    provider_template    text NOT NULL DEFAULT '',
    program_version      integer NOT NULL,
    note                 text NOT NULL DEFAULT '',
    published_at         timestamptz NOT NULL,
    published_by         uuid,
    PRIMARY KEY (code, version),
    CONSTRAINT message_template_version_counts CHECK (version > 0)
);

-- An appointment is reminded of once for each time it was given.
CREATE TABLE appointment_reminder (
    appointment_id uuid NOT NULL,
    starts_at      timestamptz NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (appointment_id, starts_at)
);
"""

BACKWARDS = """
DROP TABLE appointment_reminder;
DROP TABLE message_template;
DROP TABLE message_spending;
DROP TABLE message_budget;
DROP TABLE message_hold;
DROP TABLE message_pace;
DROP TABLE message_circuit;
DROP TABLE phone_suppression;
ALTER TABLE message_attempt DROP COLUMN segments, DROP COLUMN provider_id, DROP COLUMN request_hash;
DROP INDEX message_by_day, message_refused_content, message_ready_phone, message_thing, message_look;
ALTER TABLE message
    DROP COLUMN currency,
    DROP COLUMN price,
    DROP COLUMN after_unreached,
    DROP COLUMN asked,
    DROP COLUMN looks,
    DROP COLUMN look_at,
    DROP COLUMN accepted_at,
    DROP COLUMN verdict,
    DROP COLUMN part_of,
    DROP COLUMN label,
    DROP COLUMN thing_version,
    DROP COLUMN thing,
    DROP COLUMN centre_id,
    DROP COLUMN template_version,
    DROP COLUMN category;
"""
