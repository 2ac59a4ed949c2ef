"""Money at the door: tariffs, exemptions, charges, receipts, the cash book, and cases.

Assumes m0006. Nothing reads or writes the tables before the code that comes with them. A visit promised
by the program of before has no charges, so nothing is asked of it. `cash_entry` is append only: each row
takes an amount from one account and gives it to another, so the book sums to zero whatever is in it.
"""

FORWARDS = """
CREATE TABLE postage_tariff (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    up_to_km   integer,
    amount_vnd integer NOT NULL,
    decision   text NOT NULL,
    valid_from date NOT NULL,
    valid_to   date,
    CONSTRAINT postage_tariff_is_for_a_leg CHECK (kind IN ('collection', 'delivery')),
    CONSTRAINT postage_tariff_is_not_negative CHECK (amount_vnd >= 0),
    CONSTRAINT postage_tariff_has_a_distance CHECK (up_to_km > 0),
    CONSTRAINT postage_tariff_ends_after_it_starts CHECK (valid_to >= valid_from),
    CONSTRAINT postage_tariff_is_said_once UNIQUE NULLS NOT DISTINCT (kind, up_to_km, valid_from)
);

CREATE TABLE payment_exemption (
    id             uuid PRIMARY KEY,
    code           text NOT NULL,
    purse          text NOT NULL,
    sector         text,
    procedure_code text,
    by_proof       boolean NOT NULL,
    name_vi        text NOT NULL,
    name_en        text NOT NULL,
    decision       text NOT NULL,
    valid_from     date NOT NULL,
    valid_to       date,
    CONSTRAINT payment_exemption_is_from_a_purse CHECK (purse IN ('state', 'postage')),
    CONSTRAINT payment_exemption_ends_after_it_starts CHECK (valid_to >= valid_from),
    CONSTRAINT payment_exemption_is_said_once
        UNIQUE NULLS NOT DISTINCT (code, purse, sector, procedure_code, valid_from)
);

CREATE TABLE charge (
    id             uuid PRIMARY KEY,
    home_visit_id  uuid NOT NULL,
    purse          text NOT NULL,
    procedure_code text NOT NULL,
    amount_vnd     integer,
    decision       text NOT NULL,
    state          text NOT NULL,
    because        text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    CONSTRAINT charge_is_of_a_purse CHECK (purse IN ('state', 'postage')),
    CONSTRAINT charge_is_not_negative CHECK (amount_vnd >= 0),
    CONSTRAINT charge_state_is_known CHECK (state IN ('due', 'waived', 'cancelled')),
    CONSTRAINT charge_is_made_once UNIQUE (home_visit_id, purse, procedure_code)
);

CREATE TABLE receipt (
    issuer_id     uuid NOT NULL,
    number        text NOT NULL,
    home_visit_id uuid NOT NULL,
    courier_id    uuid,
    purse         text NOT NULL,
    amount_vnd    integer NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (issuer_id, number),
    CONSTRAINT receipt_is_of_a_purse CHECK (purse IN ('state', 'postage'))
);

CREATE TABLE cash_entry (
    id            uuid PRIMARY KEY,
    purse         text NOT NULL,
    from_kind     text NOT NULL,
    from_id       text NOT NULL,
    to_kind       text NOT NULL,
    to_id         text NOT NULL,
    amount_vnd    bigint NOT NULL,
    reason        text NOT NULL,
    day           date NOT NULL,
    partner_id    uuid,
    courier_id    uuid,
    centre_id     uuid,
    home_visit_id uuid,
    receipt       text,
    reference     text NOT NULL DEFAULT '',
    event_id      uuid,
    reverses      uuid REFERENCES cash_entry (id) ON DELETE RESTRICT,
    recorded_at   timestamptz NOT NULL,
    CONSTRAINT cash_entry_is_of_a_purse CHECK (purse IN ('state', 'postage')),
    CONSTRAINT cash_entry_moves_something CHECK (amount_vnd > 0),
    CONSTRAINT cash_entry_has_two_accounts CHECK (from_kind <> to_kind OR from_id <> to_id),
    CONSTRAINT cash_entry_account_is_known
        CHECK (from_kind IN ('citizen', 'courier', 'partner', 'centre', 'suspense', 'unknown')
           AND to_kind IN ('citizen', 'courier', 'partner', 'centre', 'suspense', 'unknown')),
    CONSTRAINT cash_entry_refund_reverses_something
        CHECK ((reason = 'refunded') = (reverses IS NOT NULL))
);
CREATE INDEX cash_entry_visit ON cash_entry (home_visit_id) WHERE home_visit_id IS NOT NULL;
CREATE INDEX cash_entry_partner_day ON cash_entry (partner_id, day);
CREATE INDEX cash_entry_centre_day ON cash_entry (centre_id, day);
CREATE INDEX cash_entry_courier_day ON cash_entry (courier_id, day) WHERE courier_id IS NOT NULL;
CREATE UNIQUE INDEX cash_entry_books_an_event_once ON cash_entry (partner_id, event_id)
    WHERE event_id IS NOT NULL;
CREATE FUNCTION cash_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the cash book is append only';
END $$;
CREATE TRIGGER cash_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cash_entry
    FOR EACH STATEMENT EXECUTE FUNCTION cash_entry_is_append_only();

CREATE TABLE money_case (
    id             uuid PRIMARY KEY,
    kind           text NOT NULL,
    key            text NOT NULL,
    purse          text NOT NULL,
    amount_vnd     bigint NOT NULL,
    day            date NOT NULL,
    partner_id     uuid,
    courier_id     uuid,
    centre_id      uuid,
    home_visit_id  uuid,
    state          text NOT NULL,
    opened_at      timestamptz NOT NULL,
    closed_at      timestamptz,
    closed_because text NOT NULL DEFAULT '',
    CONSTRAINT money_case_is_of_a_purse CHECK (purse IN ('state', 'postage')),
    CONSTRAINT money_case_kind_is_known CHECK (kind IN ('refund_owed', 'underpaid', 'receipt_reused',
        'cash_short', 'cash_over', 'not_remitted')),
    CONSTRAINT money_case_state_is_known CHECK (state IN ('open', 'closed')),
    CONSTRAINT money_case_closed_says_when CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX money_case_is_open_once ON money_case (key) WHERE state = 'open';
CREATE INDEX money_case_partner_day ON money_case (partner_id, day);
CREATE INDEX money_case_visit ON money_case (home_visit_id) WHERE home_visit_id IS NOT NULL;
"""

BACKWARDS = """
DROP TABLE money_case;
DROP TABLE cash_entry;
DROP FUNCTION cash_entry_is_append_only;
DROP TABLE receipt;
DROP TABLE charge;
DROP TABLE payment_exemption;
DROP TABLE postage_tariff;
"""
