"""What somebody pays at the counter for a dossier: its receipt, and that it was taken back.

Assumes m0031 and m0038. Code that runs beside it takes no fee at a counter; should it use a number
a counter used while it runs, its payment takes the number over, as it takes over a void one.
"""

FORWARDS = """
CREATE TABLE counter_fee (
    id           uuid PRIMARY KEY,
    dossier_id   uuid NOT NULL,
    centre_id    uuid NOT NULL,
    purse        text NOT NULL,
    amount_vnd   integer NOT NULL,
    receipt      text NOT NULL,
    exemption    text NOT NULL DEFAULT '',
    day          date NOT NULL,
    taken_at     timestamptz NOT NULL,
    officer_id   text NOT NULL,
    voided_at    timestamptz,
    voided_by    text NOT NULL DEFAULT '',
    void_because text NOT NULL DEFAULT '',
    CONSTRAINT counter_fee_is_of_a_purse CHECK (purse IN ('state', 'postage')),
    CONSTRAINT counter_fee_is_money_or_an_exemption CHECK (
        (amount_vnd > 0 AND receipt <> '' AND exemption = '')
        OR (amount_vnd = 0 AND receipt = '' AND exemption <> '')),
    CONSTRAINT counter_fee_taken_back_says_why CHECK ((voided_at IS NULL) = (void_because = ''))
);
CREATE INDEX counter_fee_dossier ON counter_fee (dossier_id);
CREATE INDEX counter_fee_day ON counter_fee (centre_id, day);

-- A number stands for one payment, ever, of a visit or of a dossier.
ALTER TABLE receipt ADD COLUMN dossier_id uuid, DROP CONSTRAINT receipt_is_used_or_void,
    ADD CONSTRAINT receipt_is_used_or_void CHECK (
        (num_nonnulls(home_visit_id, dossier_id) = 1 AND purse IS NOT NULL)
        OR (voided_on IS NOT NULL AND amount_vnd = 0));
"""

BACKWARDS = """
DELETE FROM receipt WHERE dossier_id IS NOT NULL;
ALTER TABLE receipt DROP COLUMN dossier_id, ADD CONSTRAINT receipt_is_used_or_void CHECK (
    (home_visit_id IS NOT NULL AND purse IS NOT NULL) OR (voided_on IS NOT NULL AND amount_vnd = 0));
DROP TABLE counter_fee;
"""
