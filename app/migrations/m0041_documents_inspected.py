"""Documents: what was written after inspection, how a paper is coded, who signed it.

Assumes m0007 and m0027. Code that runs beside it and does not know these columns goes on: what it calls
clean has no `clean_sha256` and is served as it came, and it writes no kind that is new. None is asked.
"""

FORWARDS = """
ALTER TABLE document ADD COLUMN clean_sha256 bytea, ADD COLUMN clean_size_bytes integer,
    ADD COLUMN clean_content_type text,
    ADD COLUMN signed_sha256 bytea, ADD COLUMN signed_size_bytes integer,
    ADD CONSTRAINT document_clean_is_told_whole CHECK (
        (clean_sha256 IS NULL) = (clean_size_bytes IS NULL)
        AND (clean_sha256 IS NULL) = (clean_content_type IS NULL)),
    ADD CONSTRAINT document_signed_is_told_whole CHECK (
        (signed_sha256 IS NULL) = (signed_size_bytes IS NULL));
ALTER TABLE document DROP CONSTRAINT document_kind_is_known;
ALTER TABLE document ADD CONSTRAINT document_kind_is_known CHECK (kind IN ('component', 'result', 'own')),
    ADD CONSTRAINT document_own_has_an_owner CHECK (kind <> 'own' OR owner_id IS NOT NULL);
CREATE INDEX document_sha256 ON document (sha256);
CREATE INDEX document_clean_sha256 ON document (clean_sha256);
CREATE INDEX scan_part_sha256 ON scan_part (sha256);

CREATE TABLE document_coding (
    document_id  uuid PRIMARY KEY REFERENCES document (id) ON DELETE RESTRICT,
    name         text NOT NULL,
    code         text NOT NULL,
    number       text NOT NULL,
    issuer       text NOT NULL,
    scope        text NOT NULL,
    issued_on    date,
    valid_until  date,
    is_permanent boolean NOT NULL,
    coded_by     uuid NOT NULL,
    coded_at     timestamptz NOT NULL,
    CONSTRAINT document_coding_ends_or_is_permanent CHECK (NOT is_permanent OR valid_until IS NULL),
    CONSTRAINT document_coding_ends_after_its_issue CHECK (valid_until >= issued_on)
);

CREATE TABLE document_signature (
    document_id        uuid NOT NULL REFERENCES document (id) ON DELETE RESTRICT,
    signer_id          uuid NOT NULL,
    certificate_sha256 bytea NOT NULL,
    certificate_name   text NOT NULL,
    sha256             bytea NOT NULL,
    size_bytes         integer NOT NULL,
    signed_at          timestamptz NOT NULL,
    PRIMARY KEY (document_id, signer_id)
);
CREATE INDEX document_signature_sha256 ON document_signature (sha256);
"""

BACKWARDS = """
DROP TABLE document_signature;
DROP TABLE document_coding;
DROP INDEX scan_part_sha256, document_clean_sha256, document_sha256;
-- What a person put into their own store is a paper, for the program of before.
ALTER TABLE document DROP CONSTRAINT document_own_has_an_owner, DROP CONSTRAINT document_kind_is_known;
UPDATE document SET kind = 'component' WHERE kind = 'own';
ALTER TABLE document ADD CONSTRAINT document_kind_is_known CHECK (kind IN ('component', 'result'));
ALTER TABLE document DROP COLUMN clean_sha256, DROP COLUMN clean_size_bytes, DROP COLUMN clean_content_type,
    DROP COLUMN signed_sha256, DROP COLUMN signed_size_bytes;
"""
