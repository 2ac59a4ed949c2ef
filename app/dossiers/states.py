"""The ten statuses exchanged with the national portal, and what may follow what."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

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
    """What can be done to a dossier."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    START = "start"
    REQUEST_SUPPLEMENT = "supplement"
    RESUME = "resume"
    DEMAND_PAYMENT = "payment_due"
    NOTE_PAYMENT = "payment_received"
    EXTEND = "extend"
    WITHDRAW = "withdraw"
    STOP = "stop"
    COMPLETE = "complete"
    RETURN = "return"
    CORRECT = "correct"


class Desk(StrEnum):
    """Which centre may make a move, where the receiving and the competent one are two."""

    RECEIVING = "receiving"
    COMPETENT = "competent"
    EITHER = "either"


class Passage(NamedTuple):
    """Where a move leads, who may make it, and what it requires."""

    target: Status
    desk: Desk = Desk.EITHER
    leader_only: bool = False
    needs_reason: bool = False
    needs_result: bool = False


_S: Final = Status
# A complete supplement brings a dossier back to where it was: to work already begun (RESUME), or else
# among the accepted ones (ACCEPT). Terminal statuses (3, 7, 8, 10) have no way out, not even for a
# leader. Extending stays where it is: only the promised date moves.
MOVES: Final[Mapping[tuple[Status, Move], Passage]] = MappingProxyType(
    {
        (_S.NEW, Move.ACCEPT): Passage(_S.ACCEPTED, Desk.RECEIVING),
        (_S.NEW, Move.REFUSE): Passage(_S.NOT_ACCEPTED, Desk.RECEIVING, needs_reason=True),
        (_S.NEW, Move.REQUEST_SUPPLEMENT): Passage(_S.SUPPLEMENT, needs_reason=True),
        (_S.NEW, Move.WITHDRAW): Passage(_S.WITHDRAWN, needs_reason=True),
        (_S.ACCEPTED, Move.START): Passage(_S.PROCESSING, Desk.COMPETENT),
        (_S.ACCEPTED, Move.REQUEST_SUPPLEMENT): Passage(_S.SUPPLEMENT, needs_reason=True),
        (_S.ACCEPTED, Move.DEMAND_PAYMENT): Passage(_S.FINANCIAL_DUTY, Desk.COMPETENT, needs_reason=True),
        (_S.ACCEPTED, Move.EXTEND): Passage(_S.ACCEPTED, Desk.COMPETENT, needs_reason=True),
        (_S.ACCEPTED, Move.WITHDRAW): Passage(_S.WITHDRAWN, needs_reason=True),
        (_S.ACCEPTED, Move.STOP): Passage(_S.STOPPED, Desk.COMPETENT, needs_reason=True),
        (_S.PROCESSING, Move.REQUEST_SUPPLEMENT): Passage(_S.SUPPLEMENT, needs_reason=True),
        (_S.PROCESSING, Move.DEMAND_PAYMENT): Passage(_S.FINANCIAL_DUTY, Desk.COMPETENT, needs_reason=True),
        (_S.PROCESSING, Move.EXTEND): Passage(_S.PROCESSING, Desk.COMPETENT, needs_reason=True),
        (_S.PROCESSING, Move.WITHDRAW): Passage(_S.WITHDRAWN, needs_reason=True),
        (_S.PROCESSING, Move.STOP): Passage(_S.STOPPED, Desk.COMPETENT, needs_reason=True),
        (_S.PROCESSING, Move.COMPLETE): Passage(_S.DONE, Desk.COMPETENT, needs_result=True),
        (_S.SUPPLEMENT, Move.ACCEPT): Passage(_S.ACCEPTED),
        (_S.SUPPLEMENT, Move.RESUME): Passage(_S.PROCESSING),
        (_S.SUPPLEMENT, Move.WITHDRAW): Passage(_S.WITHDRAWN, needs_reason=True),
        (_S.SUPPLEMENT, Move.STOP): Passage(_S.STOPPED, Desk.COMPETENT, needs_reason=True),
        (_S.FINANCIAL_DUTY, Move.NOTE_PAYMENT): Passage(_S.PROCESSING),
        (_S.FINANCIAL_DUTY, Move.WITHDRAW): Passage(_S.WITHDRAWN, needs_reason=True),
        (_S.FINANCIAL_DUTY, Move.STOP): Passage(_S.STOPPED, Desk.COMPETENT, needs_reason=True),
        (_S.DONE, Move.RETURN): Passage(_S.RETURNED),
        (_S.DONE, Move.CORRECT): Passage(
            _S.PROCESSING, Desk.COMPETENT, leader_only=True, needs_reason=True
        ),
    }
)


def after(status: Status, move: Move) -> Status | None:
    """The status a move leads to, or None when it is not allowed now."""
    passage = MOVES.get((status, move))
    return None if passage is None else passage.target
