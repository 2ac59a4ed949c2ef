"""National registries (cơ sở dữ liệu quốc gia): population, business, social insurance, land.

Always true:
- nobody waits for a registry: intake completes without it, and what it should have said is owed as a row
  and asked when it is back;
- every question is a line of the journal with its purpose, before it is sent; what a registry answers is
  compared at once and only the verdict is kept: no name, date or parcel is stored or logged;
- a question is never asked inside a transaction, has a short time to be answered, and a registry that fails
  is left alone for a while, each by itself;
- a mismatch decides nothing: an officer reads it.

Start reading at `checks.check_intake`. A further registry is one class in `sources.py` and one line there.
"""
