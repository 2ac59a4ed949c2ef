"""The journal's lines have a number, and seals say what stood under the numbers.

Assumes m0001. Code that runs beside it and does not know them goes on: the number comes by itself, and
nobody but the worker writes seals. The lines that are there are numbered in place, which writes the table
anew once: two minutes for ten million lines, in which nobody writes to the journal.
"""

FORWARDS = """
ALTER TABLE journal ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX journal_seq ON journal (seq);

-- `marks`: for each line its number and the beginning of its hash, so that a bad one can be named.
CREATE TABLE journal_seal (
    n         bigint PRIMARY KEY,
    upto      bigint NOT NULL,
    made_at   timestamptz NOT NULL,
    body      text NOT NULL,
    kid       text NOT NULL,
    signature bytea NOT NULL,
    hash      bytea NOT NULL,
    marks     bytea NOT NULL,
    CONSTRAINT journal_seal_has_an_es256_signature CHECK (length(signature) = 64),
    CONSTRAINT journal_seal_marks_are_whole CHECK (length(marks) % 16 = 0)
);
CREATE INDEX journal_seal_day ON journal_seal (made_at);
CREATE TRIGGER journal_seal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_seal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""

BACKWARDS = """
DROP TABLE journal_seal;
ALTER TABLE journal DROP COLUMN seq;
"""
