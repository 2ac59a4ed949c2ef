"""What each template is called where somebody edits its words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.core.errors import Words

NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "otp": Words("Mã xác nhận số điện thoại", "Code that proves a phone"),
        "email_confirmation": Words("Mã xác nhận thư điện tử", "Code that confirms an e-mail address"),
        "appointment_confirmed": Words("Đã đặt lịch hẹn", "An appointment is made"),
        "appointment_cancelled": Words("Lịch hẹn đã hủy", "An appointment is cancelled"),
        "appointment_rescheduled": Words("Lịch hẹn đổi giờ", "An appointment is moved"),
        "appointment_reminder": Words("Nhắc lịch hẹn", "Reminder of an appointment"),
        "appointment_moved_by_centre": Words("Trung tâm dời lịch hẹn", "The centre moved an appointment"),
        "appointment_cancelled_by_centre": Words(
            "Trung tâm hủy lịch hẹn", "The centre cancelled an appointment"
        ),
        "waitlist_offered": Words("Mời nhận chỗ trống", "A place for who waits for one"),
        "ticket_called": Words("Mời số đến quầy", "A number is called"),
        "return_agreed": Words("Hẹn giờ quay lại", "When to come back"),
        "dossier_accepted": Words("Đã tiếp nhận hồ sơ", "A dossier is accepted"),
        "dossier_completed": Words("Hồ sơ đã có kết quả", "A dossier has its result"),
        "dossier_returned": Words("Đã trả kết quả hồ sơ", "A result was returned"),
        "dossier_supplement_requested": Words("Hồ sơ cần bổ sung", "A dossier needs more papers"),
        "dossier_supplemented": Words("Hồ sơ đã bổ sung đủ", "A supplement is complete"),
        "dossier_refused": Words("Hồ sơ không được tiếp nhận", "A dossier is not accepted"),
        "dossier_extended": Words("Xin lỗi và hẹn lại ngày trả", "Apology and a new promised date"),
        "dossier_payment_due": Words("Cần thực hiện nghĩa vụ tài chính", "A payment is due"),
        "dossier_payment_received": Words("Đã hoàn thành nghĩa vụ tài chính", "A payment is done"),
        "dossier_withdrawn": Words("Đã rút hồ sơ", "A dossier is withdrawn"),
        "dossier_stopped": Words("Hồ sơ dừng xử lý", "Processing of a dossier is stopped"),
        "dossier_corrected": Words("Thu hồi kết quả để xử lý lại", "A result is recalled"),
        "dossier_digest": Words("Tin gộp về nhiều hồ sơ", "News of several dossiers in one"),
        "home_visit_confirmed": Words("Đã đặt lượt đến nhà", "A home visit is booked"),
        "home_visit_en_route": Words("Bưu tá đang đến", "The courier is on the way"),
        "home_visit_paid": Words("Đã thu tiền tại nhà", "Money received at the door"),
        "home_visit_collected": Words("Đã nhận và niêm phong giấy tờ", "Papers are taken and sealed"),
        "home_visit_failed": Words("Lượt đến nhà không thành", "A home visit could not be done"),
        "home_visit_at_risk": Words("Bưu tá có thể không kịp", "The courier may not make it"),
        "home_visit_area_closed": Words("Khu vực tạm ngừng phục vụ", "An area is closed"),
        "home_visit_reassigned": Words("Bưu tá khác đến thay", "Another courier comes"),
        "home_visit_late": Words("Bưu tá đến muộn", "The courier is late"),
        "home_visit_moved_by_centre": Words("Trung tâm dời lượt đến nhà", "The centre moved a home visit"),
        "home_visit_cancelled": Words("Lượt đến nhà đã hủy", "A home visit is cancelled"),
        "package_incident": Words("Túi hồ sơ bị tạm giữ", "A package is held for a count"),
        "survey_invitation": Words("Mời đánh giá việc phục vụ", "Invitation to a survey"),
    }
)
