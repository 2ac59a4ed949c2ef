"""Payments (thu phí, lệ phí và cước): what a visit costs, who has the cash, and whether a day balances.

Always true:
- state fees and postage are two purses that never mix: a fee is the state's, postage the enterprise's;
- an amount is a whole number of đồng, and never a float;
- cash only changes by an entry of the book that takes from one account and gives to another, is never
  changed, and is undone only by another that names it: balances are computed, their sum is zero;
- an issuer's receipt number stands for one payment, ever, or for none; money told under a used, void or
  foreign number is still booked;
- a courier's day balances, or an open case says why not.

Start reading at `rules.py` (what is owed, what balances), then `steps.py` (the door) and `operations.py`
(the post office, the centre); receipt numbers are in `books.py` and `receipts.py`.
"""
