"""Attendance: no-shows that were excused.

Assumes m0004. Code that runs beside it and does not know it goes on, and excuses nobody.
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
"""

BACKWARDS = """
DROP TABLE no_show_excuse;
"""
