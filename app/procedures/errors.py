"""Why something about the catalogue is refused."""

from app.core.errors import NotFound, Words


class ProcedureNotFound(NotFound):
    code = "procedure_not_found"
    detail = Words("Không có thủ tục này vào ngày đã chọn.", "No such procedure exists on the chosen date.")
