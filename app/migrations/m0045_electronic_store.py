"""What citizens put into their store in parts, why somebody read a document, and contents that are leaving.

Assumes m0028 and m0041. Code that runs beside it and does not know the columns goes on: it begins
uploads of partners only, and its readings have the purpose every reading had.
"""

FORWARDS = """
-- An upload in parts is of a partner's visit, or of a citizen's own store.
ALTER TABLE scan_upload ADD COLUMN citizen_id uuid,
    ALTER COLUMN partner_id DROP NOT NULL,
    ALTER COLUMN home_visit_id DROP NOT NULL,
    ADD CONSTRAINT scan_upload_is_of_a_visit_or_a_person CHECK (
        (citizen_id IS NULL) = (partner_id IS NOT NULL)
        AND (citizen_id IS NULL) = (home_visit_id IS NOT NULL));
CREATE INDEX scan_upload_citizen ON scan_upload (citizen_id) WHERE citizen_id IS NOT NULL;

-- Since when a dossier names it, as a paper or as its result.
ALTER TABLE document ADD COLUMN named_at timestamptz;
UPDATE document SET named_at = created_at WHERE id IN (
    SELECT document_id FROM dossier_component UNION ALL SELECT result_document_id FROM dossier);
CREATE INDEX document_own ON document (owner_id) WHERE kind = 'own';
-- Rows a night still has to look at, and no others.
CREATE INDEX document_not_clean ON document (created_at) WHERE state <> 'clean';
CREATE INDEX document_unnamed ON document (created_at) WHERE state = 'clean' AND named_at IS NULL;
CREATE INDEX document_signed_sha256 ON document (signed_sha256) WHERE signed_sha256 IS NOT NULL;

ALTER TABLE document_read ADD COLUMN purpose text NOT NULL DEFAULT 'read', ADD COLUMN dossier_number text,
    ADD CONSTRAINT document_read_purpose_is_known CHECK (purpose IN ('read', 'reuse', 'signature'));

-- Contents being taken out of the object store: for a while nobody may name them anew.
CREATE TABLE leaving_content (
    sha256 bytea PRIMARY KEY,
    since  timestamptz NOT NULL
);
"""

BACKWARDS = """
DROP TABLE leaving_content;
ALTER TABLE document_read DROP CONSTRAINT document_read_purpose_is_known, DROP COLUMN dossier_number,
    DROP COLUMN purpose;
DROP INDEX document_signed_sha256, document_not_clean, document_own, scan_upload_citizen;
ALTER TABLE document DROP COLUMN named_at;
-- The program of before knows partners' uploads only; a citizen begins again.
DELETE FROM scan_upload WHERE citizen_id IS NOT NULL;
ALTER TABLE scan_upload DROP CONSTRAINT scan_upload_is_of_a_visit_or_a_person, DROP COLUMN citizen_id,
    ALTER COLUMN partner_id SET NOT NULL, ALTER COLUMN home_visit_id SET NOT NULL;
"""
