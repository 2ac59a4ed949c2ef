"""What the national portal was told of each dossier, where it disagrees, and what a registry still owes.

Assumes m0007. Code that runs beside it and does not know the portal goes on: the tables stay empty.
"""

FORWARDS = """
-- One row per dossier: how many steps of its timeline the portal has, and who is telling it now.
CREATE TABLE portal_dossier (
    dossier_id uuid PRIMARY KEY,
    number     text NOT NULL,
    told_steps integer NOT NULL DEFAULT 0,
    record_mac bytea,
    tries      integer NOT NULL DEFAULT 0,
    refusals   integer NOT NULL DEFAULT 0,
    held_by    uuid,
    held_until timestamptz,
    CONSTRAINT portal_dossier_is_numbered_once UNIQUE (number),
    CONSTRAINT portal_dossier_counts_from_zero CHECK (told_steps >= 0 AND tries >= 0 AND refusals >= 0)
);

CREATE TABLE portal_step (
    dossier_id  uuid NOT NULL,
    step        integer NOT NULL,
    status      smallint NOT NULL,
    happened_at timestamptz NOT NULL,
    told_at     timestamptz NOT NULL,
    PRIMARY KEY (dossier_id, step),
    CONSTRAINT portal_step_counts_from_one CHECK (step >= 1)
);
CREATE INDEX portal_step_told ON portal_step (told_at);

CREATE TABLE portal_conflict (
    id         uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    number     text NOT NULL,
    kind       text NOT NULL,
    ours       smallint NOT NULL,
    theirs     smallint,
    error_code text NOT NULL,
    seen_at    timestamptz NOT NULL,
    closed_at  timestamptz,
    closed_because text NOT NULL DEFAULT '',
    CONSTRAINT portal_conflict_kind_is_known CHECK (kind IN ('other_state', 'refused')),
    CONSTRAINT portal_conflict_is_closed_for_a_reason CHECK ((closed_at IS NULL) = (closed_because = ''))
);
CREATE UNIQUE INDEX portal_conflict_open_once ON portal_conflict (dossier_id, kind) WHERE closed_at IS NULL;

-- One row per question a dossier's intake raised. The answer itself is not kept, only its verdict.
CREATE TABLE registry_check (
    dossier_id  uuid NOT NULL,
    registry    text NOT NULL,
    purpose     text NOT NULL,
    verdict     text,
    owed_at     timestamptz NOT NULL,
    answered_at timestamptz,
    tries       integer NOT NULL DEFAULT 0,
    PRIMARY KEY (dossier_id, registry),
    CONSTRAINT registry_check_registry_is_known
        CHECK (registry IN ('population', 'business', 'insurance', 'land')),
    CONSTRAINT registry_check_answered_has_a_verdict CHECK ((answered_at IS NULL) = (verdict IS NULL)),
    CONSTRAINT registry_check_verdict_is_known
        CHECK (verdict IN ('match', 'mismatch', 'not_found', 'refused'))
);
CREATE INDEX registry_check_owed ON registry_check (owed_at) WHERE answered_at IS NULL;
"""

BACKWARDS = """
DROP TABLE registry_check;
DROP TABLE portal_conflict;
DROP TABLE portal_step;
DROP TABLE portal_dossier;
"""
