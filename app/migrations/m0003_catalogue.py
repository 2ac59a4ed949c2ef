"""Units, centres, hours, the calendar, the procedure catalogue and the roster.

Assumes the kernel only. No code runs beside it that reads these tables.

Where PostgreSQL must refuse two overlapping periods of one thing, the thing is given to the GiST index
as a one-point range of an integer: core PostgreSQL indexes ranges, and needs no extension for it.
"""

FORWARDS = """
CREATE TABLE admin_unit (
    id         uuid PRIMARY KEY,
    code       text NOT NULL,
    tier       text NOT NULL,
    name_vi    text NOT NULL,
    name_en    text NOT NULL,
    folded     text NOT NULL,
    parent_id  uuid REFERENCES admin_unit (id) ON DELETE RESTRICT,
    lat        double precision,
    lon        double precision,
    valid_from date NOT NULL,
    valid_to   date,
    decision   text NOT NULL,
    CONSTRAINT admin_unit_tier_is_known CHECK (tier IN ('province', 'district', 'commune')),
    CONSTRAINT admin_unit_code_is_two_to_five_digits CHECK (code ~ '^[0-9]{2,5}$'),
    CONSTRAINT admin_unit_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT admin_unit_is_a_whole_point CHECK ((lat IS NULL) = (lon IS NULL)),
    CONSTRAINT admin_unit_code_names_one_unit_at_a_time EXCLUDE USING gist (
        int4range(length(code) * 1000000 + code::integer,
                  length(code) * 1000000 + code::integer, '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
CREATE INDEX admin_unit_code ON admin_unit (code, valid_from);
CREATE INDEX admin_unit_parent ON admin_unit (parent_id);

CREATE TABLE admin_unit_link (
    old_id  uuid NOT NULL REFERENCES admin_unit (id) ON DELETE RESTRICT,
    new_id  uuid NOT NULL REFERENCES admin_unit (id) ON DELETE RESTRICT,
    divided boolean NOT NULL,
    PRIMARY KEY (old_id, new_id),
    CONSTRAINT admin_unit_link_joins_two_units CHECK (old_id <> new_id)
);
CREATE INDEX admin_unit_link_new ON admin_unit_link (new_id);

CREATE TABLE centre (
    id            uuid PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    unit_id       uuid NOT NULL REFERENCES admin_unit (id) ON DELETE RESTRICT,
    tier          text NOT NULL,
    name_vi       text NOT NULL,
    name_en       text NOT NULL,
    folded        text NOT NULL,
    address_vi    text NOT NULL,
    address_en    text NOT NULL,
    lat           double precision NOT NULL,
    lon           double precision NOT NULL,
    agency_code   text NOT NULL,
    grain_minutes smallint NOT NULL,
    valid_from    date NOT NULL,
    valid_to      date,
    verified      boolean NOT NULL,
    CONSTRAINT centre_tier_is_known CHECK (tier IN ('province', 'district', 'commune')),
    CONSTRAINT centre_grain_is_five_or_ten_minutes CHECK (grain_minutes IN (5, 10)),
    CONSTRAINT centre_lies_on_the_globe
        CHECK (lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180),
    CONSTRAINT centre_ends_after_it_begins CHECK (valid_to >= valid_from)
);
CREATE INDEX centre_unit ON centre (unit_id);

CREATE TABLE counter (
    id        uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centre (id) ON DELETE RESTRICT,
    number    smallint NOT NULL,
    label_vi  text NOT NULL,
    label_en  text NOT NULL,
    CONSTRAINT counter_number_is_unique_in_its_centre UNIQUE (centre_id, number),
    CONSTRAINT counter_is_numbered_from_one CHECK (number >= 1),
    CONSTRAINT counter_is_known_with_its_centre UNIQUE (centre_id, id)
);

CREATE TABLE pool (
    id        uuid PRIMARY KEY,
    centre_id uuid NOT NULL REFERENCES centre (id) ON DELETE RESTRICT,
    kind      text NOT NULL,
    code      text NOT NULL,
    series    text NOT NULL,
    name_vi   text NOT NULL,
    name_en   text NOT NULL,
    unit_id   uuid REFERENCES admin_unit (id) ON DELETE RESTRICT,
    lat       double precision,
    lon       double precision,
    radius_km double precision,
    CONSTRAINT pool_kind_is_known CHECK (kind IN ('counter', 'postal_zone')),
    CONSTRAINT pool_series_is_a_letter CHECK (series ~ '^[A-Z]$'),
    CONSTRAINT pool_code_is_unique_in_its_centre UNIQUE (centre_id, code),
    CONSTRAINT pool_is_known_with_its_centre UNIQUE (centre_id, id),
    CONSTRAINT pool_has_an_area_if_it_is_a_postal_zone CHECK (
        (kind = 'postal_zone') = (unit_id IS NOT NULL)
        AND (kind = 'postal_zone') = (lat IS NOT NULL AND lon IS NOT NULL AND radius_km > 0))
);
CREATE INDEX pool_zone_unit ON pool (unit_id) WHERE kind = 'postal_zone';

CREATE TABLE counter_pool (
    counter_id uuid NOT NULL,
    pool_id    uuid NOT NULL,
    centre_id  uuid NOT NULL,
    PRIMARY KEY (counter_id, pool_id),
    CONSTRAINT counter_pool_stays_in_one_centre FOREIGN KEY (centre_id, counter_id)
        REFERENCES counter (centre_id, id) ON DELETE RESTRICT,
    CONSTRAINT counter_pool_pool_stays_in_one_centre FOREIGN KEY (centre_id, pool_id)
        REFERENCES pool (centre_id, id) ON DELETE RESTRICT
);
CREATE INDEX counter_pool_pool ON counter_pool (centre_id, pool_id);

CREATE TABLE opening_hours (
    id         uuid PRIMARY KEY,
    centre_id  uuid NOT NULL REFERENCES centre (id) ON DELETE RESTRICT,
    weekday    smallint NOT NULL,
    opens      time NOT NULL,
    closes     time NOT NULL,
    valid_from date NOT NULL,
    valid_to   date,
    decision   text NOT NULL,
    CONSTRAINT opening_hours_weekday_is_monday_1_to_sunday_7 CHECK (weekday BETWEEN 1 AND 7),
    CONSTRAINT opening_hours_close_after_they_open CHECK (closes > opens),
    CONSTRAINT opening_hours_end_after_they_begin CHECK (valid_to >= valid_from),
    CONSTRAINT opening_hours_of_a_day_do_not_overlap EXCLUDE USING gist (
        int8range(hashtextextended(centre_id::text, weekday),
                  hashtextextended(centre_id::text, weekday), '[]') WITH &&,
        int4range((extract(epoch FROM opens) / 60)::integer,
                  (extract(epoch FROM closes) / 60)::integer) WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
CREATE INDEX opening_hours_centre ON opening_hours (centre_id, weekday);

CREATE TABLE calendar_day (
    day       date PRIMARY KEY,
    kind      text NOT NULL,
    name_vi   text NOT NULL,
    name_en   text NOT NULL,
    status    text NOT NULL,
    stands_for date,
    reference text NOT NULL,
    CONSTRAINT calendar_day_kind_is_known CHECK (kind IN ('holiday', 'working')),
    CONSTRAINT calendar_day_status_is_known CHECK (
        status IN ('seen', 'statutory', 'computed', 'estimated', 'needs_confirmation')),
    CONSTRAINT calendar_day_only_a_working_day_stands_for_another
        CHECK (stands_for IS NULL OR kind = 'working')
);

CREATE TABLE priority_group (
    code    text PRIMARY KEY,
    name_vi text NOT NULL,
    name_en text NOT NULL,
    rule_vi text NOT NULL,
    rule_en text NOT NULL,
    position smallint NOT NULL UNIQUE,
    verified boolean NOT NULL
);

CREATE TABLE procedure (
    id               uuid PRIMARY KEY,
    code             text NOT NULL,
    name_vi          text NOT NULL,
    name_en          text NOT NULL,
    folded           text NOT NULL,
    sector           text NOT NULL,
    level            text NOT NULL,
    receive_anywhere boolean NOT NULL,
    site_inspection  boolean NOT NULL,
    presence         text NOT NULL,
    paperless_from   date,
    postal_intake    boolean NOT NULL,
    postal_return    boolean NOT NULL,
    processing_value smallint NOT NULL,
    processing_unit  text NOT NULL,
    fee_vnd          integer,
    fee_vi           text NOT NULL,
    fee_en           text NOT NULL,
    exemptions_vi    text NOT NULL,
    exemptions_en    text NOT NULL,
    p50_minutes      smallint NOT NULL,
    p90_minutes      smallint NOT NULL,
    result_vi        text NOT NULL,
    result_en        text NOT NULL,
    result_code      text,
    fee_verified        boolean NOT NULL,
    processing_verified boolean NOT NULL,
    code_is_local       boolean NOT NULL,
    decision         text NOT NULL,
    valid_from       date NOT NULL,
    valid_to         date,
    CONSTRAINT procedure_level_is_known CHECK (level IN ('province', 'district', 'commune')),
    CONSTRAINT procedure_presence_is_known CHECK (presence IN ('none', 'one_parent',
        'representative', 'applicant', 'signer', 'originals_shown', 'both_parties',
        'applicant_biometric')),
    CONSTRAINT procedure_processing_unit_is_known
        CHECK (processing_unit IN ('working_day', 'calendar_day', 'hour')),
    CONSTRAINT procedure_processing_takes_time CHECK (processing_value >= 1),
    CONSTRAINT procedure_fee_is_not_negative CHECK (fee_vnd >= 0),
    CONSTRAINT procedure_handling_is_a_distribution
        CHECK (p50_minutes >= 1 AND p90_minutes >= p50_minutes),
    CONSTRAINT procedure_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT procedure_code_has_one_version_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(code, 0), hashtextextended(code, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
CREATE INDEX procedure_code ON procedure (code, valid_from);

CREATE TABLE procedure_paper (
    id            uuid PRIMARY KEY,
    procedure_id  uuid NOT NULL REFERENCES procedure (id) ON DELETE RESTRICT,
    position      smallint NOT NULL,
    name_vi       text NOT NULL,
    name_en       text NOT NULL,
    kind          text NOT NULL,
    originals     smallint NOT NULL,
    copies        smallint NOT NULL,
    bring_vi      text NOT NULL,
    bring_en      text NOT NULL,
    optional      boolean NOT NULL,
    reusable_from text,
    digitise_class smallint,
    CONSTRAINT procedure_paper_kind_is_known
        CHECK (kind IN ('original', 'copy', 'certified', 'presented', 'data')),
    CONSTRAINT procedure_paper_counts_are_not_negative CHECK (originals >= 0 AND copies >= 0),
    CONSTRAINT procedure_paper_digitise_class_is_one_to_five
        CHECK (digitise_class BETWEEN 1 AND 5),
    CONSTRAINT procedure_paper_has_its_place_in_the_list UNIQUE (procedure_id, position)
);

CREATE TABLE procedure_offer (
    centre_id      uuid NOT NULL,
    procedure_code text NOT NULL,
    grains         smallint NOT NULL,
    p50_minutes    smallint NOT NULL,
    p80_minutes    smallint NOT NULL,
    valid_from     date NOT NULL,
    valid_to       date,
    PRIMARY KEY (centre_id, procedure_code, valid_from),
    CONSTRAINT procedure_offer_takes_1_to_24_grains CHECK (grains BETWEEN 1 AND 24),
    CONSTRAINT procedure_offer_is_a_distribution
        CHECK (p50_minutes >= 1 AND p80_minutes >= p50_minutes),
    CONSTRAINT procedure_offer_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT procedure_offer_is_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(centre_id::text || procedure_code, 0),
                  hashtextextended(centre_id::text || procedure_code, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
CREATE INDEX procedure_offer_code ON procedure_offer (procedure_code, centre_id);

CREATE TABLE pool_procedure (
    pool_id        uuid NOT NULL,
    procedure_code text NOT NULL,
    centre_id      uuid NOT NULL,
    preference     smallint NOT NULL,
    PRIMARY KEY (pool_id, procedure_code),
    CONSTRAINT pool_procedure_preference_is_not_negative CHECK (preference >= 0)
);
CREATE INDEX pool_procedure_centre ON pool_procedure (centre_id, procedure_code);

CREATE TABLE officer (
    id         uuid PRIMARY KEY,
    centre_id  uuid NOT NULL,
    name       text NOT NULL,
    role       text NOT NULL,
    active     boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT officer_role_is_known
        CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor'))
);
CREATE INDEX officer_centre ON officer (centre_id);

CREATE TABLE shift (
    id              uuid PRIMARY KEY,
    officer_id      uuid NOT NULL REFERENCES officer (id) ON DELETE RESTRICT,
    centre_id       uuid NOT NULL,
    kind            text NOT NULL,
    starts_on       date NOT NULL,
    ends_on         date NOT NULL,
    decision        text NOT NULL,
    override_reason text NOT NULL,
    version         integer NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT shift_kind_is_known CHECK (kind IN ('official', 'standby')),
    CONSTRAINT shift_ends_after_it_begins CHECK (ends_on >= starts_on),
    CONSTRAINT shift_has_a_decision CHECK (decision <> ''),
    CONSTRAINT shift_of_an_officer_does_not_overlap EXCLUDE USING gist (
        int8range(hashtextextended(officer_id::text, 0),
                  hashtextextended(officer_id::text, 0), '[]') WITH &&,
        daterange(starts_on, ends_on, '[]') WITH &&)
);
CREATE INDEX shift_centre ON shift (centre_id, ends_on);

CREATE TABLE standby_activation (
    id         uuid PRIMARY KEY,
    shift_id   uuid NOT NULL REFERENCES shift (id) ON DELETE RESTRICT,
    centre_id  uuid NOT NULL,
    counter_id uuid NOT NULL,
    day        date NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT standby_activation_is_once_a_day_and_counter UNIQUE (shift_id, counter_id, day)
);
CREATE INDEX standby_activation_centre ON standby_activation (centre_id, day);
"""

BACKWARDS = """
DROP TABLE standby_activation;
DROP TABLE shift;
DROP TABLE officer;
DROP TABLE pool_procedure;
DROP TABLE procedure_offer;
DROP TABLE procedure_paper;
DROP TABLE procedure;
DROP TABLE priority_group;
DROP TABLE calendar_day;
DROP TABLE opening_hours;
DROP TABLE counter_pool;
DROP TABLE pool;
DROP TABLE counter;
DROP TABLE centre;
DROP TABLE admin_unit_link;
DROP TABLE admin_unit;
"""
