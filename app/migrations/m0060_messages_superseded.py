"""A newer message about the same thing makes an older one needless, and each call keeps what it cost.

Assumes m0050. Code that runs beside it and does not know the columns goes on: what it owes is about no
thing, and its calls have no price of their own.
"""

FORWARDS = """
ALTER TABLE message_attempt
    ADD COLUMN price numeric(12, 5),
    ADD COLUMN currency text,
    ADD CONSTRAINT message_attempt_price_has_a_currency CHECK ((price IS NULL) = (currency IS NULL));
-- Whether there is a newer one is asked before every call, also when that one has left already.
DROP INDEX message_thing;
CREATE INDEX message_of_thing ON message (thing, thing_version) WHERE thing <> '';
"""

BACKWARDS = """
DROP INDEX message_of_thing;
CREATE INDEX message_thing ON message (thing) WHERE state = 'ready' AND thing <> '';
ALTER TABLE message_attempt DROP COLUMN currency, DROP COLUMN price;
"""
