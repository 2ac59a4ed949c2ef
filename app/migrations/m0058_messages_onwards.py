"""What a message tells of, so that another way can be taken when this one fails late; and when its provider
wants to be asked again.

Assumes m0050. Code that runs beside it and does not know these columns goes on: what it owes is followed by
no other way once its work is done, and waits for its work alone.
"""

FORWARDS = """
ALTER TABLE message
    -- The fact as the outbox had it: ids, codes and times.
    ADD COLUMN fact_kind text NOT NULL DEFAULT '',
    ADD COLUMN fact jsonb NOT NULL DEFAULT '{}',
    -- Not called before: the provider's `Retry-After`, or our own pause.
    ADD COLUMN retry_at timestamptz;
"""

BACKWARDS = """
ALTER TABLE message DROP COLUMN retry_at, DROP COLUMN fact, DROP COLUMN fact_kind;
"""
