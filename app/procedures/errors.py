"""Why something about the catalogue is refused."""

from app.core.errors import Invalid, NotFound, Words


class ProcedureNotFound(NotFound):
    code = "procedure_not_found"
    detail = Words("Không có thủ tục này vào ngày đã chọn.", "No such procedure exists on the chosen date.")


class CatalogueFileNotValid(Invalid):
    """The spreadsheet cannot be read at all; `reason` says why. A wrong row is a row of the report."""

    code = "catalogue_file_not_valid"
    detail = Words(
        "Tệp danh mục không hợp lệ: {reason}", "The file of the catalogue is not valid: {reason}"
    )
    told = ("reason",)
