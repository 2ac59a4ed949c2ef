"""Why something about a dossier is refused."""

from app.core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, Words


class DossierNotFound(NotFound):
    code = "dossier_not_found"
    detail = Words("Không có hồ sơ này.", "There is no such dossier.")


class DossierSourceMissing(Invalid):
    code = "dossier_source_missing"
    detail = Words(
        "Cần đúng một nguồn: phiếu đang phục vụ hoặc túi hồ sơ đã niêm phong.",
        "Exactly one source is needed: the ticket being served or the sealed package.",
    )


class ApplicantIsBusiness(Invalid):
    """A business is known by its tax code; the number of whoever acts for it stays out of its dossier."""

    code = "applicant_is_business"
    detail = Words(
        "Chủ hồ sơ là doanh nghiệp nên không ghi số định danh cá nhân; nếu là hồ sơ của chính người nộp,"
        " hãy để trống mã số thuế.",
        "The applicant is a business, so no personal number is kept; if it is the person's own dossier, say"
        " that there is no tax code.",
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
        "Trạng thái hiện tại ({state}) không cho phép thao tác này.",
        "The current status ({state}) does not allow this.",
    )
    told = ("state",)


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


class LeaderNeeded(Conflict):
    """What an officer may do once, a centre leader answers for the second time."""

    code = "leader_needed"
    detail = Words("Thao tác này cần lãnh đạo trung tâm.", "This needs a centre leader.")


class SecondSupplement(LeaderNeeded):
    code = "second_supplement"
    title = Words("Yêu cầu bổ sung lần thứ hai", "A second supplement request")
    detail = Words(
        "Yêu cầu bổ sung quá một lần bị tính là trễ hạn trong điểm quốc gia;"
        " cần lãnh đạo trung tâm và lý do.",
        "More than one supplement request counts as late in the national score;"
        " it needs a centre leader and a reason.",
    )


class SecondExtension(LeaderNeeded):
    code = "second_extension"
    title = Words("Gia hạn lần thứ hai", "A second extension")
    detail = Words(
        "Hồ sơ đã được gia hạn một lần; lần nữa cần lãnh đạo trung tâm và lý do.",
        "The dossier was extended once; another time needs a centre leader and a reason.",
    )


class NewDateNotValid(Invalid):
    code = "promised_date_not_valid"
    detail = Words(
        "Ngày hẹn mới phải sau ngày hẹn cũ, sau hiện tại, và trong giờ làm việc.",
        "The new promised moment must be after the old one and after now, and in working hours.",
    )


class OtherCentreDecides(Forbidden):
    code = "other_centre_decides"
    detail = Words(
        "Việc này thuộc trung tâm khác: nơi tiếp nhận hoặc nơi có thẩm quyền giải quyết.",
        "This is for the other centre: the receiving one, or the competent one.",
    )


class CalendarNotDeclared(Conflict):
    code = "calendar_not_declared"
    detail = Words(
        "Chưa có lịch nghỉ của năm {year}, chưa thể hẹn ngày trả.",
        "The days off of {year} have not been declared, so nothing can be promised there.",
    )
    told = ("year",)


class ReasonMissing(Invalid):
    code = "reason_missing"
    detail = Words("Cần ghi lý do.", "A reason is needed.")


class NotReusable(Invalid):
    code = "not_reusable"
    detail = Words(
        "Giấy tờ ở thành phần {component} không thể dùng lại cho thủ tục này.",
        "What is given for component {component} cannot be reused for this procedure.",
    )
    told = ("component",)


class CommuneNeeded(Invalid):
    code = "commune_needed"
    detail = Words(
        "Thủ tục do cấp xã giải quyết: cần cho biết xã, phường.",
        "A commune decides this procedure: say which one.",
    )


class CompetentCentreUnknown(Conflict):
    code = "competent_centre_unknown"
    detail = Words(
        "Chưa có trung tâm nào được khai báo cho nơi có thẩm quyền giải quyết.",
        "No centre is known yet where this is decided.",
    )


class OnlyWhereDecided(Conflict):
    code = "only_where_decided"
    detail = Words(
        "Thủ tục này không thuộc diện tiếp nhận ngoài địa bàn; hãy nộp tại {name_vi}.",
        "This procedure is not received elsewhere; hand it in at {name_en}.",
    )
    told = ("competent_centre_id",)


class SiteInspectionNeeded(OnlyWhereDecided):
    code = "site_inspection_needed"
    detail = Words(
        "Thủ tục phải kiểm tra thực địa nên chỉ nhận tại nơi giải quyết: {name_vi}.",
        "The place has to be looked at, so this is received only where it is decided: {name_en}.",
    )


class ApologyNotDrafted(Conflict):
    code = "apology_not_drafted"
    detail = Words(
        "Hồ sơ không có dự thảo phiếu xin lỗi đang chờ.", "No apology waits to be worded for this dossier."
    )


class ResidenceUnknown(NotFound):
    code = "residence_unknown"
    detail = Words(
        "Hồ sơ không ghi xã, phường của người nộp.", "The dossier says nothing of the applicant's commune."
    )


class CommuneNotACandidate(Invalid):
    code = "commune_not_a_candidate"
    detail = Words(
        "Xã, phường này không tiếp nhận phần nào của đơn vị cũ.",
        "This commune took over no part of the old unit.",
    )


class AddressWithoutCommune(Invalid):
    code = "address_without_commune"
    detail = Words("Địa chỉ cần kèm mã xã, phường.", "An address is given with the code of its commune.")
