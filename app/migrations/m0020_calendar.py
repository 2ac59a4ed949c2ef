"""Proposed days of the calendar, and what each confirmed one did at each centre.

Assumes m0003 and m0012. Code that runs beside it and does not know calendar editors goes on: no officer
has the role yet.
"""

FORWARDS = """
ALTER TABLE officer DROP CONSTRAINT officer_role_is_known;
ALTER TABLE officer ADD CONSTRAINT officer_role_is_known
    CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor', 'calendar_editor'));

CREATE TABLE calendar_proposal (
    id           uuid PRIMARY KEY,
    day          date NOT NULL,
    kind         text NOT NULL,
    name_vi      text NOT NULL,
    name_en      text NOT NULL,
    stands_for   date,
    reference    text NOT NULL,
    orphans      text NOT NULL,
    impact       jsonb NOT NULL,
    state        text NOT NULL,
    proposed_by  uuid NOT NULL,
    confirmed_by uuid,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT calendar_proposal_kind_is_known CHECK (kind IN ('holiday', 'working')),
    CONSTRAINT calendar_proposal_orphans_is_known CHECK (orphans IN ('keep', 'cancel', 'move')),
    CONSTRAINT calendar_proposal_state_is_known CHECK (state IN ('proposed', 'confirmed', 'done')),
    CONSTRAINT calendar_proposal_is_confirmed_by_another_person CHECK (confirmed_by <> proposed_by),
    CONSTRAINT calendar_proposal_is_confirmed_by_somebody
        CHECK ((state = 'proposed') = (confirmed_by IS NULL))
);

-- One row per centre that a confirmed day has been carried out at: written in the same transaction.
CREATE TABLE calendar_effect (
    proposal_id uuid NOT NULL REFERENCES calendar_proposal (id) ON DELETE RESTRICT,
    centre_id   uuid NOT NULL,
    openings    integer NOT NULL,
    outcome     jsonb,
    PRIMARY KEY (proposal_id, centre_id)
);
"""

BACKWARDS = """
DROP TABLE calendar_effect;
DROP TABLE calendar_proposal;
ALTER TABLE officer DROP CONSTRAINT officer_role_is_known;
ALTER TABLE officer ADD CONSTRAINT officer_role_is_known
    CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor'));
"""
