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


class ReceiptBookNotFound(NotFound):
    code = "receipt_book_not_found"
    detail = Words("Không có quyển biên lai này.", "There is no such receipt book.")


class ReceiptBookNotValid(Invalid):
    code = "receipt_book_not_valid"
    detail = Words(
        "Số đầu và số cuối phải cùng số chữ số, số đầu không lớn hơn số cuối.",
        "First and last number have as many digits as each other, and the first is not after the last.",
    )


class ReceiptBooksOverlap(Conflict):
    code = "receipt_books_overlap"
    detail = Words(
        "Dải số này trùng một quyển biên lai khác cùng ký hiệu.",
        "These numbers are in another receipt book of the series.",
    )


class ReceiptBookInUse(Conflict):
    code = "receipt_book_in_use"
    detail = Words(
        "Quyển này đã có số được dùng hoặc báo hỏng; dải số không được bỏ các số đó.",
        "Numbers of this book were used or told as void; its range must keep them.",
    )


class ReceiptBookWithAnother(Conflict):
    code = "receipt_book_with_another"
    detail = Words(
        "Quyển biên lai đang được giao trong những ngày này.",
        "The receipt book is with somebody in these days.",
    )


class ReceiptBookDaysNotValid(Invalid):
    code = "receipt_book_days_not_valid"
    detail = Words(
        "Ngày trả quyển không được trước ngày giao.", "A book comes back after it is handed out."
    )


class ReceiptOutsideBook(Invalid):
    code = "receipt_outside_book"
    detail = Words("Số này không thuộc quyển biên lai.", "This number is not in the receipt book.")


class TariffInThePast(Conflict):
    code = "tariff_in_the_past"
    detail = Words(
        "Giá của những ngày đã qua không thay đổi; hãy chọn ngày bắt đầu từ hôm nay.",
        "Prices of days that are over do not change; let the tariff start today or later.",
    )


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


class FeeNotFound(NotFound):
    code = "fee_not_found"
    detail = Words("Hồ sơ không có khoản thu này.", "The dossier has no such fee.")


class FeeTakenBack(Conflict):
    code = "fee_taken_back"
    detail = Words("Khoản thu này đã được hủy.", "This fee has been taken back.")
