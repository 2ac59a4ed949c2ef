"""Booking rules of a centre, templates that openings are published from, and places that change sides.

Assumes m0004. Code running beside it goes on: what is added to `slot` and `opening` may be left out, and
the claims it writes are still allowed. Core PostgreSQL only, as in m0004.
"""

FORWARDS = """
SET LOCAL lock_timeout = '5s';

CREATE TABLE booking_rule (
    id                     uuid PRIMARY KEY,
    centre_id              uuid,
    valid_from             date NOT NULL,
    valid_to               date,
    decision               text NOT NULL,
    horizon_days           smallint NOT NULL,
    cut_off_minutes        smallint NOT NULL,
    move_limit_minutes     smallint NOT NULL,
    grace_minutes          smallint NOT NULL,
    visits_per_day         smallint NOT NULL,
    visits_per_sector      smallint NOT NULL,
    online_share           double precision NOT NULL,
    release_at             time NOT NULL,
    release_spread_minutes smallint NOT NULL,
    unsold_minutes         smallint,
    created_at             timestamptz NOT NULL,
    CONSTRAINT booking_rule_ends_after_it_begins CHECK (valid_to IS NULL OR valid_to >= valid_from),
    CONSTRAINT booking_rule_has_a_decision CHECK (decision <> ''),
    CONSTRAINT booking_rule_is_within_reason CHECK (
        horizon_days BETWEEN 1 AND 92 AND cut_off_minutes BETWEEN 0 AND 1440
        AND move_limit_minutes BETWEEN 0 AND 10080 AND grace_minutes BETWEEN 0 AND 120
        AND visits_per_day BETWEEN 1 AND 9 AND visits_per_sector BETWEEN 1 AND 9
        AND online_share BETWEEN 0 AND 1 AND unsold_minutes BETWEEN 0 AND 1440),
    CONSTRAINT booking_rule_releases_a_day_within_a_day CHECK (
        release_spread_minutes >= 0 AND extract(second FROM release_at) = 0
        AND extract(epoch FROM release_at) + release_spread_minutes * 60 < 86400),
    -- The rules for all centres share the range of the empty name.
    CONSTRAINT booking_rule_is_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(coalesce(centre_id::text, ''), 0),
                  hashtextextended(coalesce(centre_id::text, ''), 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
CREATE INDEX booking_rule_centre ON booking_rule (centre_id, valid_from);

ALTER TABLE appointment_claim DROP CONSTRAINT appointment_claim_is_a_visit_or_a_sector;
ALTER TABLE appointment_claim ADD CONSTRAINT appointment_claim_is_a_visit_or_a_sector
    CHECK (claim ~ '^visit:[1-9]$' OR claim LIKE 'sector:_%') NOT VALID;

CREATE TABLE opening_template (
    id            uuid PRIMARY KEY,
    centre_id     uuid NOT NULL,
    pool_id       uuid NOT NULL,
    weekdays      smallint[] NOT NULL,
    every_weeks   smallint NOT NULL,
    anchor        date NOT NULL,
    nth_of_month  smallint,
    opens         time NOT NULL,
    closes        time NOT NULL,
    counters      smallint NOT NULL,
    grain_minutes smallint,
    online_share  double precision,
    walkin_floor  smallint NOT NULL,
    valid_from    date NOT NULL,
    valid_to      date,
    decision      text NOT NULL,
    version       integer NOT NULL,
    created_at    timestamptz NOT NULL,
    CONSTRAINT opening_template_names_weekdays CHECK (
        cardinality(weekdays) BETWEEN 1 AND 7 AND weekdays <@ '{1,2,3,4,5,6,7}'::smallint[]),
    CONSTRAINT opening_template_comes_again CHECK (
        every_weeks BETWEEN 1 AND 52 AND (nth_of_month IS NULL OR
            (every_weeks = 1 AND nth_of_month IN (1, 2, 3, 4, -1)))),
    CONSTRAINT opening_template_closes_after_it_opens CHECK (closes > opens),
    CONSTRAINT opening_template_shares_what_it_has CHECK (
        counters >= 1 AND walkin_floor BETWEEN 0 AND counters AND online_share BETWEEN 0 AND 1
        AND grain_minutes >= 1)
);
CREATE INDEX opening_template_centre ON opening_template (centre_id, id);

-- A day is published from a template once: an opening that was closed since does not come back.
CREATE TABLE opening_template_day (
    template_id  uuid NOT NULL REFERENCES opening_template (id) ON DELETE RESTRICT,
    day          date NOT NULL,
    openings     smallint NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (template_id, day)
);

ALTER TABLE opening ADD COLUMN decision text;

-- Which way places of this slot changed sides. Once it is set, nothing of the slot changes sides again.
ALTER TABLE slot ADD COLUMN moved_to text;
ALTER TABLE slot ADD CONSTRAINT slot_moves_one_way CHECK (moved_to IN ('walkin', 'online')) NOT VALID;
"""

BACKWARDS = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE slot DROP COLUMN moved_to;
ALTER TABLE opening DROP COLUMN decision;
DROP TABLE opening_template_day;
DROP TABLE opening_template;
DELETE FROM appointment_claim WHERE claim NOT IN ('visit:1', 'visit:2') AND claim NOT LIKE 'sector:_%';
ALTER TABLE appointment_claim DROP CONSTRAINT appointment_claim_is_a_visit_or_a_sector;
ALTER TABLE appointment_claim ADD CONSTRAINT appointment_claim_is_a_visit_or_a_sector
    CHECK (claim IN ('visit:1', 'visit:2') OR claim LIKE 'sector:_%');
DROP TABLE booking_rule;
"""
