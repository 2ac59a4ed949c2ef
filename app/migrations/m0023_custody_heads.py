"""Daily signed heads of all chains of custody, and how far each chain was when one was signed.

Assumes m0006. Nothing reads or writes the tables before the code that comes with them; both are append
only, by the function of m0006.
"""

FORWARDS = """
CREATE TABLE custody_head (
    day       date PRIMARY KEY,
    body      text NOT NULL,
    kid       text NOT NULL,
    signature bytea NOT NULL,
    hash      bytea NOT NULL,
    CONSTRAINT custody_head_has_an_es256_signature CHECK (length(signature) = 64)
);
CREATE TRIGGER custody_head_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON custody_head
    FOR EACH STATEMENT EXECUTE FUNCTION custody_is_append_only();

-- The last link of a chain that had grown since the head before.
CREATE TABLE custody_signed (
    package_id uuid NOT NULL,
    n          integer NOT NULL,
    day        date NOT NULL REFERENCES custody_head (day) ON DELETE RESTRICT,
    hash       bytea NOT NULL,
    PRIMARY KEY (package_id, n)
);
CREATE INDEX custody_signed_day ON custody_signed (day, package_id);
CREATE TRIGGER custody_signed_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON custody_signed
    FOR EACH STATEMENT EXECUTE FUNCTION custody_is_append_only();
"""

BACKWARDS = """
DROP TABLE custody_signed;
DROP TABLE custody_head;
"""
