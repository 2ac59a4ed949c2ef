"""Area closures name several communes, and who said so; planning rules have a version.

Assumes m0024, whose closures no route could write: code that runs beside this knows none.
"""

FORWARDS = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE area_closure DROP CONSTRAINT area_closure_is_a_commune_or_a_circle;
ALTER TABLE area_closure ADD COLUMN communes text[];
UPDATE area_closure SET communes = ARRAY[commune] WHERE commune IS NOT NULL;
ALTER TABLE area_closure DROP COLUMN commune;
ALTER TABLE area_closure RENAME COLUMN reason TO reason_vi;
ALTER TABLE area_closure RENAME COLUMN made_at TO announced_at;
ALTER TABLE area_closure ADD COLUMN reason_en text NOT NULL DEFAULT '';
ALTER TABLE area_closure ADD COLUMN kind text NOT NULL DEFAULT 'other';
ALTER TABLE area_closure ADD COLUMN announced_by uuid;
ALTER TABLE area_closure ADD COLUMN lifted_at timestamptz;
ALTER TABLE area_closure ADD COLUMN lifted_by uuid;
ALTER TABLE area_closure ADD CONSTRAINT area_closure_is_communes_or_a_circle CHECK (
    (communes IS NULL) = (lat IS NOT NULL AND lon IS NOT NULL AND radius_km > 0)
    AND (lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (radius_km IS NULL)
    AND cardinality(communes) IS DISTINCT FROM 0);
ALTER TABLE area_closure ADD CONSTRAINT area_closure_kind_is_known
    CHECK (kind IN ('flood', 'road', 'storm', 'other'));
ALTER TABLE area_closure ADD CONSTRAINT area_closure_is_lifted_once
    CHECK (lifted_by IS NULL OR lifted_at IS NOT NULL);
ALTER TABLE planning_rule ADD COLUMN version integer NOT NULL DEFAULT 1;
-- Rounds whose block is over are looked for every minute.
CREATE INDEX duty_to_close ON duty (ends_at) WHERE state IN ('planned', 'published', 'started');
"""

BACKWARDS = """
DROP INDEX duty_to_close;
ALTER TABLE planning_rule DROP COLUMN version;
ALTER TABLE area_closure DROP CONSTRAINT area_closure_is_lifted_once;
ALTER TABLE area_closure DROP CONSTRAINT area_closure_kind_is_known;
ALTER TABLE area_closure DROP CONSTRAINT area_closure_is_communes_or_a_circle;
-- A lifted closure closes nothing; one of several communes becomes one for each.
DELETE FROM area_closure WHERE lifted_at IS NOT NULL;
ALTER TABLE area_closure ADD COLUMN commune text;
INSERT INTO area_closure (id, commune, starts_at, ends_at, reason_vi, announced_at)
    SELECT gen_random_uuid(), unnest(communes), starts_at, ends_at, reason_vi, announced_at
      FROM area_closure WHERE communes IS NOT NULL;
DELETE FROM area_closure WHERE communes IS NOT NULL;
ALTER TABLE area_closure DROP COLUMN communes;
ALTER TABLE area_closure DROP COLUMN lifted_by;
ALTER TABLE area_closure DROP COLUMN lifted_at;
ALTER TABLE area_closure DROP COLUMN announced_by;
ALTER TABLE area_closure DROP COLUMN kind;
ALTER TABLE area_closure DROP COLUMN reason_en;
ALTER TABLE area_closure RENAME COLUMN announced_at TO made_at;
ALTER TABLE area_closure RENAME COLUMN reason_vi TO reason;
ALTER TABLE area_closure ADD CONSTRAINT area_closure_is_a_commune_or_a_circle CHECK (
    (commune IS NULL) = (lat IS NOT NULL AND lon IS NOT NULL AND radius_km > 0)
    AND (lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (radius_km IS NULL));
"""
