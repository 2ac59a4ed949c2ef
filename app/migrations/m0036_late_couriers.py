"""Until when a courier's lateness is known, and who was told of it.

Assumes m0026. Code before this one writes neither: lateness it is told is then as old as any report.
"""

FORWARDS = """
ALTER TABLE duty ADD COLUMN clear_as_of timestamptz;
ALTER TABLE round_stop ADD COLUMN late_told_at timestamptz;
CREATE INDEX round_stop_late ON round_stop (date) WHERE late_told_at IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX round_stop_late;
ALTER TABLE round_stop DROP COLUMN late_told_at;
ALTER TABLE duty DROP COLUMN clear_as_of;
"""
