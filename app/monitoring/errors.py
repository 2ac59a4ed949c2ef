"""Why figures are refused."""

from app.core.errors import Invalid, Words


class PeriodNotValid(Invalid):
    code = "indicator_period_not_valid"
    detail = Words(
        "Khoảng thời gian phải theo thứ tự và không dài quá {days} ngày.",
        "The period must be in order and at most {days} days long.",
    )
