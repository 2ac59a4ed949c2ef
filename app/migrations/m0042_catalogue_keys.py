"""One key for a procedure whatever its code; what may stand for a paper; businesses.

Assumes m0004 and m0007. Code that runs beside it and does not know keys goes on: a version it writes is a
procedure of its own, a component it writes is not reused, and nobody it books for is a business.
Two versions that followed each other under one code are one procedure; that two codes are one is said by
the catalogue's next import or seed.
"""

FORWARDS = """
ALTER TABLE procedure
    ADD COLUMN key uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN agency_vi text NOT NULL DEFAULT '',
    ADD COLUMN agency_en text NOT NULL DEFAULT '',
    ADD COLUMN form_schema jsonb,
    ADD CONSTRAINT procedure_form_is_described_by_an_object CHECK (jsonb_typeof(form_schema) = 'object');
UPDATE procedure SET key = one.key
  FROM (SELECT code, gen_random_uuid() AS key FROM procedure GROUP BY code) one
 WHERE one.code = procedure.code;
ALTER TABLE procedure ADD CONSTRAINT procedure_has_one_version_at_a_time EXCLUDE USING gist (
    int8range(hashtextextended(key::text, 0), hashtextextended(key::text, 0), '[]') WITH &&,
    daterange(valid_from, valid_to, '[]') WITH &&);
CREATE INDEX procedure_key ON procedure (key, valid_from);

ALTER TABLE procedure_paper
    ADD COLUMN code text,
    ADD COLUMN replaced_by text;

ALTER TABLE dossier_component
    ADD COLUMN reuse smallint NOT NULL DEFAULT 0,
    ADD COLUMN from_national_store boolean NOT NULL DEFAULT false,
    ADD COLUMN result_code text,
    ADD CONSTRAINT dossier_component_reuse_is_exchanged CHECK (reuse IN (0, 1, 2)),
    ADD CONSTRAINT dossier_component_reused_is_there
        CHECK (reuse = 0 OR document_id IS NOT NULL OR from_national_store);
CREATE INDEX dossier_component_document ON dossier_component (document_id) WHERE document_id IS NOT NULL;

ALTER TABLE dossier
    ADD COLUMN tax_code text,
    ADD CONSTRAINT dossier_tax_code_is_spelled CHECK (tax_code ~ '^[0-9]{10}(-[0-9]{3})?$');
ALTER TABLE appointment
    ADD COLUMN tax_code text,
    ADD CONSTRAINT appointment_tax_code_is_spelled CHECK (tax_code ~ '^[0-9]{10}(-[0-9]{3})?$');

CREATE TABLE business_delegation (
    id         uuid PRIMARY KEY,
    citizen_id uuid NOT NULL,
    tax_code   text NOT NULL,
    name       text NOT NULL,
    valid_from date NOT NULL,
    valid_to   date,
    reference  text NOT NULL,
    centre_id  uuid NOT NULL,
    made_at    timestamptz NOT NULL,
    CONSTRAINT business_delegation_tax_code_is_spelled CHECK (tax_code ~ '^[0-9]{10}(-[0-9]{3})?$'),
    CONSTRAINT business_delegation_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT business_delegation_is_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(citizen_id::text || tax_code, 0),
                  hashtextextended(citizen_id::text || tax_code, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
"""

BACKWARDS = """
DROP TABLE business_delegation;
ALTER TABLE appointment DROP COLUMN tax_code;
ALTER TABLE dossier DROP COLUMN tax_code;
DROP INDEX dossier_component_document;
ALTER TABLE dossier_component DROP CONSTRAINT dossier_component_reused_is_there,
    DROP COLUMN reuse, DROP COLUMN from_national_store, DROP COLUMN result_code;
ALTER TABLE procedure_paper DROP COLUMN code, DROP COLUMN replaced_by;
DROP INDEX procedure_key;
ALTER TABLE procedure DROP CONSTRAINT procedure_has_one_version_at_a_time,
    DROP COLUMN key, DROP COLUMN agency_vi, DROP COLUMN agency_en, DROP COLUMN form_schema;
"""
