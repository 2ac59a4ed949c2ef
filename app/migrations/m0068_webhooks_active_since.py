"""Since when an endpoint is to be told: what it did not take before it was made active again, or had
another address, is not held against it.

Assumes m0009. Code that runs beside it and does not know the column goes on; none says as much as "always".
"""

FORWARDS = """
ALTER TABLE webhook_endpoint ADD COLUMN active_since timestamptz;
"""

BACKWARDS = """
ALTER TABLE webhook_endpoint DROP COLUMN active_since;
"""
