"""From a message to those it tells together.

Assumes m0050, whose `label` (what a message is called where it is one of several) and `part_of` (the
message it was told in) come into use. Code that runs beside it and does not know them goes on: what it owes
has no label and goes alone, and what it finds to be a part has ended.
"""

FORWARDS = """
CREATE INDEX message_part_of ON message (part_of) WHERE part_of IS NOT NULL;
"""

BACKWARDS = """
DROP INDEX message_part_of;
"""
