"""Calls of messages are found by the provider's id and by when they were made, and messages on their way
apart from those that were taken and of which nothing more is heard.

Assumes m0050. Nobody writes calls or messages while it builds: about a minute for fifty million rows, in
which messages wait; their work is tried again. Code that runs beside it and does not know these indexes
goes on; its figures of messages read the whole table, and keep their last value where that takes too long.
"""

FORWARDS = """
-- Whether a provider's id is another message's; and what the calls of some days cost.
CREATE INDEX message_attempt_provider ON message_attempt (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX message_attempt_started ON message_attempt (started_at) WHERE segments IS NOT NULL;
-- What was taken and is looked after no more (a letter, a notice of the app) is not on its way.
CREATE INDEX message_on_its_way ON message (state, created_at)
    WHERE state IN ('ready', 'calling', 'unknown') OR (state = 'accepted' AND look_at IS NOT NULL);
DROP INDEX message_open;
"""

BACKWARDS = """
CREATE INDEX message_open ON message (state, created_at)
    WHERE state IN ('ready', 'calling', 'unknown', 'accepted');
DROP INDEX message_on_its_way;
DROP INDEX message_attempt_started, message_attempt_provider;
"""
