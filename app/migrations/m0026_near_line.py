"""Until when a day is being searched, when it last was for long; when a late courier is free again.

Assumes m0024. Code before it does not read the columns.
"""

FORWARDS = """
ALTER TABLE day_plan ADD COLUMN optimising_until timestamptz;
ALTER TABLE day_plan ADD COLUMN searched_at timestamptz;
-- Without a door: free at the post office, to begin with.
ALTER TABLE duty ADD COLUMN clear_of uuid;
ALTER TABLE duty ADD COLUMN clear_at timestamptz;
ALTER TABLE duty ADD CONSTRAINT duty_is_clear_of_a_door_at_a_time
    CHECK (clear_of IS NULL OR clear_at IS NOT NULL);
"""

BACKWARDS = """
ALTER TABLE duty DROP CONSTRAINT duty_is_clear_of_a_door_at_a_time;
ALTER TABLE duty DROP COLUMN clear_at;
ALTER TABLE duty DROP COLUMN clear_of;
ALTER TABLE day_plan DROP COLUMN searched_at;
ALTER TABLE day_plan DROP COLUMN optimising_until;
"""
