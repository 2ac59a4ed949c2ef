"""All ten statuses: why a dossier moved, when its clock stood still, which dates were promised.

Assumes m0007. Code that runs beside it goes on: it writes dossiers that have a promised date and one
centre, and every new column has an answer for those. A dossier that is only registered has no promised
date yet.
"""

FORWARDS = """
SET LOCAL lock_timeout = '5s';

ALTER TABLE dossier
    ALTER COLUMN due_at DROP NOT NULL,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN supplement_count smallint NOT NULL DEFAULT 0,
    ADD COLUMN extension_count smallint NOT NULL DEFAULT 0,
    ADD COLUMN competent_centre_id uuid,
    ADD CONSTRAINT dossier_counts_are_counts CHECK (supplement_count >= 0 AND extension_count >= 0),
    ADD CONSTRAINT dossier_being_worked_on_is_promised
        CHECK (status NOT IN (2, 4, 6, 9, 10) OR due_at IS NOT NULL),
    ADD CONSTRAINT dossier_is_competent_elsewhere_or_says_nothing
        CHECK (competent_centre_id <> centre_id);
UPDATE dossier SET ended_at = completed_at WHERE completed_at IS NOT NULL;
CREATE INDEX dossier_competent ON dossier (competent_centre_id, accepted_at)
    WHERE competent_centre_id IS NOT NULL;
CREATE INDEX dossier_running ON dossier (due_at) WHERE status IN (2, 4, 5, 6);

-- What an officer decided and why: the words stand here and nowhere else.
CREATE TABLE dossier_decision (
    id              uuid PRIMARY KEY,
    dossier_id      uuid NOT NULL REFERENCES dossier (id) ON DELETE RESTRICT,
    move            text NOT NULL,
    from_status     smallint NOT NULL,
    to_status       smallint NOT NULL,
    reason          text NOT NULL,
    apology         text,
    counts_as_late  boolean NOT NULL DEFAULT false,
    previous_due_at timestamptz,
    due_at          timestamptz,
    at              timestamptz NOT NULL,
    actor_id        text NOT NULL,
    CONSTRAINT dossier_decision_has_a_reason CHECK (reason <> ''),
    CONSTRAINT dossier_decision_is_between_statuses
        CHECK (from_status BETWEEN 1 AND 10 AND to_status BETWEEN 1 AND 10)
);
CREATE INDEX dossier_decision_dossier ON dossier_decision (dossier_id, at, id);

-- A time somebody else has the next word. `stops_clock` says whether the promised date moves by it.
CREATE TABLE dossier_pause (
    id              uuid PRIMARY KEY,
    dossier_id      uuid NOT NULL REFERENCES dossier (id) ON DELETE RESTRICT,
    status          smallint NOT NULL,
    from_status     smallint NOT NULL,
    stops_clock     boolean NOT NULL,
    began_at        timestamptz NOT NULL,
    ended_at        timestamptz,
    previous_due_at timestamptz,
    due_at          timestamptz,
    CONSTRAINT dossier_pause_is_for_a_supplement_or_a_payment CHECK (status IN (5, 6)),
    CONSTRAINT dossier_pause_ends_after_it_began CHECK (ended_at >= began_at)
);
CREATE INDEX dossier_pause_dossier ON dossier_pause (dossier_id, began_at, id);
CREATE UNIQUE INDEX dossier_pause_is_one_at_a_time ON dossier_pause (dossier_id) WHERE ended_at IS NULL;

-- Who was warned of which promised date: a row is written once, however often the clock looks.
CREATE TABLE dossier_warning (
    dossier_id uuid NOT NULL REFERENCES dossier (id) ON DELETE RESTRICT,
    due_at     timestamptz NOT NULL,
    level      text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (dossier_id, due_at, level),
    CONSTRAINT dossier_warning_level_is_known CHECK (level IN ('officer', 'leader', 'overdue'))
);

-- Form 04 as it waits for its reason and a signature.
CREATE TABLE dossier_apology_draft (
    dossier_id      uuid NOT NULL REFERENCES dossier (id) ON DELETE RESTRICT,
    due_at          timestamptz NOT NULL,
    proposed_due_at timestamptz NOT NULL,
    reason          text NOT NULL DEFAULT '',
    state           text NOT NULL,
    created_at      timestamptz NOT NULL,
    sent_at         timestamptz,
    PRIMARY KEY (dossier_id, due_at),
    CONSTRAINT dossier_apology_draft_state_is_known CHECK (state IN ('draft', 'sent')),
    CONSTRAINT dossier_apology_draft_is_sent_with_a_reason
        CHECK (state = 'draft' OR (reason <> '' AND sent_at IS NOT NULL))
);
"""

BACKWARDS = """
DROP TABLE dossier_apology_draft;
DROP TABLE dossier_warning;
DROP TABLE dossier_pause;
DROP TABLE dossier_decision;
DROP INDEX dossier_running;
DROP INDEX dossier_competent;
ALTER TABLE dossier
    DROP CONSTRAINT dossier_is_competent_elsewhere_or_says_nothing,
    DROP CONSTRAINT dossier_being_worked_on_is_promised,
    DROP CONSTRAINT dossier_counts_are_counts,
    DROP COLUMN competent_centre_id,
    DROP COLUMN extension_count,
    DROP COLUMN supplement_count,
    DROP COLUMN ended_at;
UPDATE dossier SET due_at = accepted_at WHERE due_at IS NULL;
ALTER TABLE dossier ALTER COLUMN due_at SET NOT NULL;
"""
