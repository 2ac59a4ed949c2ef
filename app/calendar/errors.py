"""Why a change of the calendar is refused."""

from app.core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Words


class CalendarProposalNotFound(NotFound):
    code = "calendar_proposal_not_found"
    detail = Words("Không có đề xuất lịch này.", "There is no such proposal.")


class SecondPersonNeeded(Forbidden):
    """Whoever changes the calendar cannot confirm it alone (DOMAIN 9)."""

    code = "second_person_needed"
    title = Words("Cần người thứ hai xác nhận", "A second person is needed")
    detail = Words(
        "Người đề xuất không được tự xác nhận; cần một người khác xác nhận.",
        "Whoever proposed the day cannot confirm it; another person must.",
    )


class CalendarProposalStale(Conflict):
    """Appointments have come or gone since; `impact` has the figures as they are now."""

    code = "calendar_proposal_stale"
    title = Words("Số liệu đã thay đổi", "The figures have changed")
    detail = Words(
        "Lịch hẹn của ngày này đã thay đổi; hãy xem số liệu mới rồi xác nhận lại.",
        "Appointments of that day have changed; look at the fresh figures, then confirm again.",
    )
    told = ("impact",)


class CalendarProposalExpired(Gone):
    code = "calendar_proposal_expired"
    detail = Words("Đề xuất đã hết hạn; hãy đề xuất lại.", "The proposal has expired; propose again.")


class DayNotValid(Invalid):
    code = "day_not_valid"
    title = Words("Ngày không hợp lệ", "The day is not valid")
    detail = Words("Đề xuất ngày nghỉ, ngày làm việc không hợp lệ.", "The proposed day is not valid.")
