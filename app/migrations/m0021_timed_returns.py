"""A ticket knows the time its holder was offered to come back at, and the place that was taken for it.

Assumes m0015. Code from before it goes on: the new columns may be null, and whoever has none was offered
nothing.
"""

FORWARDS = """
ALTER TABLE ticket
    ADD COLUMN returns_at     timestamptz,
    ADD COLUMN return_state   text,
    ADD COLUMN return_slot_id uuid,
    ADD CONSTRAINT ticket_return_state_is_known
        CHECK (return_state IN ('offered', 'refused', 'withdrawn', 'agreed', 'back')),
    ADD CONSTRAINT ticket_return_has_a_time CHECK ((returns_at IS NULL) = (return_state IS NULL)),
    ADD CONSTRAINT ticket_has_a_place_only_when_agreed
        CHECK (return_slot_id IS NULL OR return_state IN ('agreed', 'back'));
CREATE INDEX ticket_return_place ON ticket (returns_at)
 WHERE return_state = 'agreed' AND return_slot_id IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX ticket_return_place;
ALTER TABLE ticket
    DROP CONSTRAINT ticket_has_a_place_only_when_agreed,
    DROP CONSTRAINT ticket_return_has_a_time,
    DROP CONSTRAINT ticket_return_state_is_known,
    DROP COLUMN return_slot_id,
    DROP COLUMN return_state,
    DROP COLUMN returns_at;
"""
