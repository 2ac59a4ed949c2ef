"""The ten statuses exchanged with the national portal, and what may follow what."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from app.core.errors import Words


class Status(IntEnum):
    """Codes 1 to 10 as exchanged (DOMAIN: statuses)."""

    NEW = 1
    ACCEPTED = 2
    NOT_ACCEPTED = 3
    PROCESSING = 4
    SUPPLEMENT = 5
    FINANCIAL_DUTY = 6
    WITHDRAWN = 7
    STOPPED = 8
    DONE = 9
    RETURNED = 10


NAMES: Final[Mapping[Status, Words]] = MappingProxyType(
    {
        Status.NEW: Words("Mới đăng ký", "New"),
        Status.ACCEPTED: Words("Được tiếp nhận", "Accepted"),
        Status.NOT_ACCEPTED: Words("Không được tiếp nhận", "Not accepted"),
        Status.PROCESSING: Words("Đang xử lý", "Processing"),
        Status.SUPPLEMENT: Words("Yêu cầu bổ sung giấy tờ", "Supplement requested"),
        Status.FINANCIAL_DUTY: Words("Yêu cầu thực hiện nghĩa vụ tài chính", "Payment due"),
        Status.WITHDRAWN: Words("Công dân yêu cầu rút hồ sơ", "Withdrawn"),
        Status.STOPPED: Words("Dừng xử lý", "Stopped"),
        Status.DONE: Words("Đã xử lý xong", "Done"),
        Status.RETURNED: Words("Đã trả kết quả", "Returned"),
    }
)


class Move(StrEnum):
    """What can be done to a dossier here; the other moves come with their own forms."""

    START = "start"
    COMPLETE = "complete"
    RETURN = "return"


MOVES: Final[Mapping[tuple[Status, Move], Status]] = MappingProxyType(
    {
        (Status.ACCEPTED, Move.START): Status.PROCESSING,
        (Status.PROCESSING, Move.COMPLETE): Status.DONE,
        (Status.DONE, Move.RETURN): Status.RETURNED,
    }
)


def after(status: Status, move: Move) -> Status | None:
    """The status a move leads to, or None when it is not allowed now."""
    return MOVES.get((status, move))
