"""When a device said something, by whose clock; what waits too long; what a supervisor must look at.

Assumes m0006. Code before this one writes no `effective_at`: until it is gone the column may be empty, and
is then what the device said.
"""

FORWARDS = """
ALTER TABLE visit_event
    ADD COLUMN sent_at      timestamptz,
    ADD COLUMN effective_at timestamptz,
    ADD COLUMN device_id    text,
    ADD COLUMN boot_id      text,
    ADD COLUMN monotonic_ms bigint,
    ADD COLUMN fate         text,
    ADD CONSTRAINT visit_event_fate_is_known CHECK (fate IN ('overtaken', 'escalated', 'conflict'));
UPDATE visit_event SET effective_at = occurred_at;
CREATE INDEX visit_event_waiting ON visit_event (partner_id, received_at)
    WHERE applied_as IS NULL AND refused IS NULL AND fate IS NULL;

CREATE TABLE visit_incident (
    id            uuid PRIMARY KEY,
    home_visit_id uuid NOT NULL REFERENCES home_visit (id) ON DELETE RESTRICT,
    centre_id     uuid NOT NULL,
    kind          text NOT NULL,
    event_id      uuid,
    opened_at     timestamptz NOT NULL,
    closed_at     timestamptz,
    closed_by     uuid,
    note          text NOT NULL DEFAULT '',
    CONSTRAINT visit_incident_is_closed_by_somebody CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE UNIQUE INDEX visit_incident_open_once ON visit_incident (home_visit_id, kind)
    WHERE closed_at IS NULL;
CREATE INDEX visit_incident_centre ON visit_incident (centre_id, opened_at) WHERE closed_at IS NULL;
"""

BACKWARDS = """
DROP TABLE visit_incident;
DROP INDEX visit_event_waiting;
ALTER TABLE visit_event
    DROP CONSTRAINT visit_event_fate_is_known,
    DROP COLUMN sent_at,
    DROP COLUMN effective_at,
    DROP COLUMN device_id,
    DROP COLUMN boot_id,
    DROP COLUMN monotonic_ms,
    DROP COLUMN fate;
"""
