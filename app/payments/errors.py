"""Why a movement of money is refused."""

from app.core.errors import Conflict, Invalid, NotFound, Words


class NothingToRefund(Conflict):
    code = "nothing_to_refund"
    detail = Words("Lượt này không có khoản nào phải hoàn trả.", "Nothing is owed back for this visit.")


class NothingOwed(Conflict):
    code = "nothing_owed"
    detail = Words("Lượt này không còn khoản nào phải nộp.", "Nothing is owed for this visit.")


class AmountDiffers(Conflict):
    code = "amount_differs"
    detail = Words(
        "Số tiền phải nộp là {owed_vnd} đồng; phí, lệ phí thu đúng số.",
        "The amount owed is {owed_vnd} VND; a state fee is taken exactly.",
    )
    told = ("owed_vnd",)


class ReceiptReused(Conflict):
    code = "receipt_reused"
    detail = Words("Số biên lai này đã dùng.", "This receipt number has been used.")


class DayNotYet(Invalid):
    code = "day_not_yet"
    detail = Words("Ngày này chưa tới.", "This day has not come yet.")


class NothingRemitted(Invalid):
    code = "nothing_remitted"
    detail = Words("Phải nộp ít nhất một khoản.", "At least one amount must be paid in.")


class MoneyCaseNotFound(NotFound):
    code = "money_case_not_found"
    detail = Words("Không có vụ việc này.", "There is no such case.")


class CaseNeedsMoney(Conflict):
    code = "case_needs_money"
    detail = Words(
        "Vụ việc này chỉ khép lại khi tiền đã được thu, nộp hoặc hoàn trả.",
        "This case closes only when the money is taken, paid in or given back.",
    )


class GroupUnknown(Invalid):
    code = "waiver_unknown"
    detail = Words(
        "Diện này không được miễn khoản nào của lượt đến nhà.",
        "This group is exempt from nothing of this visit.",
    )
