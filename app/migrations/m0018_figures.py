"""The events of a day are found by their centre and time.

Assumes m0005. An index more; code from before it goes on.
"""

FORWARDS = """
CREATE INDEX queue_event_issues ON queue_event (centre_id, at) WHERE type = 'issued';
"""

BACKWARDS = """
DROP INDEX queue_event_issues;
"""
