"""Why something about a person's own account is refused."""

from app.core.errors import Invalid, NotFound, Words


class AccountNotFound(NotFound):
    code = "account_not_found"
    detail = Words("Không có tài khoản này.", "There is no such account.")


class QuietHoursNotValid(Invalid):
    code = "quiet_hours_not_valid"
    detail = Words(
        "Giờ không làm phiền cần hai giờ khác nhau và không dài quá 16 tiếng.",
        "Quiet hours need two different times and at most 16 hours between them.",
    )
