"""What is stored about packages."""

from piccolo.columns import (
    JSONB,
    UUID,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class Package(Table, db=DB, tablename="package"):
    """A sealed bag (túi hồ sơ) and who holds it."""

    id = UUID(primary_key=True, default=None)
    seal_number = Text(null=False, default=None, unique=True)
    centre_id = UUID(null=False, default=None)
    citizen_id = UUID(null=False, default=None)
    home_visit_id = UUID(null=False, default=None)
    direction = Text(null=False, default=None)
    state = Text(null=False, default=None)
    custodian_kind = Text(null=False, default=None)
    custodian_id = Text(null=False, default=None)
    contents = JSONB(null=False, default=None)
    last_n = Integer(null=False, default=None)
    head = Bytea(null=False, default=None)
    sealed_at = Timestamptz(null=False, default=None)
    item_number = Text(null=True, default=None, unique=True)
    version = Integer(null=False, default=1)


class CustodyEvent(Table, db=DB, tablename="custody_event"):
    """One change of hands (biên bản bàn giao). `body` is what was hashed, word for word."""

    package_id = ForeignKey(
        Package, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    n = Integer(null=False, default=None)
    type = Text(null=False, default=None)
    giver_kind = Text(null=False, default=None)
    giver_id = Text(null=False, default=None)
    receiver_kind = Text(null=False, default=None)
    receiver_id = Text(null=False, default=None)
    seal_state = Text(null=False, default=None)
    occurred_at = Timestamptz(null=False, default=None)
    recorded_at = Timestamptz(null=False, default=None)
    body = Text(null=False, default=None)
    hash = Bytea(null=False, default=None)


class CustodyHead(Table, db=DB, tablename="custody_head"):
    """A day's signed word on how far every chain was. `body` is what was signed, word for word."""

    day = Date(primary_key=True, null=False, default=None)
    body = Text(null=False, default=None)
    kid = Text(null=False, default=None)
    signature = Bytea(null=False, default=None)
    hash = Bytea(null=False, default=None)


class CustodySigned(Table, db=DB, tablename="custody_signed"):
    """The last link of a chain that had grown when a head was signed."""

    package_id = UUID(primary_key=True, null=False, default=None)
    n = Integer(null=False, default=None)
    day = ForeignKey(CustodyHead, null=False, default=None, on_delete=OnDelete.restrict)
    hash = Bytea(null=False, default=None)
