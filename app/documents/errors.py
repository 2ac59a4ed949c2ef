"""Why a document is refused."""

from app.core.errors import Conflict, Invalid, Malformed, NotFound, Words


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


class UploadNotFound(NotFound):
    code = "upload_not_found"
    detail = Words("Không có lượt tải lên này.", "There is no such upload.")


class UploadOffsetMismatch(Conflict):
    code = "upload_offset_mismatch"
    detail = Words(
        "Phần này không nối tiếp; hãy gửi tiếp từ byte {offset}.",
        "This part does not follow; go on at byte {offset}.",
    )
    told = ("offset",)


class UploadTooLarge(Invalid):
    code = "upload_too_large"
    detail = Words(
        "Tệp lớn hơn giới hạn hoặc lớn hơn độ dài đã khai báo.",
        "The file is larger than a scan may be, or than was declared.",
    )


class UploadHeaderNotValid(Malformed):
    code = "upload_header_not_valid"
    detail = Words(
        "Upload-Offset, Upload-Length hoặc Upload-Complete thiếu hay không hợp lệ.",
        "Upload-Offset, Upload-Length or Upload-Complete is missing or not valid.",
    )
