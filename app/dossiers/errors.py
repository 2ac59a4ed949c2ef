"""Why something about a dossier is refused."""

from app.core.errors import Conflict, Invalid, NotFound, PreconditionFailed, Words


class DossierNotFound(NotFound):
    code = "dossier_not_found"
    detail = Words("Không có hồ sơ này.", "There is no such dossier.")


class DossierSourceMissing(Invalid):
    code = "dossier_source_missing"
    detail = Words(
        "Cần đúng một nguồn: phiếu đang phục vụ hoặc túi hồ sơ đã niêm phong.",
        "Exactly one source is needed: the ticket being served or the sealed package.",
    )


class DossierAlreadyAccepted(Conflict):
    code = "dossier_already_accepted"
    detail = Words("Túi hồ sơ này đã có hồ sơ {number}.", "This package already became dossier {number}.")
    told = ("number",)


class UnknownComponent(Invalid):
    code = "unknown_component"
    detail = Words(
        "Thành phần hồ sơ không có trong thủ tục.",
        "The procedure has no such component.",
    )


class StatusNotAllowing(Conflict):
    code = "dossier_status"
    detail = Words(
        "Trạng thái hiện tại ({status}) không cho phép thao tác này.",
        "The current status ({status}) does not allow this.",
    )
    told = ("status",)


class StaleDossier(PreconditionFailed):
    code = "stale_dossier"


class ResultNotDigitised(Invalid):
    code = "result_not_digitised"
    detail = Words(
        "Hồ sơ chỉ hoàn thành khi có kết quả đã số hóa.",
        "A dossier is complete only with its digitised result.",
    )


class CitizenNumberNotAccepted(Invalid):
    code = "citizen_number_not_accepted"
    detail = Words("Số định danh gồm 12 chữ số.", "A personal number has 12 digits.")
