"""Why something about couriers is refused."""

from app.core.errors import Invalid, NotFound, Words


class CourierNotFound(NotFound):
    code = "courier_not_found"
    detail = Words("Không có bưu tá này.", "There is no such courier.")


class ShiftNotValid(Invalid):
    code = "shift_not_valid"
    detail = Words(
        "Ca trực phải kết thúc sau khi bắt đầu và nằm trong ngày đó.",
        "A shift ends after it starts and lies on its day.",
    )
