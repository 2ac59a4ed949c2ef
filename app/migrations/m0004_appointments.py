"""Openings, their slots, and the appointments that hold places in them.

Assumes m0001 to m0003. No code runs beside it that reads these tables. Core PostgreSQL only: see
docs/decisions/0006-overlap-without-btree-gist.md for the constraint on overlapping openings.
"""

FORWARDS = """
CREATE TABLE opening (
    id             uuid PRIMARY KEY,
    centre_id      uuid NOT NULL,
    pool_id        uuid NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    counters       smallint NOT NULL,
    grain_minutes  smallint NOT NULL,
    online_cap     smallint NOT NULL,
    partner_cap    smallint NOT NULL,
    walkin_floor   smallint NOT NULL,
    overbook_limit smallint NOT NULL,
    status         text NOT NULL,
    version        integer NOT NULL,
    created_at     timestamptz NOT NULL,
    CONSTRAINT opening_status_is_known CHECK (status IN ('open', 'closed')),
    CONSTRAINT opening_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT opening_has_a_counter CHECK (counters >= 1),
    CONSTRAINT opening_has_a_grain CHECK (grain_minutes >= 1),
    CONSTRAINT opening_shares_what_it_has CHECK (
        online_cap BETWEEN 0 AND counters AND partner_cap BETWEEN 0 AND counters
        AND walkin_floor BETWEEN 0 AND counters AND overbook_limit >= 0),
    CONSTRAINT opening_of_a_pool_is_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(pool_id::text, 0),
                  hashtextextended(pool_id::text, 0), '[]') WITH &&,
        tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'open')
);
CREATE INDEX opening_centre ON opening (centre_id, starts_at, id);

CREATE TABLE slot (
    id             uuid PRIMARY KEY,
    centre_id      uuid NOT NULL,
    pool_id        uuid NOT NULL,
    opening_id     uuid NOT NULL REFERENCES opening (id) ON DELETE RESTRICT,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    open           boolean NOT NULL,
    capacity       smallint NOT NULL,
    online_cap     smallint NOT NULL,
    partner_cap    smallint NOT NULL,
    walkin_floor   smallint NOT NULL,
    overbook_limit smallint NOT NULL,
    taken_online   smallint NOT NULL DEFAULT 0,
    taken_partner  smallint NOT NULL DEFAULT 0,
    taken_staff    smallint NOT NULL DEFAULT 0,
    taken_walkin   smallint NOT NULL DEFAULT 0,
    CONSTRAINT slot_starts_once_in_its_opening UNIQUE (opening_id, starts_at),
    CONSTRAINT slot_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT slot_takes_are_not_negative CHECK (
        taken_online >= 0 AND taken_partner >= 0 AND taken_staff >= 0 AND taken_walkin >= 0),
    CONSTRAINT slot_is_never_oversold CHECK (
        taken_online + taken_partner + taken_staff + taken_walkin <= capacity + overbook_limit),
    CONSTRAINT slot_online_stays_within_its_cap CHECK (taken_online <= online_cap),
    CONSTRAINT slot_partner_stays_within_its_cap CHECK (taken_partner <= partner_cap)
) WITH (fillfactor = 70);
-- Only the counters of a slot change, and none of them is indexed: every change stays on its page.
CREATE INDEX slot_pool ON slot (pool_id, starts_at);
CREATE INDEX slot_centre ON slot (centre_id, starts_at);

CREATE TABLE appointment (
    id              uuid PRIMARY KEY,
    reference       text NOT NULL,
    centre_id       uuid NOT NULL,
    pool_id         uuid NOT NULL,
    citizen_id      uuid NOT NULL,
    channel         text NOT NULL,
    state           text NOT NULL,
    hold_expires_at timestamptz,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    local_date      date NOT NULL,
    grains          smallint NOT NULL,
    items           jsonb NOT NULL,
    priority_group  text,
    contact_name    text,
    contact_phone   text,
    cancel_reason   text,
    locale          text NOT NULL,
    version         integer NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT appointment_state_is_known CHECK (state IN
        ('held', 'confirmed', 'arrived', 'served', 'missed', 'cancelled', 'expired')),
    CONSTRAINT appointment_channel_is_known
        CHECK (channel IN ('online', 'partner', 'staff', 'walkin')),
    CONSTRAINT appointment_hold_has_an_end CHECK (state <> 'held' OR hold_expires_at IS NOT NULL),
    CONSTRAINT appointment_takes_1_to_24_grains CHECK (grains BETWEEN 1 AND 24),
    CONSTRAINT appointment_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT appointment_locale_is_known CHECK (locale IN ('vi', 'en'))
);
-- A reference is read aloud, so it is short; it names one appointment among those still to be kept.
CREATE UNIQUE INDEX appointment_reference_names_one_live_appointment ON appointment (reference)
    WHERE state IN ('held', 'confirmed', 'arrived');
CREATE INDEX appointment_citizen ON appointment (citizen_id, starts_at, id);
CREATE INDEX appointment_centre ON appointment (centre_id, starts_at);
CREATE INDEX appointment_holds ON appointment (hold_expires_at) WHERE state = 'held';

CREATE TABLE appointment_slot (
    slot_id        uuid NOT NULL REFERENCES slot (id) ON DELETE RESTRICT,
    appointment_id uuid NOT NULL REFERENCES appointment (id) ON DELETE RESTRICT,
    PRIMARY KEY (slot_id, appointment_id)
);
CREATE INDEX appointment_slot_appointment ON appointment_slot (appointment_id);

-- What a person may have only so many of in a day, as rows that cannot exist twice. Written and deleted
-- in the statements that write the appointment; a foreign key would add a tenth to every booking.
CREATE TABLE appointment_claim (
    citizen_id     uuid NOT NULL,
    local_date     date NOT NULL,
    claim          text NOT NULL,
    appointment_id uuid NOT NULL,
    PRIMARY KEY (citizen_id, local_date, claim),
    CONSTRAINT appointment_claim_is_a_visit_or_a_sector
        CHECK (claim IN ('visit:1', 'visit:2') OR claim LIKE 'sector:_%')
);
CREATE INDEX appointment_claim_appointment ON appointment_claim (appointment_id);
"""

BACKWARDS = """
DROP TABLE appointment_claim;
DROP TABLE appointment_slot;
DROP TABLE appointment;
DROP TABLE slot;
DROP TABLE opening;
"""
