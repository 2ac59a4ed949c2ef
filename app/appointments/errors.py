"""Why something about appointments is refused."""

from collections.abc import Iterable
from typing import Self

from app.core.errors import Conflict, Gone, Invalid, NotFound, PreconditionFailed, TooMany, Words


class AppointmentNotFound(NotFound):
    code = "appointment_not_found"
    detail = Words("Không có lịch hẹn này.", "There is no such appointment.")


class PoolNotFound(NotFound):
    code = "pool_not_found"
    detail = Words("Không có nhóm quầy này.", "There is no such pool.")


class SlotFull(Conflict):
    """Somebody else was quicker; `alternatives` are places that could be taken a moment ago."""

    code = "slot_full"
    title = Words("Khung giờ vừa hết chỗ", "That time was just taken")
    detail = Words(
        "Khung giờ này không còn chỗ; hãy chọn một khung giờ khác.",
        "There is no place left at this time; choose another one.",
    )
    told = ("alternatives",)


class AppointmentLimit(Conflict):
    """So many a day and per sector as the centre decided, two holds, none after two no-shows: `rule`.

    `until` says until when, where time alone will end it.
    """

    code = "appointment_limit"
    title = Words("Quá số lịch hẹn cho phép", "Too many appointments")
    detail = Words("{rule_vi}", "{rule_en}")
    told = ("rule", "decision", "until")


class TooManyHolds(TooMany):
    """A person tries only so often in an hour."""

    code = "too_many_holds"
    title = Words("Giữ chỗ quá nhiều lần", "Too many holds")
    detail = Words(
        "Ông/Bà đã giữ chỗ {most} lần trong một giờ; hãy thử lại sau.",
        "You held a place {most} times within an hour; try again later.",
    )


class NotToBeMoved(Conflict):
    """Only a confirmed appointment can be moved, and not too shortly before it."""

    code = "not_to_be_moved"
    title = Words("Không đổi được lịch", "It cannot be moved")
    detail = Words(
        "Chỉ đổi được lịch hẹn đã xác nhận, chậm nhất {hours} giờ trước giờ hẹn.",
        "Only a confirmed appointment can be moved, at least {hours} hours before it starts.",
    )
    told = ("state",)


class NotToBeCancelled(Conflict):
    code = "not_to_be_cancelled"
    title = Words("Không hủy được lịch", "It cannot be cancelled")
    detail = Words("Lịch hẹn đã đến lượt hoặc đã kết thúc.", "The appointment has been kept, or is over.")
    told = ("state",)


class HoldExpired(Gone):
    code = "hold_expired"
    title = Words("Đã hết thời gian giữ chỗ", "The hold has expired")
    detail = Words("Đã hết thời gian giữ chỗ; hãy đặt lại.", "The place is no longer held; book again.")


class NotHeld(PreconditionFailed):
    """Only a hold can be confirmed."""

    code = "not_held"
    detail = Words(
        "Lịch hẹn không ở trạng thái giữ chỗ.", "The appointment is not waiting to be confirmed."
    )
    told = ("state",)


class OutsideCheckInWindow(PreconditionFailed):
    """Too early, too late, or not confirmed."""

    code = "outside_check_in_window"
    title = Words("Ngoài giờ xác nhận đã đến", "Outside the check-in window")
    detail = Words(
        "Có thể xác nhận đã đến từ {before} phút trước đến {after} phút sau giờ hẹn.",
        "Check in from {before} minutes before until {after} minutes after the appointed time.",
    )
    told = ("opens_at", "closes_at", "state")


class ProcedureNotOffered(Invalid):
    code = "procedure_not_offered"
    title = Words("Thủ tục không được tiếp nhận", "The procedure is not offered")
    detail = Words(
        "Bộ phận một cửa này không tiếp nhận thủ tục {procedures}.",
        "This centre does not offer {procedures}.",
    )
    told = ("procedures",)


class NotServedTogether(Invalid):
    """Each procedure is offered, but no pool serves them all: two visits are needed."""

    code = "not_served_together"
    title = Words("Không làm được trong một lần hẹn", "Not served in one appointment")
    detail = Words(
        "Các thủ tục này không cùng một nhóm quầy; hãy đặt riêng.",
        "No counter serves all of these; book them separately.",
    )


class VisitTooLong(Invalid):
    code = "visit_too_long"
    title = Words("Lịch hẹn quá dài", "The appointment is too long")
    detail = Words(
        "Một lịch hẹn không quá {most} khung giờ.", "An appointment takes at most {most} grains."
    )


class OutsideBookingPeriod(Invalid):
    code = "outside_booking_period"
    title = Words("Ngoài thời gian đặt lịch", "Outside the booking period")
    detail = Words(
        "Chỉ đặt được lịch từ {minutes} phút nữa đến hết {days} ngày tới.",
        "Book from {minutes} minutes from now until {days} days ahead.",
    )


class ItemsNotValid(Invalid):
    code = "items_not_valid"
    detail = Words(
        "Danh sách thủ tục rỗng hoặc có thủ tục lặp lại.",
        "The list of procedures is empty or names one twice.",
    )


class ContactNotValid(Invalid):
    code = "contact_not_valid"
    detail = Words("Thông tin liên hệ không hợp lệ.", "The contact is not valid.")


class PriorityGroupNotKnown(Invalid):
    code = "priority_group_not_known"
    detail = Words("Không có diện ưu tiên này.", "There is no such priority group.")


