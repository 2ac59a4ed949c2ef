"""Documents (scans and results) and dossiers with their components, numbers and events.

Assumes m0001 to m0003. Contents of documents live in the object store, never here.
"""

FORWARDS = """
CREATE TABLE document (
    id               uuid PRIMARY KEY,
    centre_id        uuid,
    owner_id         uuid,
    kind             text NOT NULL,
    dossier_number   text,
    home_visit_id    uuid,
    partner_id       uuid,
    component        smallint,
    sha256           bytea NOT NULL,
    size_bytes       integer NOT NULL,
    content_type     text NOT NULL,
    state            text NOT NULL,
    rejected_because text NOT NULL DEFAULT '',
    uploaded_by_kind text NOT NULL,
    uploaded_by_id   text NOT NULL,
    created_at       timestamptz NOT NULL,
    version          integer NOT NULL DEFAULT 1,
    CONSTRAINT document_kind_is_known CHECK (kind IN ('component', 'result')),
    CONSTRAINT document_state_is_known CHECK (state IN ('quarantined', 'clean', 'rejected')),
    CONSTRAINT document_has_a_size CHECK (size_bytes > 0)
);
CREATE INDEX document_dossier ON document (dossier_number);
CREATE INDEX document_owner ON document (owner_id, created_at);
CREATE INDEX document_home_visit ON document (home_visit_id);

CREATE TABLE document_read (
    id          uuid PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES document (id) ON DELETE RESTRICT,
    reader_kind text NOT NULL,
    reader_id   text NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX document_read_document ON document_read (document_id, at);

CREATE TABLE dossier_series (
    agency     text NOT NULL,
    local_date date NOT NULL,
    last_no    integer NOT NULL,
    PRIMARY KEY (agency, local_date),
    CONSTRAINT dossier_series_counts_up CHECK (last_no > 0)
);

CREATE TABLE dossier (
    id                 uuid PRIMARY KEY,
    number             text NOT NULL,
    centre_id          uuid NOT NULL,
    procedure_code     text NOT NULL,
    citizen_id         uuid,
    applicant_name     text NOT NULL,
    applicant_phone    text,
    locale             text NOT NULL,
    citizen_no_sealed  bytea,
    citizen_no_index   bytea,
    channel            text NOT NULL,
    ticket_id          uuid,
    package_id         uuid,
    return_mode        text NOT NULL,
    status             smallint NOT NULL,
    accepted_at        timestamptz NOT NULL,
    due_at             timestamptz NOT NULL,
    completed_at       timestamptz,
    returned_at        timestamptz,
    result_document_id uuid,
    version            integer NOT NULL DEFAULT 1,
    CONSTRAINT dossier_number_is_given_once UNIQUE (number),
    CONSTRAINT dossier_status_is_one_of_ten CHECK (status BETWEEN 1 AND 10),
    CONSTRAINT dossier_comes_from_one_place CHECK (ticket_id IS NULL OR package_id IS NULL),
    CONSTRAINT dossier_done_has_its_result
        CHECK (status NOT IN (9, 10) OR result_document_id IS NOT NULL),
    CONSTRAINT dossier_channel_is_known CHECK (channel IN ('counter', 'online', 'postal')),
    CONSTRAINT dossier_return_mode_is_known CHECK (return_mode IN ('counter', 'home'))
);
CREATE INDEX dossier_citizen ON dossier (citizen_id, accepted_at);
CREATE INDEX dossier_centre ON dossier (centre_id, accepted_at);
CREATE INDEX dossier_citizen_no ON dossier (citizen_no_index) WHERE citizen_no_index IS NOT NULL;
CREATE UNIQUE INDEX dossier_of_package ON dossier (package_id, procedure_code)
    WHERE package_id IS NOT NULL;

CREATE TABLE dossier_component (
    dossier_id       uuid NOT NULL REFERENCES dossier (id) ON DELETE RESTRICT,
    component        smallint NOT NULL,
    originals        smallint NOT NULL,
    certified_copies smallint NOT NULL,
    copies           smallint NOT NULL,
    document_id      uuid REFERENCES document (id) ON DELETE RESTRICT,
    PRIMARY KEY (dossier_id, component),
    CONSTRAINT dossier_component_counts_are_counts
        CHECK (originals >= 0 AND certified_copies >= 0 AND copies >= 0)
);

CREATE TABLE dossier_event (
    id         uuid PRIMARY KEY,
    dossier_id uuid NOT NULL REFERENCES dossier (id) ON DELETE RESTRICT,
    status     smallint NOT NULL,
    at         timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id   text NOT NULL
);
CREATE INDEX dossier_event_dossier ON dossier_event (dossier_id, at, id);
"""

BACKWARDS = """
DROP TABLE dossier_event;
DROP TABLE dossier_component;
DROP TABLE dossier;
DROP TABLE dossier_series;
DROP TABLE document_read;
DROP TABLE document;
"""
