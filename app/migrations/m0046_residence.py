"""Where the matter of a dossier is, by the unit of its day; and which unit that is since, once it was said.

Assumes m0003 and m0007. Code that runs beside it and does not know the table goes on: its dossiers say
nothing of a commune. The unit of the day is never rewritten.
"""

FORWARDS = """
CREATE TABLE dossier_residence (
    dossier_id      uuid PRIMARY KEY REFERENCES dossier (id) ON DELETE RESTRICT,
    unit_id         uuid NOT NULL,
    address         text NOT NULL DEFAULT '',
    current_unit_id uuid,
    answered_at     timestamptz,
    answered_by     text,
    CONSTRAINT dossier_residence_is_answered_whole CHECK (
        (current_unit_id IS NULL) = (answered_at IS NULL) AND (answered_at IS NULL) = (answered_by IS NULL))
);
"""

BACKWARDS = """
DROP TABLE dossier_residence;
"""