class PeriodNotValid(Invalid):
    code = "period_not_valid"
    detail = Words("Khoảng thời gian không hợp lệ.", "The period is not valid.")


class Faulty(Invalid):
    """Something with faults in its fields; each is named with a code of its own."""

    @classmethod
    def at(cls, faults: Iterable[tuple[str, str]]) -> Self:
        """Of (field, code) pairs."""
        return cls(
            errors=[
                {"pointer": f"/{field}", "code": code, "detail": code.replace("_", " ")}
                for field, code in faults
            ]
        )


class BookingRulesNotValid(Faulty):
    code = "booking_rules_not_valid"
    title = Words("Quy định đặt lịch không hợp lệ", "The booking rules are not valid")
    detail = Words("Quy định đặt lịch không hợp lệ.", "The booking rules are not valid.")


class OpeningNotValid(Faulty):
    code = "opening_not_valid"
    title = Words("Ca tiếp nhận không hợp lệ", "The opening is not valid")
    detail = Words("Ca tiếp nhận không hợp lệ.", "The opening is not valid.")


class OpeningOnHoliday(Invalid):
    """A holiday is opened by a decision, never by mistake."""

    code = "opening_on_holiday"
    title = Words("Ngày nghỉ", "A holiday")
    detail = Words(
        "{date} là ngày nghỉ ({name_vi}); chỉ mở ca đặc biệt theo quyết định.",
        "{date} is a holiday ({name_en}); only a special opening by a decision is possible.",
    )
    told = ("date",)


class OpeningTemplateNotValid(Faulty):
    code = "opening_template_not_valid"
    title = Words("Mẫu ca tiếp nhận không hợp lệ", "The opening template is not valid")
    detail = Words("Mẫu ca tiếp nhận không hợp lệ.", "The opening template is not valid.")


class OpeningTemplateNotFound(NotFound):
    code = "opening_template_not_found"
    detail = Words("Không có mẫu ca tiếp nhận này.", "There is no such opening template.")


class OpeningOverlap(Conflict):
    """The pool is already open at that time; the other opening is named."""

    code = "opening_overlap"
    title = Words("Trùng ca tiếp nhận", "The openings overlap")
    detail = Words("Nhóm quầy đã mở trong khoảng thời gian này.", "The pool is already open at this time.")
    told = ("opening",)


class WaitlistEntryNotFound(NotFound):
    code = "waitlist_entry_not_found"
    detail = Words("Không có yêu cầu chờ này.", "There is no such entry of the waiting list.")


class WaitlistOverlap(Conflict):
    """The person waits for a place at this centre and time already; that entry is named."""

    code = "waitlist_overlap"
    title = Words("Đã có trong danh sách chờ", "Waiting already")
    detail = Words(
        "Ông/Bà đã chờ chỗ tại đây trong khoảng thời gian này.",
        "You are waiting for a place here at this time already.",
    )
    told = ("entry_id",)


class WaitlistLimit(Conflict):
    """A person waits for so many places at a time."""

    code = "waitlist_limit"
    title = Words("Quá số yêu cầu chờ", "Waiting for too many places")
    detail = Words(
        "Mỗi người có tối đa {most} yêu cầu chờ cùng lúc.",
        "A person waits for at most {most} places at a time.",
    )
    told = ("most",)


class WaitingWindowNotValid(Invalid):
    code = "waiting_window_not_valid"
    title = Words("Khoảng thời gian chờ không hợp lệ", "The window is not valid")
    detail = Words(
        "Khoảng thời gian chờ phải ở phía trước và không quá {days} ngày tới.",
        "The window must lie ahead, within the next {days} days.",
    )


class OpeningNotFound(NotFound):
    code = "opening_not_found"
    detail = Words("Không có ca tiếp nhận này.", "There is no such opening.")


class ChangeNotValid(Invalid):
    code = "change_not_valid"
    title = Words("Thay đổi không hợp lệ", "The change is not valid")
    detail = Words("Thay đổi lịch tiếp nhận không hợp lệ.", "The change of capacity is not valid.")


class ProposalNotFound(NotFound):
    code = "proposal_not_found"
    detail = Words("Không có đề xuất thay đổi này.", "There is no such proposal.")


class ProposalStale(Conflict):
    """Something it rests on has changed since; `impact` has the figures as they are now."""

    code = "proposal_stale"
    title = Words("Đề xuất đã cũ", "The proposal is stale")
    detail = Words(
        "Lịch hẹn hoặc ca tiếp nhận đã thay đổi từ khi xem trước; hãy đề xuất lại theo số liệu mới.",
        "Appointments or openings have changed since it was made; propose again from the fresh figures.",
    )
    told = ("impact",)


class ProposalExpired(Gone):
    code = "proposal_expired"
    detail = Words("Đề xuất đã hết hạn; hãy đề xuất lại.", "The proposal has expired; propose again.")


class NotANoShow(Conflict):
    """Only an appointment nobody came to can be excused."""

    code = "not_a_no_show"
    title = Words("Không phải lượt không đến", "Not a no-show")
    detail = Words(
        "Chỉ chấp nhận lý do cho lịch hẹn mà công dân đã không đến.",
        "Only an appointment nobody came to can be excused.",
    )
    told = ("state",)


class ExcuseNotValid(Invalid):
    code = "excuse_not_valid"
    detail = Words("Lý do không hợp lệ.", "The reason is not valid.")
