"""Why a partner is refused."""

from app.core.errors import Invalid, NotFound, Unauthenticated, Words


class WebhookNotFound(NotFound):
    code = "webhook_not_found"
    detail = Words("Không có địa chỉ webhook này.", "There is no such webhook endpoint.")


class UrlNotAllowed(Invalid):
    code = "url_not_allowed"
    detail = Words(
        "Địa chỉ webhook phải là https công khai.",
        "A webhook address must be public https.",
    )


class SignatureNotAccepted(Unauthenticated):
    code = "signature_not_accepted"
    detail = Words("Chữ ký không hợp lệ.", "The signature is not valid.")
