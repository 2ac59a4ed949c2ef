"""Attendance: no-shows that were excused. Limits: the holds of a person are numbered.

Assumes m0004. Code that runs beside it and does not know it goes on: it excuses nobody, and numbers no
hold.
"""

FORWARDS = """
SET LOCAL lock_timeout = '4s';
CREATE TABLE no_show_excuse (
    appointment_id uuid PRIMARY KEY,
    centre_id      uuid NOT NULL,
    citizen_id     uuid NOT NULL,
    officer_id     uuid NOT NULL,
    reason         text NOT NULL,
    at             timestamptz NOT NULL,
    CONSTRAINT no_show_excuse_has_a_reason CHECK (reason <> '')
);

-- Two holds of a person cannot have the same number, so that a person racing themselves has no third.
ALTER TABLE appointment ADD COLUMN hold_number smallint;
CREATE UNIQUE INDEX appointment_hold_of_a_person_has_a_number_of_its_own
    ON appointment (citizen_id, hold_number) WHERE state = 'held' AND hold_number IS NOT NULL;
"""

BACKWARDS = """
ALTER TABLE appointment DROP COLUMN hold_number;
DROP TABLE no_show_excuse;
"""
