"""Packages and their chain of custody, couriers and their shifts, home visits and what couriers report.

Assumes m0001 to m0005. `custody_event` and `visit_event` are append only.
"""

FORWARDS = """
CREATE TABLE package (
    id             uuid PRIMARY KEY,
    seal_number    text NOT NULL,
    centre_id      uuid NOT NULL,
    citizen_id     uuid NOT NULL,
    home_visit_id  uuid NOT NULL,
    direction      text NOT NULL,
    state          text NOT NULL,
    custodian_kind text NOT NULL,
    custodian_id   text NOT NULL,
    contents       jsonb NOT NULL,
    last_n         integer NOT NULL,
    head           bytea NOT NULL,
    sealed_at      timestamptz NOT NULL,
    version        integer NOT NULL DEFAULT 1,
    CONSTRAINT package_seal_is_used_once_ever UNIQUE (seal_number),
    CONSTRAINT package_direction_is_known CHECK (direction IN ('collection', 'delivery')),
    CONSTRAINT package_state_is_known
        CHECK (state IN ('sealed', 'received', 'quarantined', 'delivered', 'returned'))
);
CREATE INDEX package_visit ON package (home_visit_id);

CREATE TABLE custody_event (
    package_id    uuid NOT NULL REFERENCES package (id) ON DELETE RESTRICT,
    n             integer NOT NULL,
    type          text NOT NULL,
    giver_kind    text NOT NULL,
    giver_id      text NOT NULL,
    receiver_kind text NOT NULL,
    receiver_id   text NOT NULL,
    seal_state    text NOT NULL,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    body          text NOT NULL,
    hash          bytea NOT NULL,
    PRIMARY KEY (package_id, n),
    CONSTRAINT custody_event_has_two_parties
        CHECK (giver_kind <> receiver_kind OR giver_id <> receiver_id),
    CONSTRAINT custody_event_seal_state_is_known CHECK (seal_state IN ('intact', 'broken'))
);
CREATE FUNCTION custody_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the chain of custody is append only';
END $$;
CREATE TRIGGER custody_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON custody_event
    FOR EACH STATEMENT EXECUTE FUNCTION custody_is_append_only();

CREATE TABLE courier (
    id          uuid PRIMARY KEY,
    partner_id  uuid NOT NULL,
    external_id text NOT NULL,
    given_name  text NOT NULL,
    phone       text NOT NULL,
    skills      text[] NOT NULL,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    active      boolean NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT courier_is_known_once_to_a_partner UNIQUE (partner_id, external_id)
);

CREATE TABLE courier_shift (
    id         uuid PRIMARY KEY,
    courier_id uuid NOT NULL REFERENCES courier (id) ON DELETE RESTRICT,
    date       date NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    capacity   smallint NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    CONSTRAINT courier_shift_is_one_a_day UNIQUE (courier_id, date),
    CONSTRAINT courier_shift_ends_after_it_starts CHECK (ends_at > starts_at),
    CONSTRAINT courier_shift_has_room CHECK (capacity BETWEEN 1 AND 200)
);
CREATE INDEX courier_shift_date ON courier_shift (date);

CREATE TABLE assignment (
    id            uuid PRIMARY KEY,
    home_visit_id uuid NOT NULL,
    courier_id    uuid NOT NULL REFERENCES courier (id) ON DELETE RESTRICT,
    generation    smallint NOT NULL,
    date          date NOT NULL,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    lat           double precision NOT NULL,
    lon           double precision NOT NULL,
    state         text NOT NULL,
    ended_because text NOT NULL DEFAULT '',
    CONSTRAINT assignment_generation_is_used_once UNIQUE (home_visit_id, generation),
    CONSTRAINT assignment_state_is_known CHECK (state IN ('active', 'ended', 'done'))
);
CREATE UNIQUE INDEX assignment_one_active ON assignment (home_visit_id) WHERE state = 'active';
CREATE INDEX assignment_day ON assignment (courier_id, date) WHERE state = 'active';

CREATE TABLE home_visit (
    id              uuid PRIMARY KEY,
    reference       text NOT NULL,
    kind            text NOT NULL,
    citizen_id      uuid NOT NULL,
    centre_id       uuid NOT NULL,
    pool_id         uuid NOT NULL,
    slot_id         uuid NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    procedure_codes text[] NOT NULL,
    dossier_number  text,
    address_text    text NOT NULL,
    commune         text NOT NULL,
    lat             double precision NOT NULL,
    lon             double precision NOT NULL,
    contact_name    text NOT NULL,
    contact_phone   text NOT NULL,
    locale          text NOT NULL,
    note            text NOT NULL,
    state           text NOT NULL,
    courier_id      uuid,
    seal_number     text,
    wrong_codes     smallint NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    CONSTRAINT home_visit_reference_is_given_once UNIQUE (reference),
    CONSTRAINT home_visit_kind_is_known CHECK (kind IN ('collection', 'delivery')),
    CONSTRAINT home_visit_delivery_has_a_dossier
        CHECK (kind <> 'delivery' OR dossier_number IS NOT NULL)
);
CREATE INDEX home_visit_citizen ON home_visit (citizen_id, id);
CREATE INDEX home_visit_dossier ON home_visit (dossier_number) WHERE dossier_number IS NOT NULL;

CREATE TABLE visit_event (
    event_id      uuid NOT NULL,
    partner_id    uuid NOT NULL,
    home_visit_id uuid NOT NULL REFERENCES home_visit (id) ON DELETE RESTRICT,
    courier_id    uuid NOT NULL,
    type          text NOT NULL,
    occurred_at   timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    device_seq    bigint NOT NULL,
    clock_suspect boolean NOT NULL,
    lat           double precision,
    lon           double precision,
    data          jsonb NOT NULL,
    digest        bytea NOT NULL,
    refused       text,
    applied_as    integer,
    PRIMARY KEY (partner_id, event_id),
    CONSTRAINT visit_event_refused_is_never_applied
        CHECK (refused IS NULL OR applied_as IS NULL),
    CONSTRAINT visit_event_applied_in_order UNIQUE (home_visit_id, applied_as)
);
CREATE INDEX visit_event_visit ON visit_event (home_visit_id, occurred_at);
"""

BACKWARDS = """
DROP TABLE visit_event;
DROP TABLE home_visit;
DROP TABLE assignment;
DROP TABLE courier_shift;
DROP TABLE courier;
DROP TABLE custody_event;
DROP FUNCTION custody_is_append_only;
DROP TABLE package;
"""
