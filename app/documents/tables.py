"""What is stored about documents; their contents are in the object store."""

from piccolo.columns import (
    UUID,
    Boolean,
    Bytea,
    Date,
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
    """One scan, one result, or what a person keeps (bản quét; kết quả; giấy tờ của công dân).

    Three contents: what came, what inspection wrote in its place, and what an officer signed.
    """

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
    clean_sha256 = Bytea(null=True, default=None)
    clean_size_bytes = Integer(null=True, default=None)
    clean_content_type = Text(null=True, default=None)
    signed_sha256 = Bytea(null=True, default=None)
    signed_size_bytes = Integer(null=True, default=None)
    uploaded_by_kind = Text(null=False, default=None)
    uploaded_by_id = Text(null=False, default=None)
    created_at = Timestamptz(null=False, default=None)
    named_at = Timestamptz(null=True, default=None)
    version = Integer(null=False, default=1)


class ScanUpload(Table, db=DB, tablename="scan_upload"):
    """A scan that arrives in parts; `sha256` and `length` are of the whole, when they were declared."""

    id = UUID(primary_key=True, default=None)
    partner_id = UUID(null=True, default=None)
    home_visit_id = UUID(null=True, default=None)
    citizen_id = UUID(null=True, default=None)
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
    purpose = Text(null=False, default=None)
    dossier_number = Text(null=True, default=None)


class ForgottenContent(Table, db=DB, tablename="forgotten_content"):
    """A content nothing names any more, and since when."""

    sha256 = Bytea(primary_key=True, default=None)
    since = Timestamptz(null=False, default=None)


class LeavingContent(Table, db=DB, tablename="leaving_content"):
    """A content that is being taken out of the object store, and since when."""

    sha256 = Bytea(primary_key=True, default=None)
    since = Timestamptz(null=False, default=None)


class DocumentCoding(Table, db=DB, tablename="document_coding"):
    """What a paper is, as an officer read it (mã hoá thành phần hồ sơ, kết quả); `coded_by` is empty where
    an old file's list said so.
    """

    document_id = ForeignKey(
        Document, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    name = Text(null=False, default=None)
    code = Text(null=False, default=None)
    number = Text(null=False, default=None)
    issuer = Text(null=False, default=None)
    scope = Text(null=False, default=None)
    issued_on = Date(null=True, default=None)
    valid_until = Date(null=True, default=None)
    is_permanent = Boolean(null=False, default=None)
    coded_by = UUID(null=True, default=None)
    coded_at = Timestamptz(null=False, default=None)


class BackfilePaper(Table, db=DB, tablename="backfile_paper"):
    """A paper that came from an old file (hồ sơ lưu): whose, and under which dossier and code.

    `owner_index` finds the owner's personal number, which is not kept; `row_index` tells whether a list
    says the same again; `sha256` is of what was in the folder.
    """

    document_id = ForeignKey(
        Document, primary_key=True, null=False, default=None, on_delete=OnDelete.cascade
    )
    dossier_number = Text(null=False, default=None)
    code = Text(null=False, default=None)
    sha256 = Bytea(null=False, default=None)
    owner_index = Bytea(null=False, default=None)
    owner_name = Text(null=False, default=None)
    row_index = Bytea(null=False, default=None)
    imported_at = Timestamptz(null=False, default=None)


class DocumentSignature(Table, db=DB, tablename="document_signature"):
    """An officer's signature on a document (chữ ký số); `sha256` and `size_bytes` are of the signed PDF."""

    document_id = ForeignKey(
        Document, primary_key=True, null=False, default=None, on_delete=OnDelete.restrict
    )
    signer_id = UUID(null=False, default=None)
    certificate_sha256 = Bytea(null=False, default=None)
    certificate_name = Text(null=False, default=None)
    sha256 = Bytea(null=False, default=None)
    size_bytes = Integer(null=False, default=None)
    signed_at = Timestamptz(null=False, default=None)
