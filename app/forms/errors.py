"""Why a form is not printed."""

from app.core.errors import Conflict, NotFound, Unavailable, Words


class FormNotFound(NotFound):
    code = "form_not_found"
    detail = Words("Không có biểu mẫu này; có 01.pdf đến 07.pdf.", "No such form: 01.pdf to 07.pdf exist.")


class FormNotFitting(Conflict):
    code = "form_not_fitting"
    detail = Words(
        "Biểu mẫu {form} không phù hợp với hồ sơ này (trạng thái {dossier_status}).",
        "Form {form} does not fit this dossier (status {dossier_status}).",
    )
    told = ("form", "dossier_status")


class FormNotInForce(Conflict):
    code = "form_not_in_force"
    detail = Words(
        "Ngày {day} chưa có biểu mẫu nào trong hệ thống.",
        "The system has no edition of the forms for {day}.",
    )
    told = ("day",)


class FormNotPressed(Unavailable):
    code = "form_not_pressed"
    detail = Words("Chưa in được biểu mẫu, vui lòng thử lại.", "The form cannot be made now; try again.")
