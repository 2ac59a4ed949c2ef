"""Why a partner is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Unauthenticated, Words


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


class WebhookNotActive(Conflict):
    code = "webhook_not_active"
    detail = Words(
        "Địa chỉ webhook đang tạm dừng; hãy kích hoạt trước.",
        "The webhook endpoint is paused; make it active first.",
    )


class EventNotFound(NotFound):
    code = "event_not_found"
    detail = Words("Không có sự kiện này.", "There is no such event.")


class ReplayNotValid(Invalid):
    code = "replay_not_valid"
    detail = Words(
        "Nêu hoặc event_ids, hoặc from và to (from trước to); tối đa 500 sự kiện.",
        "Name either event_ids, or from and to (from before to); at most 500 events.",
    )


class PartnerNotFound(NotFound):
    code = "partner_not_found"
    detail = Words("Không có đối tác này.", "There is no such partner.")


class ItemNumberNotFound(NotFound):
    code = "item_number_not_found"
    detail = Words("Lượt này không có mã bưu gửi.", "This visit has no item number.")


class ClockOnlyForward(Conflict):
    code = "clock_only_forward"
    detail = Words(
        "Đồng hồ môi trường thử chỉ đi tới; hãy nêu một thời điểm sau hiện tại.",
        "The sandbox's clock only goes forward; name a moment after now.",
    )


class ClockTooFar(Invalid):
    code = "clock_too_far"
    detail = Words(
        "Đồng hồ môi trường thử đi trước tối đa {days} ngày.",
        "The sandbox's clock is at most {days} days ahead.",
    )


class NoWayThere(Conflict):
    code = "no_way_there"
    detail = Words(
        "Bưu tá không thể đưa lượt này từ trạng thái hiện tại đến trạng thái đó.",
        "No courier can bring the visit from its present state to that one.",
    )
    told = ("state",)


class NobodyAtTheCentre(Conflict):
    code = "nobody_at_the_centre"
    detail = Words(
        "Trung tâm của lượt này chưa có cán bộ nào; hãy nạp dữ liệu mẫu.",
        "The visit's centre has no officer yet; load the sample.",
    )
