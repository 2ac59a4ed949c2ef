"""An endpoint's attempts are found by how they ended and when, a partner's events by when they happened:
whole histories are read no more.

Assumes m0009 and m0029. Attempts are not noted while it builds (about a minute for fifty million rows): one
that was made then may be made again, with the same id. Code that runs beside it and does not know these
indexes goes on.
"""

FORWARDS = """
CREATE INDEX webhook_delivery_failed ON webhook_delivery (endpoint_id, at)
    WHERE outcome NOT IN ('delivered', 'skipped');
CREATE INDEX webhook_delivery_taken ON webhook_delivery (endpoint_id, at) WHERE outcome = 'delivered';
-- The list a partner reads, newest first: ids grow with time.
CREATE INDEX webhook_delivery_listed ON webhook_delivery (endpoint_id, id);
-- How soon the events of a period were taken.
CREATE INDEX partner_event_at ON partner_event (partner_id, at);
"""

BACKWARDS = """
DROP INDEX partner_event_at, webhook_delivery_listed, webhook_delivery_taken, webhook_delivery_failed;
"""
