"""Contracts with courier partners, and the item numbers they give us.

Assumes m0009. Nothing reads or writes the tables before the code that comes with them. Without a contract a
partner's couriers go everywhere, as before. Two contracts of one partner never hold on the same day: GiST
indexes ranges without an extension (decision 6).
"""

FORWARDS = """
CREATE TABLE courier_contract (
    id          uuid PRIMARY KEY,
    partner_id  uuid NOT NULL,
    decision    text NOT NULL,
    valid_from  date NOT NULL,
    valid_to    date,
    centres     text[] NOT NULL,
    tasks       text[] NOT NULL,
    procedures  text[] NOT NULL,
    communes    text[] NOT NULL,
    assigned_by text NOT NULL,
    terms       jsonb NOT NULL,
    made_at     timestamptz NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    CONSTRAINT courier_contract_decision_is_used_once UNIQUE (partner_id, decision),
    CONSTRAINT courier_contract_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT courier_contract_assigned_by_is_known CHECK (assigned_by IN ('motcua', 'partner')),
    CONSTRAINT courier_contract_one_at_a_time EXCLUDE USING gist (
        int8range(hashtextextended(partner_id::text, 0),
                  hashtextextended(partner_id::text, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);

CREATE TABLE item_number (
    number        text PRIMARY KEY,
    partner_id    uuid NOT NULL,
    valid_to      date NOT NULL,
    given_at      timestamptz NOT NULL,
    home_visit_id uuid,
    bound_at      timestamptz,
    CONSTRAINT item_number_is_bound_at_a_time CHECK ((home_visit_id IS NULL) = (bound_at IS NULL)),
    CONSTRAINT item_number_one_per_visit UNIQUE (partner_id, home_visit_id)
);
CREATE INDEX item_number_free ON item_number (partner_id, number) WHERE home_visit_id IS NULL;
"""

BACKWARDS = """
DROP TABLE item_number;
DROP TABLE courier_contract;
"""
