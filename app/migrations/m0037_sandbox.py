"""The time of a sandbox: one row, and only where the deployment is one.

Assumes m0009. Code that runs beside it and does not know sandboxes goes on: the table stays empty there.
"""

FORWARDS = """
SET LOCAL lock_timeout = '5s';
CREATE TABLE sandbox_clock (
    sole     boolean PRIMARY KEY DEFAULT true,
    ahead    interval NOT NULL,
    moved_to timestamptz,
    begun_at timestamptz NOT NULL,
    moved_at timestamptz NOT NULL,
    CONSTRAINT sandbox_has_one_clock CHECK (sole),
    CONSTRAINT sandbox_is_never_behind CHECK (ahead >= interval '0')
);

-- Whatever a program or a person does here: time goes forward, and stays what it was.
CREATE FUNCTION sandbox_clock_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the clock of a sandbox is not taken away';
    END IF;
    IF NEW.ahead < OLD.ahead THEN
        RAISE EXCEPTION 'the clock of a sandbox only goes forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sandbox_clock_only_forward BEFORE UPDATE OR DELETE ON sandbox_clock
    FOR EACH ROW EXECUTE FUNCTION sandbox_clock_only_forward();
"""

BACKWARDS = """
DROP TABLE sandbox_clock;
DROP FUNCTION sandbox_clock_only_forward();
"""
