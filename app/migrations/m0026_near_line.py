"""Who searches a day for shorter rounds, until when, and when it was last searched for long.

Assumes m0024. Code before it does not read the two columns.
"""

FORWARDS = """
ALTER TABLE day_plan ADD COLUMN optimising_until timestamptz;
ALTER TABLE day_plan ADD COLUMN searched_at timestamptz;
"""

BACKWARDS = """
ALTER TABLE day_plan DROP COLUMN searched_at;
ALTER TABLE day_plan DROP COLUMN optimising_until;
"""
