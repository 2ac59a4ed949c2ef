"""How long before an appointment its person is reminded, as a centre decides, and the path to those due.

Assumes m0004, m0011 and m0050. Code that runs beside it reminds nobody, and what it decides about booking
reminds a day before.
"""

FORWARDS = """
ALTER TABLE booking_rule ADD COLUMN reminder_minutes smallint NOT NULL DEFAULT 1440
    CONSTRAINT booking_rule_reminds_within_a_week CHECK (reminder_minutes BETWEEN 0 AND 10080);
CREATE INDEX appointment_ahead ON appointment (starts_at) WHERE state = 'confirmed';
"""

BACKWARDS = """
DROP INDEX appointment_ahead;
ALTER TABLE booking_rule DROP COLUMN reminder_minutes;
"""
