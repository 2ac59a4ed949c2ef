"""Answers to surveys.

Assumes m0001. Nothing reads or writes the table before the code that comes with it.
"""

FORWARDS = """
CREATE TABLE survey_answer (
    id              uuid PRIMARY KEY,
    subject_kind    text NOT NULL,
    subject_id      uuid NOT NULL,
    centre_id       uuid NOT NULL,
    served_on       date NOT NULL,
    procedure_codes text[] NOT NULL,
    total_time      smallint NOT NULL,
    unit_times      smallint NOT NULL,
    contacts        smallint NOT NULL,
    agencies        smallint NOT NULL,
    organisation    smallint NOT NULL,
    publicity       smallint NOT NULL,
    attitude        smallint NOT NULL,
    complaints      smallint NOT NULL,
    online          smallint NOT NULL,
    convenience     text NOT NULL,
    overall         text NOT NULL,
    comment         text,
    locale          text NOT NULL,
    answered_at     timestamptz NOT NULL,
    CONSTRAINT survey_is_answered_once UNIQUE (subject_kind, subject_id),
    CONSTRAINT survey_is_about_a_ticket_or_a_dossier CHECK (subject_kind IN ('ticket', 'dossier')),
    CONSTRAINT survey_grades_are_0_to_2 CHECK (
        least(total_time, unit_times, contacts, agencies, organisation, publicity, attitude,
              complaints, online) >= 0
        AND greatest(total_time, unit_times, contacts, agencies, organisation, publicity, attitude,
                     complaints, online) <= 2),
    CONSTRAINT survey_levels_are_known CHECK (
        convenience IN ('very_satisfied', 'satisfied', 'not_satisfied')
        AND overall IN ('very_satisfied', 'satisfied', 'not_satisfied')),
    CONSTRAINT survey_comment_is_short CHECK (char_length(comment) BETWEEN 1 AND 1000)
);
CREATE INDEX survey_answer_centre ON survey_answer (centre_id, served_on);
"""

BACKWARDS = """
DROP TABLE survey_answer;
"""
