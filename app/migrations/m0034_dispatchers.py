"""Officers may be dispatchers: somebody of the postal enterprise at a centre, who sees the rounds.

Assumes m0020. Code that runs beside it and does not know dispatchers goes on: no officer has the role yet.
"""

FORWARDS = """
ALTER TABLE officer DROP CONSTRAINT officer_role_is_known;
ALTER TABLE officer ADD CONSTRAINT officer_role_is_known
    CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor', 'calendar_editor', 'dispatcher'));
"""

BACKWARDS = """
-- Whoever may see the rounds may not therefore call numbers.
UPDATE officer SET role = 'officer', active = false WHERE role = 'dispatcher';
ALTER TABLE officer DROP CONSTRAINT officer_role_is_known;
ALTER TABLE officer ADD CONSTRAINT officer_role_is_known
    CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor', 'calendar_editor'));
"""
