"""Why a wording is refused."""

from app.core.errors import Invalid, NotFound, Words


class MessageTemplateNotFound(NotFound):
    code = "message_template_not_found"
    detail = Words("Không có mẫu tin hoặc phiên bản này.", "There is no such template or version.")


class WordingNotValid(Invalid):
    code = "wording_not_valid"
    detail = Words("Câu chữ này chưa thể công bố.", "This wording cannot be published.")
