"""What is stored about documents; their contents are in the object store."""

from piccolo.columns import (
    UUID,
    Bytea,
    ForeignKey,
    Integer,
    OnDelete,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from app.core.database import DB


class Document(Table, db=DB, tablename="document"):
    """One scan or one result (bản quét; kết quả)."""

    id = UUID(primary_key=True, default=None)
    centre_id = UUID(null=True, default=None)
    owner_id = UUID(null=True, default=None)
    kind = Text(null=False, default=None)
    dossier_number = Text(null=True, default=None)
    home_visit_id = UUID(null=True, default=None)
    partner_id = UUID(null=True, default=None)
    component = SmallInt(null=True, default=None)
    sha256 = Bytea(null=False, default=None)
    size_bytes = Integer(null=False, default=None)
    content_type = Text(null=False, default=None)
    state = Text(null=False, default=None)
    rejected_because = Text(null=False, default="")
    uploaded_by_kind = Text(null=False, default=None)
    uploaded_by_id = Text(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    version = Integer(null=False, default=1)


class ScanUpload(Table, db=DB, tablename="scan_upload"):
    """A scan that arrives in parts; `sha256` and `length` are of the whole, when they were declared."""

    id = UUID(primary_key=True, default=None)
    partner_id = UUID(null=False, default=None)
    home_visit_id = UUID(null=False, default=None)
    component = SmallInt(null=True, default=None)
    content_type = Text(null=False, default=None)
    sha256 = Bytea(null=True, default=None)
    length = Integer(null=True, default=None)
    created_at = Timestamptz(null=False, default=None)
    document_id = UUID(null=True, default=None)
    version = Integer(null=False, default=1)


class ScanPart(Table, db=DB, tablename="scan_part"):
    """One part, where it stands in the file; its content is in the object store."""

    upload_id = ForeignKey(
        ScanUpload, primary_key=True, null=False, default=None, on_delete=OnDelete.cascade
    )
    begins_at = Integer(null=False, default=None)
    size = Integer(null=False, default=None)
    sha256 = Bytea(null=False, default=None)


class DocumentRead(Table, db=DB, tablename="document_read"):
    """Somebody other than the owner read a document."""

    id = UUID(primary_key=True, default=None)
    document_id = ForeignKey(Document, null=False, default=None, on_delete=OnDelete.restrict)
    reader_kind = Text(null=False, default=None)
    reader_id = Text(null=False, default=None)
    at = Timestamptz(null=False, default=None)
