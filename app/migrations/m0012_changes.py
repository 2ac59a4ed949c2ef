"""Appointments that have lost their places, and changes of capacity proposed before they are made.

Assumes m0004. Code that does not know `placement` may run beside it: every appointment is supported
until a change is applied, and the column has a default.
"""

FORWARDS = """
ALTER TABLE appointment ADD COLUMN placement text NOT NULL DEFAULT 'supported'
    CONSTRAINT appointment_placement_is_known CHECK (placement IN ('supported', 'orphaned'));
-- Few at any time, and asked for whenever a place is given back.
CREATE INDEX appointment_orphans ON appointment (centre_id, starts_at) WHERE placement = 'orphaned';

CREATE TABLE change_proposal (
    id         uuid PRIMARY KEY,
    centre_id  uuid NOT NULL,
    change     jsonb NOT NULL,
    openings   jsonb NOT NULL,
    mark       text NOT NULL,
    reason     text,
    impact     jsonb NOT NULL,
    state      text NOT NULL,
    orphans    text,
    outcome    jsonb,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT change_proposal_state_is_known CHECK (state IN ('proposed', 'applied')),
    CONSTRAINT change_proposal_orphans_is_known CHECK (orphans IN ('keep', 'cancel', 'move')),
    CONSTRAINT change_proposal_has_an_outcome_once_applied
        CHECK ((state = 'applied') = (orphans IS NOT NULL AND outcome IS NOT NULL))
);
CREATE INDEX change_proposal_centre ON change_proposal (centre_id, id);
"""

BACKWARDS = """
DROP TABLE change_proposal;
DROP INDEX appointment_orphans;
ALTER TABLE appointment DROP COLUMN placement;
"""
