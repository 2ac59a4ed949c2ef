"""The waiting list: who wants a place in a window of time, and the hold each was offered.

Assumes m0004. Code that runs beside it and does not know it goes on: `confirm_by` is null for every hold
it makes, and nobody waits.
"""

FORWARDS = """
SET LOCAL lock_timeout = '4s';
-- An offer is to be confirmed a little before its hold ends, so that it passes from hand to hand.
ALTER TABLE appointment ADD COLUMN confirm_by timestamptz;

CREATE TABLE waitlist_entry (
    id               uuid PRIMARY KEY,
    centre_id        uuid NOT NULL,
    citizen_id       uuid NOT NULL,
    items            jsonb NOT NULL,
    window_from      timestamptz NOT NULL,
    window_to        timestamptz NOT NULL,
    state            text NOT NULL,
    appointment_id   uuid,
    offer_expires_at timestamptz,
    priority_group   text,
    contact_name     text,
    contact_phone    text,
    locale           text NOT NULL,
    version          integer NOT NULL,
    created_at       timestamptz NOT NULL,
    CONSTRAINT waitlist_entry_state_is_known
        CHECK (state IN ('waiting', 'offered', 'taken', 'expired', 'withdrawn')),
    CONSTRAINT waitlist_entry_window_is_a_time CHECK (window_to > window_from),
    CONSTRAINT waitlist_entry_offer_is_a_hold_with_an_end CHECK (state NOT IN ('offered', 'taken')
        OR (appointment_id IS NOT NULL AND offer_expires_at IS NOT NULL)),
    CONSTRAINT waitlist_entry_locale_is_known CHECK (locale IN ('vi', 'en')),
    CONSTRAINT waitlist_entry_of_a_person_waits_once_for_a_time EXCLUDE USING gist (
        int8range(hashtextextended(citizen_id::text || centre_id::text, 0),
                  hashtextextended(citizen_id::text || centre_id::text, 0), '[]') WITH &&,
        tstzrange(window_from, window_to) WITH &&) WHERE (state IN ('waiting', 'offered'))
);
-- In the order they came: whose turn it is, is read from here.
CREATE INDEX waitlist_entry_turn ON waitlist_entry (centre_id, created_at, id)
    WHERE state = 'waiting';
CREATE INDEX waitlist_entry_citizen ON waitlist_entry (citizen_id, created_at, id);
CREATE INDEX waitlist_entry_offer ON waitlist_entry (offer_expires_at) WHERE state = 'offered';
CREATE UNIQUE INDEX waitlist_entry_has_a_hold_of_its_own ON waitlist_entry (appointment_id);
"""

BACKWARDS = """
DROP TABLE waitlist_entry;
ALTER TABLE appointment DROP COLUMN confirm_by;
"""
