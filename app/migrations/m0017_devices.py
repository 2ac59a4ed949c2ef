"""One-time codes by which kiosks and boards are enrolled, and what a device is called.

Assumes m0002. The new column has a default, so the program of before goes on writing beside it.
"""

FORWARDS = """
CREATE TABLE device_enrolment (
    device_id   uuid PRIMARY KEY,
    centre_id   uuid NOT NULL,
    kind        text NOT NULL,
    label       text NOT NULL,
    code_digest bytea NOT NULL,
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    CONSTRAINT device_enrolment_kind_is_known CHECK (kind IN ('kiosk', 'board'))
);
CREATE INDEX device_enrolment_code ON device_enrolment (code_digest);

ALTER TABLE device_credential ADD COLUMN label text NOT NULL DEFAULT '';
CREATE INDEX device_credential_centre ON device_credential (centre_id);
"""

BACKWARDS = """
DROP INDEX device_credential_centre;
ALTER TABLE device_credential DROP COLUMN label;
DROP TABLE device_enrolment;
"""
