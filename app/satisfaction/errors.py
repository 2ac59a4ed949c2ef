"""Why an answer to a survey is refused."""

from app.core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Words


class SurveyNotFound(NotFound):
    """A link we did not make, or one of something that was not served (yet)."""

    code = "survey_not_found"
    detail = Words("Không có khảo sát theo đường dẫn này.", "There is no survey behind this link.")


class SurveyClosed(Gone):
    code = "survey_closed"
    detail = Words(
        "Khảo sát đã đóng: chỉ nhận trả lời trong 30 ngày.",
        "The survey is closed: answers are taken for 30 days.",
    )


class AlreadyAnswered(Conflict):
    code = "already_answered"
    title = Words("Đã có câu trả lời", "Already answered")
    detail = Words(
        "Khảo sát này đã được trả lời; mỗi lượt phục vụ trả lời một lần.",
        "This survey was answered; each service is answered about once.",
    )


class StaffCannotAnswer(Forbidden):
    code = "staff_cannot_answer"
    detail = Words("Cán bộ không trả lời khảo sát thay người dân.", "Staff do not answer for citizens.")


class CommentNotValid(Invalid):
    code = "comment_not_valid"
    detail = Words("Ý kiến có ký tự không được phép hoặc quá dài.", "The comment cannot be kept.")
