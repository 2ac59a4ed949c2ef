"""Why something about the roster is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class OfficerNotFound(NotFound):
    code = "officer_not_found"
    detail = Words("Không có cán bộ này.", "There is no such officer.")


class ShiftNotFound(NotFound):
    code = "shift_not_found"
    detail = Words("Không có phân công này.", "There is no such assignment.")


class TermNotValid(Invalid):
    code = "term_not_valid"
    detail = Words(
        "Thời gian phân công từ 12 đến 24 tháng; khác đi phải ghi lý do của quyết định.",
        "A term lasts 12 to 24 months; another length needs the decision's reason.",
    )


class TermOverlap(Conflict):
    code = "term_overlap"
    detail = Words(
        "Cán bộ này đã có phân công khác trong thời gian đó.",
        "This officer already has a term in that time.",
    )


class NotOnRoster(Conflict):
    code = "not_on_roster"
    title = Words("Chưa có phân công hôm nay", "Not on the roster today")
    detail = Words(
        "Cán bộ không có phân công chính thức trong ngày này và chưa được điều động dự phòng tới quầy.",
        "The officer has no official term that day and was not called to this counter as a standby.",
    )


class NotOnStandby(Conflict):
    code = "not_on_standby"
    detail = Words(
        "Cán bộ này không thuộc danh sách dự phòng trong ngày đó.",
        "This officer is not on standby that day.",
    )
