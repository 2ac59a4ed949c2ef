"""Papers missing at the door, results held at a post office, help to submit online, item numbers bound
once, seals replaced, and scans uploaded in parts.

Assumes m0006 and m0027. Nothing before the code that comes with it reads or writes what is new here.
"""

FORWARDS = """
ALTER TABLE home_visit
    ADD COLUMN missing    smallint[] NOT NULL DEFAULT '{}',
    ADD COLUMN held_until date,
    ADD COLUMN looked_into text NOT NULL DEFAULT '',
    DROP CONSTRAINT home_visit_kind_is_known,
    ADD CONSTRAINT home_visit_kind_is_known CHECK (kind IN ('collection', 'delivery', 'assisted_online'));
CREATE INDEX home_visit_held ON home_visit (held_until) WHERE state = 'held_at_post_office';

ALTER TABLE package
    ADD COLUMN item_number text,
    ADD CONSTRAINT package_item_number_is_bound_once UNIQUE (item_number),
    DROP CONSTRAINT package_state_is_known,
    ADD CONSTRAINT package_state_is_known
        CHECK (state IN ('sealed', 'received', 'quarantined', 'delivered', 'returned', 'resealed'));

CREATE TABLE scan_upload (
    id            uuid PRIMARY KEY,
    partner_id    uuid NOT NULL,
    home_visit_id uuid NOT NULL,
    component     smallint,
    content_type  text NOT NULL,
    sha256        bytea,
    length        integer,
    created_at    timestamptz NOT NULL,
    document_id   uuid,
    version       integer NOT NULL DEFAULT 1
);
CREATE INDEX scan_upload_age ON scan_upload (created_at);

CREATE TABLE scan_part (
    upload_id uuid NOT NULL REFERENCES scan_upload (id) ON DELETE CASCADE,
    begins_at integer NOT NULL,
    size      integer NOT NULL,
    sha256    bytea NOT NULL,
    PRIMARY KEY (upload_id, begins_at),
    CONSTRAINT scan_part_is_not_empty CHECK (size > 0 AND begins_at >= 0)
);
"""

BACKWARDS = """
DROP TABLE scan_part;
DROP TABLE scan_upload;
ALTER TABLE package
    DROP CONSTRAINT package_state_is_known,
    ADD CONSTRAINT package_state_is_known
        CHECK (state IN ('sealed', 'received', 'quarantined', 'delivered', 'returned')),
    DROP CONSTRAINT package_item_number_is_bound_once,
    DROP COLUMN item_number;
DROP INDEX home_visit_held;
ALTER TABLE home_visit
    DROP CONSTRAINT home_visit_kind_is_known,
    ADD CONSTRAINT home_visit_kind_is_known CHECK (kind IN ('collection', 'delivery')),
    DROP COLUMN looked_into,
    DROP COLUMN held_until,
    DROP COLUMN missing;
"""
