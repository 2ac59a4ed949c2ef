"""What the nightly check found of each day of a partner's money.

Assumes m0031. Append only by the code that writes it; nothing reads it before that code.
"""

FORWARDS = """
CREATE TABLE settlement_check (
    partner_id uuid NOT NULL,
    day        date NOT NULL,
    checked_on date NOT NULL,
    balanced   boolean NOT NULL,
    reasons    integer NOT NULL,
    PRIMARY KEY (partner_id, day, checked_on),
    CONSTRAINT settlement_check_balanced_has_no_reason CHECK (balanced = (reasons = 0)),
    CONSTRAINT settlement_check_comes_after_its_day CHECK (checked_on > day)
);
CREATE INDEX money_case_open ON money_case (day) WHERE state = 'open';
CREATE INDEX cash_entry_day ON cash_entry (day);
CREATE INDEX cash_entry_reverses ON cash_entry (reverses) WHERE reverses IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX cash_entry_reverses;
DROP INDEX cash_entry_day;
DROP INDEX money_case_open;
DROP TABLE settlement_check;
"""
