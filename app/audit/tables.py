"""What is stored about the journal's seals."""

from piccolo.columns import BigInt, Bytea, Text, Timestamptz
from piccolo.table import Table

from app.core.database import DB


class JournalSeal(Table, db=DB, tablename="journal_seal"):
    """One seal. `body` is what was signed, word for word; `upto` and `made_at` stand in it too."""

    n = BigInt(primary_key=True, default=None)
    upto = BigInt(null=False, default=None)
    made_at = Timestamptz(null=False, default=None)
    body = Text(null=False, default=None)
    kid = Text(null=False, default=None)
    signature = Bytea(null=False, default=None)
    hash = Bytea(null=False, default=None)
    marks = Bytea(null=False, default=None)
