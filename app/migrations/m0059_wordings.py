"""Wordings are published by message editors, and one that was published stays as it is.

Assumes m0034 and m0050. Code that runs beside it goes on: no officer has the role yet, and nothing has been
written into `message_template` by anybody.
"""

FORWARDS = """
SET LOCAL lock_timeout = '5s';
ALTER TABLE officer DROP CONSTRAINT officer_role_is_known;
ALTER TABLE officer ADD CONSTRAINT officer_role_is_known
    CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor', 'calendar_editor', 'dispatcher',
                    'message_editor'));

-- The older version whose text was published again.
ALTER TABLE message_template ADD COLUMN text_of integer;
CREATE FUNCTION message_template_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a wording that was published stays as it is';
END $$;
CREATE TRIGGER message_template_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON message_template
    FOR EACH STATEMENT EXECUTE FUNCTION message_template_is_append_only();
"""

BACKWARDS = """
DROP TRIGGER message_template_is_append_only ON message_template;
DROP FUNCTION message_template_is_append_only;
ALTER TABLE message_template DROP COLUMN text_of;
-- Whoever may publish wordings may not therefore call numbers.
UPDATE officer SET role = 'officer', active = false WHERE role = 'message_editor';
ALTER TABLE officer DROP CONSTRAINT officer_role_is_known;
ALTER TABLE officer ADD CONSTRAINT officer_role_is_known
    CHECK (role IN ('officer', 'shift_lead', 'centre_leader', 'monitor', 'calendar_editor', 'dispatcher'));
"""
