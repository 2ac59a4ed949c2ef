"""Who granted a delegation, as what, and its revocation; what a business has is found by its tax code.

Assumes m0042. Code that runs beside it and does not know roles goes on: it wrote no delegation, and what it
books is nobody's but the person's. The way back forgets what a representative granted and what was revoked.
"""

FORWARDS = """
ALTER TABLE business_delegation
    ADD COLUMN role text NOT NULL DEFAULT 'delegate',
    ADD COLUMN granted_by uuid,
    ADD COLUMN revoked_at timestamptz,
    ADD COLUMN revoked_because text NOT NULL DEFAULT '',
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ALTER COLUMN centre_id DROP NOT NULL,
    ADD CONSTRAINT business_delegation_role_is_known CHECK (role IN ('representative', 'delegate')),
    ADD CONSTRAINT business_delegation_has_one_origin CHECK ((granted_by IS NULL) <> (centre_id IS NULL)),
    ADD CONSTRAINT business_delegation_representative_is_seen_at_a_centre
        CHECK (role = 'delegate' OR centre_id IS NOT NULL),
    ADD CONSTRAINT business_delegation_of_a_delegate_ends
        CHECK (role = 'representative' OR valid_to IS NOT NULL),
    DROP CONSTRAINT business_delegation_is_one_at_a_time,
    ADD CONSTRAINT business_delegation_is_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(citizen_id::text || tax_code, 0),
                  hashtextextended(citizen_id::text || tax_code, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&) WHERE (revoked_at IS NULL);
CREATE INDEX business_delegation_citizen ON business_delegation (citizen_id, id);
CREATE INDEX business_delegation_business ON business_delegation (tax_code, id);
CREATE INDEX appointment_of_a_business ON appointment (tax_code, starts_at, id) WHERE tax_code IS NOT NULL;
CREATE INDEX dossier_of_a_business ON dossier (tax_code, id) WHERE tax_code IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX dossier_of_a_business;
DROP INDEX appointment_of_a_business;
DROP INDEX business_delegation_business;
DROP INDEX business_delegation_citizen;
DELETE FROM business_delegation WHERE granted_by IS NOT NULL OR revoked_at IS NOT NULL;
ALTER TABLE business_delegation
    DROP CONSTRAINT business_delegation_is_one_at_a_time,
    DROP CONSTRAINT business_delegation_of_a_delegate_ends,
    DROP CONSTRAINT business_delegation_representative_is_seen_at_a_centre,
    DROP CONSTRAINT business_delegation_has_one_origin,
    DROP CONSTRAINT business_delegation_role_is_known,
    ALTER COLUMN centre_id SET NOT NULL,
    DROP COLUMN version,
    DROP COLUMN revoked_because,
    DROP COLUMN revoked_at,
    DROP COLUMN granted_by,
    DROP COLUMN role,
    ADD CONSTRAINT business_delegation_is_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(citizen_id::text || tax_code, 0),
                  hashtextextended(citizen_id::text || tax_code, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&);
"""
