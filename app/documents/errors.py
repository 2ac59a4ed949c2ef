"""Why a document is refused."""

from app.core.errors import Conflict, Invalid, Malformed, NotFound, PreconditionFailed, Unavailable, Words


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


class TooManyDocuments(Conflict):
    code = "too_many_documents"
    detail = Words(
        "Đã đủ {limit} tài liệu; không nhận thêm.",
        "There are {limit} documents already; no more are taken.",
    )
    told = ("limit",)


class DocumentInUse(Conflict):
    code = "document_in_use"
    detail = Words(
        "Tài liệu thuộc hồ sơ hoặc do cơ quan lưu giữ; không thể xóa.",
        "The document belongs to a dossier or is kept by an authority; it cannot be removed.",
    )


class SigningKeyMissing(Conflict):
    code = "signing_key_missing"
    detail = Words(
        "Chưa cài chữ ký số cho cán bộ này.",
        "No signing key is installed for this officer.",
    )


class SigningKeyNotValid(Conflict):
    code = "signing_key_not_valid"
    detail = Words(
        "Chữ ký số của cán bộ hết hạn hoặc không mở được.",
        "The officer's signing key is out of date or cannot be opened.",
    )


class DocumentNotSignable(Conflict):
    code = "document_not_signable"
    detail = Words(
        "Không thể ký tệp này: tệp không cho phép thay đổi.",
        "This file cannot be signed: it bears no change.",
    )


class DocumentChanged(Conflict):
    code = "document_changed"
    detail = Words(
        "Tài liệu vừa được người khác ký; hãy ký lại.",
        "Somebody else signed the document just now; sign again.",
    )


class CodingNotValid(Invalid):
    code = "coding_not_valid"
    detail = Words(
        "Mã hóa không hợp lệ: thời hạn phải sau ngày cấp; giấy tờ vô thời hạn không có thời hạn.",
        "The coding is not valid: validity ends after issue, and a permanent paper has no end.",
    )


class StaleDocument(PreconditionFailed):
    code = "stale_document"
    detail = Words(
        "Tài liệu đã thay đổi; hãy tải lại rồi thử lại.",
        "The document changed meanwhile; read it again.",
    )


class BackfileListNotValid(Invalid):
    code = "backfile_list_not_valid"
    detail = Words(
        "Không đọc được danh sách hồ sơ lưu: {reason}.",
        "The list of the back-file cannot be read: {reason}.",
    )
    told = ("reason",)


class ScannerSilent(Unavailable):
    code = "virus_scanner_silent"
    detail = Words(
        "Chương trình quét mã độc không trả lời.",
        "The virus scanner does not answer.",
    )
