"""Papers taken from an old file: whose they are, and which dossier and code each came under.

Assumes m0041. Code that runs beside it and does not know this table goes on: what was imported is a clean
document without an owner's account, and is proposed to nobody. A coding that no officer made has no
`coded_by`; nothing reads that column.
"""

FORWARDS = """
ALTER TABLE document_coding ALTER COLUMN coded_by DROP NOT NULL;

-- The personal number itself is not kept: it is only ever asked whether a paper is somebody's.
CREATE TABLE backfile_paper (
    document_id    uuid PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
    dossier_number text NOT NULL,
    code           text NOT NULL,
    sha256         bytea NOT NULL,
    owner_index    bytea NOT NULL,
    owner_name     text NOT NULL,
    row_index      bytea NOT NULL,
    imported_at    timestamptz NOT NULL,
    CONSTRAINT backfile_paper_is_one_of_a_dossier UNIQUE (dossier_number, code),
    CONSTRAINT backfile_paper_content_is_kept_once UNIQUE (sha256)
);
CREATE INDEX backfile_paper_owner ON backfile_paper (owner_index);
"""

BACKWARDS = """
DROP TABLE backfile_paper;
-- For the program of before somebody coded them: the nobody of a number that is no officer's.
UPDATE document_coding SET coded_by = '00000000-0000-0000-0000-000000000000' WHERE coded_by IS NULL;
ALTER TABLE document_coding ALTER COLUMN coded_by SET NOT NULL;
"""
