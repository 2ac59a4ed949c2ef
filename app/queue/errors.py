"""Why something in the queue is refused."""

from app.core.errors import Conflict, Invalid, NotFound, PreconditionFailed, Words


class TicketNotFound(NotFound):
    code = "ticket_not_found"
    detail = Words("Không có phiếu số này.", "There is no such ticket.")


class CounterBusy(Conflict):
    code = "counter_busy"
    title = Words("Quầy đang phục vụ", "The counter is busy")
    detail = Words(
        "Quầy đang giữ phiếu {number}; hãy kết thúc trước.",
        "The counter holds ticket {number}; finish it first.",
    )
    told = ("number", "ticket_id", "version")


class CounterNotOpen(Conflict):
    code = "counter_not_open"
    detail = Words("Quầy chưa mở.", "The counter is not open.")


class TicketState(Conflict):
    code = "ticket_state"
    title = Words("Trạng thái phiếu không cho phép", "The ticket's state does not allow it")
    detail = Words("Phiếu đang ở trạng thái “{state}”.", "The ticket is in state “{state}”.")
    told = ("state", "version")


class NoReturnOffer(Conflict):
    code = "no_return_offer"
    title = Words("Không có giờ hẹn quay lại", "No time to come back was offered")
    detail = Words(
        "Phiếu này không được đề nghị giờ quay lại.", "This ticket was offered no time to come back at."
    )


class ReturnAnswered(Conflict):
    code = "return_answered"
    title = Words("Đã trả lời giờ hẹn quay lại", "The offer was answered before")
    detail = Words(
        "Phiếu đã trả lời khác trước đó; câu trả lời trước vẫn giữ nguyên.",
        "The other answer was given before, and it stands.",
    )


class ReturnGone(Conflict):
    code = "return_gone"
    title = Words("Giờ hẹn quay lại không còn", "That time is gone")
    detail = Words(
        "Giờ quay lại này không còn chỗ; xem giờ mới nếu có, hoặc tiếp tục chờ tại chỗ.",
        "That time has no place any more; take the new time if there is one, or go on waiting here.",
    )
    told = ("return_offer",)


class NoReturnAgreed(Conflict):
    code = "no_return_agreed"
    title = Words("Không có giờ hẹn quay lại", "No return was agreed")
    detail = Words("Phiếu này không hẹn quay lại.", "The holder of this ticket has not gone away.")


class HolderAway(Conflict):
    code = "holder_away"
    title = Words("Người giữ phiếu chưa quay lại", "The holder is away")
    detail = Words(
        "Người giữ phiếu hẹn quay lại; hãy ghi nhận đã quay lại trước.",
        "The holder agreed to come back later; say first that they are back.",
    )


class StaleTicket(PreconditionFailed):
    code = "stale_ticket"
    told = ("version",)


class TooSoonToRecall(Conflict):
    code = "too_soon_to_recall"
    detail = Words("Vừa gọi xong hoặc đã gọi đủ số lần.", "It was called a moment ago, or often enough.")


class ReasonNeeded(Invalid):
    code = "reason_needed"
    detail = Words("Gọi ngoài thứ tự cần ghi lý do.", "Calling out of order needs a reason.")


class PutBackOnce(Conflict):
    code = "put_back_once"
    title = Words("Đã được gọi lại một lần", "It was put back once already")
    detail = Words(
        "Số đã bỏ lượt chỉ được xếp lại một lần, trong ngày phát số.",
        "A number that was missed is put back once, on the day it was given.",
    )


class SeriesFull(Conflict):
    code = "ticket_series_full"
    detail = Words("Hôm nay đã hết số.", "Today's numbers are used up.")


class CentreClosed(Conflict):
    code = "centre_closed"
    title = Words("Ngoài giờ tiếp nhận", "Nobody is received now")
    detail = Words(
        "Hôm nay không còn ca tiếp nhận cho thủ tục này và không có quầy nào đang mở.",
        "No counter is open for this, and none opens any more today.",
    )


class UnknownSeries(Invalid):
    code = "unknown_series"
    detail = Words("Trung tâm không có loạt số này.", "This centre has no such series of numbers.")


class NumberNotOfThisDevice(Invalid):
    code = "number_not_of_this_device"
    detail = Words(
        "Số này không thuộc dải số đã cấp cho thiết bị trong ngày.",
        "This number is in no block the device was given that day.",
    )


class IssuedAtNotPossible(Invalid):
    code = "issued_at_not_possible"
    detail = Words("Thời điểm phát số không hợp lệ.", "The number cannot have been given at that time.")


class NotServedHere(Invalid):
    code = "procedure_not_served_here"
    detail = Words("Trung tâm không có quầy cho thủ tục này.", "No counter here serves this procedure.")


class UnknownPriorityGroup(Invalid):
    code = "unknown_priority_group"
    detail = Words("Diện ưu tiên không có trong danh mục.", "There is no such priority group.")


class DayNotOver(Conflict):
    code = "day_not_over"
    detail = Words("Ngày làm việc chưa kết thúc.", "The day is not over yet.")
    told = ("closes_at",)


class StillServing(Conflict):
    code = "still_serving"
    detail = Words("Còn người đang được gọi hoặc phục vụ.", "Somebody is still called or being served.")
    told = ("numbers",)


class CounterTakenOver(Conflict):
    code = "counter_taken_over"
    title = Words("Quầy đã có cán bộ dự phòng", "A standby officer is there already")
    detail = Words(
        "Một cán bộ dự phòng khác đang ngồi tại quầy này.",
        "Another standby officer has taken over this counter.",
    )


class OfficerAtAnotherCounter(Conflict):
    code = "officer_at_another_counter"
    title = Words("Cán bộ đang ở quầy khác", "The officer is at another counter")
    detail = Words(
        "Cán bộ này đang mở quầy {counter}; hãy đóng quầy đó trước.",
        "This officer has counter {counter} open; close that one first.",
    )
    told = ("counter",)


class ServedElsewhere(Conflict):
    """This counter does not do it; others here do."""

    code = "procedure_served_elsewhere"
    title = Words("Thủ tục do nhóm quầy khác tiếp nhận", "Another group of counters serves it")
    detail = Words(
        "Quầy này không tiếp nhận thủ tục đó; hãy chuyển sang: {where_vi}.",
        "This counter does not serve that procedure; send the person to: {where_en}.",
    )
    told = ("pools",)


class PeriodNotFound(NotFound):
    code = "period_not_found"
    detail = Words("Phiếu không có lần phục vụ này.", "The ticket has no such period.")
