"""Why a home visit is refused."""

from typing import ClassVar

from app.core.errors import Conflict, Invalid, NotFound, Words


class HomeVisitNotFound(NotFound):
    code = "home_visit_not_found"
    detail = Words("Không có lượt đến nhà này.", "There is no such home visit.")


class IncidentNotFound(NotFound):
    code = "incident_not_found"
    detail = Words("Không có sự cố này.", "There is no such incident.")


class MissingFact(Conflict):
    """A report lacks what its step needs; told to the device as `missing_fact: NAME`."""

    code = "missing_fact"
    detail = Words("Báo cáo còn thiếu thông tin: {fact}.", "The report lacks a fact: {fact}.")
    told = ("fact",)


class UnknownOfficer(Conflict):
    code = "unknown_officer"
    detail = Words("Không có cán bộ này ở trung tâm.", "The centre has no such officer.")


class AttemptsUsedUp(Conflict):
    code = "attempts_used_up"
    detail = Words(
        "Đã phát hai lần không thành công; lưu tại bưu cục.",
        "Two attempts came to nothing; the result is kept at the post office.",
    )


class StillHeld(Conflict):
    code = "still_held"
    detail = Words(
        "Bưu cục còn giữ kết quả cho công dân đến {until}.",
        "The post office keeps the result for the citizen until {until}.",
    )
    told = ("until",)


class WindowGone(Conflict):
    code = "window_gone"
    title = Words("Khung giờ vừa hết chỗ", "The window is gone")
    detail = Words(
        "Khung giờ này không còn giữ được; hãy chọn khung khác.",
        "This window can no longer be kept; choose another.",
    )
    told = ("alternatives",)


class ClosureStale(Conflict):
    code = "area_closure_stale"
    title = Words("Số liệu đã thay đổi", "The figures have changed")
    detail = Words(
        "Các lượt đã hẹn trong khu vực không còn như khi xem trước; hãy xem lại số liệu mới.",
        "Other visits are promised in the area than were seen; look at the fresh figures.",
    )
    told = ("impact",)


class PresenceRequired(Invalid):
    code = "presence_required"
    detail = Words(
        "Thủ tục này phải có mặt tại quầy: {because_vi}. Hãy đặt lịch tại trung tâm.",
        "This procedure needs you at the counter: {because_en}. Book a slot at a centre.",
    )
    told: ClassVar[tuple[str, ...]] = ("procedure", "presence", "alternatives")


class Paperless(Invalid):
    code = "paperless"
    detail = Words(
        "Thủ tục này không còn nhận giấy; bưu tá có thể hỗ trợ nộp trực tuyến tại nhà.",
        "This procedure takes no paper any more; a courier can help you submit online at home.",
    )
    told: ClassVar[tuple[str, ...]] = ("procedure", "offer", "alternatives")


class NotAtHome(Invalid):
    code = "home_service_not_offered"
    detail = Words("Thủ tục này không làm tại nhà được.", "This procedure is not done at home.")
    told: ClassVar[tuple[str, ...]] = ("procedure",)


class OutOfReach(Invalid):
    code = "address_out_of_reach"
    detail = Words(
        "Địa chỉ nằm ngoài vùng phục vụ tại nhà.", "The address lies outside the home-service area."
    )


class DossierNotReady(Conflict):
    code = "dossier_not_ready"
    detail = Words("Hồ sơ chưa có kết quả để trả tại nhà.", "The dossier has no result to deliver yet.")


class VisitUnderWay(Conflict):
    code = "visit_under_way"
    detail = Words(
        "Lượt đến nhà đang ở trạng thái “{state}”, không đổi được nữa.",
        "The visit is in state “{state}” and cannot be changed any more.",
    )
    told = ("state",)


class AddressNotValid(Invalid):
    code = "address_not_valid"
    detail = Words("Địa chỉ hoặc liên hệ không hợp lệ.", "The address or contact is not valid.")


class PartnerDoesNotAssign(Conflict):
    code = "partner_does_not_assign"
    detail = Words(
        "Theo hợp đồng, hệ thống phân công bưu tá cho lượt này.",
        "Under the contract the courier of this visit is not named by the partner.",
    )


class CourierNotQualified(Conflict):
    code = "courier_not_qualified"
    detail = Words(
        "Bưu tá không đủ kỹ năng hoặc ngoài phạm vi hợp đồng cho lượt này.",
        "The courier lacks a skill for this visit, or the contract does not cover it.",
    )


class CourierOffDuty(Conflict):
    code = "courier_off_duty"
    detail = Words(
        "Bưu tá không có ca tuyến trong khung giờ hẹn.",
        "The courier is not on duty in the visit's window.",
    )


class WouldBreakPromise(Conflict):
    code = "would_break_promise"
    detail = Words(
        "Tuyến của bưu tá không giữ được khung giờ này và các khung giờ đã hẹn.",
        "The courier's round cannot keep this window and those already promised.",
    )
