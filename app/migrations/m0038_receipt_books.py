"""Receipt books: which numbers a partner has, which courier holds them, and which are void.

Assumes m0031. Code that runs beside it and does not know books goes on: a receipt it writes has no series
and lies in no book. Books of one series never overlap for one issuer, and a
book is with one courier at a time: GiST indexes ranges without an extension (decision 6).

What is known of `receipt` is read from its number, as `app.payments.receipts.read` reads it.
"""

FORWARDS = """
CREATE TABLE receipt_book (
    id           uuid PRIMARY KEY,
    issuer_id    uuid NOT NULL,
    name         text NOT NULL,
    series       text NOT NULL,
    first_number bigint NOT NULL,
    last_number  bigint NOT NULL,
    digits       smallint NOT NULL,
    made_at      timestamptz NOT NULL,
    CONSTRAINT receipt_book_is_named_once UNIQUE (issuer_id, name),
    CONSTRAINT receipt_book_has_numbers CHECK (first_number >= 0 AND last_number >= first_number),
    CONSTRAINT receipt_book_digits_hold_its_numbers
        CHECK (digits BETWEEN 1 AND 10 AND last_number < (10::numeric ^ digits)),
    CONSTRAINT receipt_book_numbers_are_of_one_book EXCLUDE USING gist (
        int8range(hashtextextended(issuer_id::text || '|' || series, 0),
                  hashtextextended(issuer_id::text || '|' || series, 0), '[]') WITH &&,
        int8range(first_number, last_number, '[]') WITH &&)
);

CREATE TABLE receipt_book_holder (
    book_id    uuid NOT NULL REFERENCES receipt_book (id) ON DELETE RESTRICT,
    courier_id uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to   date,
    PRIMARY KEY (book_id, valid_from),
    CONSTRAINT receipt_book_holder_ends_after_it_starts CHECK (valid_to >= valid_from),
    CONSTRAINT receipt_book_is_with_one_courier EXCLUDE USING gist (
        int8range(hashtextextended(book_id::text, 0), hashtextextended(book_id::text, 0), '[]') WITH &&,
        daterange(valid_from, valid_to, '[]') WITH &&)
);
CREATE INDEX receipt_book_holder_courier ON receipt_book_holder (courier_id);

ALTER TABLE receipt ALTER COLUMN home_visit_id DROP NOT NULL;
ALTER TABLE receipt ALTER COLUMN purse DROP NOT NULL;
ALTER TABLE receipt ADD COLUMN series text, ADD COLUMN serial bigint, ADD COLUMN day date,
    ADD COLUMN voided_on date, ADD COLUMN void_because text NOT NULL DEFAULT '',
    ADD CONSTRAINT receipt_is_used_or_void CHECK (
        (home_visit_id IS NOT NULL AND purse IS NOT NULL) OR (voided_on IS NOT NULL AND amount_vnd = 0));
UPDATE receipt SET
    series = upper((regexp_match(number, '^(.*?)[-/.]?([0-9]{1,10})$'))[1]),
    serial = (regexp_match(number, '^(.*?)[-/.]?([0-9]{1,10})$'))[2]::bigint,
    day = (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date;
CREATE INDEX receipt_in_series ON receipt (issuer_id, series, serial);
CREATE INDEX receipt_of_day ON receipt (issuer_id, day);
CREATE INDEX receipt_voided_on ON receipt (issuer_id, voided_on) WHERE voided_on IS NOT NULL;

ALTER TABLE money_case DROP CONSTRAINT money_case_kind_is_known;
ALTER TABLE money_case ADD CONSTRAINT money_case_kind_is_known CHECK (kind IN ('refund_owed', 'underpaid',
    'receipt_reused', 'receipt_outside_range', 'receipt_of_another', 'receipt_void',
    'cash_short', 'cash_over', 'not_remitted'));
"""

BACKWARDS = """
-- What the program of before calls a number somebody must explain.
UPDATE money_case SET kind = 'receipt_reused'
 WHERE kind IN ('receipt_outside_range', 'receipt_of_another', 'receipt_void');
ALTER TABLE money_case DROP CONSTRAINT money_case_kind_is_known;
ALTER TABLE money_case ADD CONSTRAINT money_case_kind_is_known CHECK (kind IN ('refund_owed', 'underpaid',
    'receipt_reused', 'cash_short', 'cash_over', 'not_remitted'));
DELETE FROM receipt WHERE home_visit_id IS NULL;
ALTER TABLE receipt DROP CONSTRAINT receipt_is_used_or_void, DROP COLUMN series, DROP COLUMN serial,
    DROP COLUMN day, DROP COLUMN voided_on, DROP COLUMN void_because;
ALTER TABLE receipt ALTER COLUMN home_visit_id SET NOT NULL;
ALTER TABLE receipt ALTER COLUMN purse SET NOT NULL;
DROP TABLE receipt_book_holder;
DROP TABLE receipt_book;
"""
