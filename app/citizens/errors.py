"""Why something about a person's own account is refused."""

from app.core.errors import Invalid, NotFound, TooMany, Words


class AccountNotFound(NotFound):
    code = "account_not_found"
    detail = Words("Không có tài khoản này.", "There is no such account.")


class QuietHoursNotValid(Invalid):
    code = "quiet_hours_not_valid"
    detail = Words(
        "Giờ không làm phiền cần hai giờ khác nhau và không dài quá 16 tiếng.",
        "Quiet hours need two different times and at most 16 hours between them.",
    )


class EmailNotValid(Invalid):
    code = "email_not_valid"
    detail = Words(
        "Cần một địa chỉ thư điện tử, ví dụ lan@example.vn.",
        "One e-mail address is needed, for example lan@example.vn.",
    )


class TooManyEmails(TooMany):
    code = "too_many_emails"
    detail = Words(
        "Đã gửi quá nhiều thư xác nhận; hãy thử lại sau một giờ.",
        "Too many letters of confirmation were sent; try again in an hour.",
    )


class CodeOfEmailNotAccepted(Invalid):
    code = "email_code_not_accepted"
    detail = Words(
        "Mã không đúng hoặc đã hết hạn; hãy nhập lại địa chỉ để nhận mã mới.",
        "The code is wrong or too old; name the address again to get another.",
    )


class DeviceOfPersonNotFound(NotFound):
    code = "device_of_person_not_found"
    detail = Words("Bạn không có thiết bị này.", "You have no such device.")
