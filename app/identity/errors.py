"""Why somebody is not let in. The words never tell which part was wrong."""

from app.core.errors import Invalid, NotFound, TooMany, Unauthenticated, Words


class CodeNotAccepted(Unauthenticated):
    code = "code_not_accepted"
    title = Words("Mã không đúng", "The code was not accepted")
    detail = Words(
        "Mã không đúng hoặc đã hết hạn; hãy xin mã mới.",
        "The code is wrong or has expired; ask for a new one.",
    )


class CredentialsNotAccepted(Unauthenticated):
    code = "credentials_not_accepted"
    title = Words("Thông tin đăng nhập không đúng", "The credentials were not accepted")
    detail = Words("Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong.")


class EnrolmentNotAccepted(Unauthenticated):
    """Wrong, used or too old: which, is not told."""

    code = "enrolment_not_accepted"
    title = Words("Mã thiết bị không đúng", "The enrolment code was not accepted")
    detail = Words(
        "Mã không đúng, đã dùng hoặc đã hết hạn; hãy xin lãnh đạo trung tâm cấp mã mới.",
        "The code is wrong, used or too old; ask the centre leader for a new one.",
    )


class DeviceNotFound(NotFound):
    code = "device_not_found"
    detail = Words("Không có thiết bị này.", "There is no such device.")


class RefreshNotAccepted(Unauthenticated):
    code = "refresh_not_accepted"
    title = Words("Phiên đã kết thúc", "The session has ended")
    detail = Words("Hãy đăng nhập lại.", "Sign in again.")


class TooManySignIns(TooMany):
    code = "too_many_sign_ins"
    detail = Words(
        "Sai quá nhiều lần; hãy thử lại sau ít phút.",
        "There were too many wrong attempts; try again in a few minutes.",
    )


class PhoneNotAccepted(Invalid):
    code = "phone_not_accepted"
    detail = Words(
        "Cần số di động Việt Nam hợp lệ, ví dụ 0912 345 678.",
        "A Vietnamese mobile number is needed, for example 0912 345 678.",
    )
