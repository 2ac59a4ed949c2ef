"""Lines of the journal are numbered from one: below that no seal reaches, so nobody may write there.

Assumes m0052, whose numbers come by themselves: code that runs beside it writes none below one. Lines that
are there are not looked at; `motcua audit verify` names one that was put below.
"""

FORWARDS = """
ALTER TABLE journal ADD CONSTRAINT journal_numbers_begin_at_one CHECK (seq > 0) NOT VALID;
"""

BACKWARDS = """
ALTER TABLE journal DROP CONSTRAINT journal_numbers_begin_at_one;
"""
