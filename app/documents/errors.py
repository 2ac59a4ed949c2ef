"""Why a document is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class DocumentNotFound(NotFound):
    code = "document_not_found"
    detail = Words("Không có tài liệu này.", "There is no such document.")


class EmptyDocument(Invalid):
    code = "empty_document"
    detail = Words("Tệp rỗng.", "The file is empty.")


class DigestMismatch(Invalid):
    code = "digest_mismatch"
    detail = Words(
        "Nội dung nhận được không khớp Content-Digest.",
        "What arrived does not match Content-Digest.",
    )


class DocumentNotClean(Conflict):
    code = "document_not_clean"
    detail = Words(
        "Tài liệu chưa kiểm tra xong hoặc bị từ chối ({state}).",
        "The document was not inspected yet or was rejected ({state}).",
    )
    told = ("state",)
