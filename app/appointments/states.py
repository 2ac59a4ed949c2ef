"""What may follow what in the life of an appointment."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where an appointment is (trạng thái lịch hẹn)."""

    HELD = "held"  # đang giữ chỗ
    CONFIRMED = "confirmed"  # đã xác nhận
    ARRIVED = "arrived"  # đã đến
    SERVED = "served"  # đã phục vụ
    MISSED = "missed"  # không đến
    CANCELLED = "cancelled"  # đã hủy
    EXPIRED = "expired"  # hết hạn giữ chỗ


class Placement(StrEnum):
    """Whether a live appointment has its places, beside where it is in its life."""

    SUPPORTED = "supported"  # có chỗ
    ORPHANED = "orphaned"  # mất chỗ do trung tâm thay đổi


class Move(StrEnum):
    """What can happen to an appointment."""

    CONFIRM = "confirm"
    EXPIRE = "expire"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    ARRIVE = "arrive"
    LEAVE_UNDONE = "leave_undone"
    SERVE = "serve"
    MISS = "miss"
    COME_LATE = "come_late"


MOVES: Final[Mapping[tuple[State, Move], State]] = MappingProxyType(
    {
        (State.HELD, Move.CONFIRM): State.CONFIRMED,
        (State.HELD, Move.EXPIRE): State.EXPIRED,
        (State.HELD, Move.CANCEL): State.CANCELLED,
        (State.CONFIRMED, Move.RESCHEDULE): State.CONFIRMED,
        (State.CONFIRMED, Move.CANCEL): State.CANCELLED,
        (State.CONFIRMED, Move.ARRIVE): State.ARRIVED,
        (State.CONFIRMED, Move.MISS): State.MISSED,
        (State.ARRIVED, Move.LEAVE_UNDONE): State.CONFIRMED,
        (State.ARRIVED, Move.SERVE): State.SERVED,
        (State.ARRIVED, Move.MISS): State.MISSED,
        (State.CONFIRMED, Move.COME_LATE): State.ARRIVED,
        (State.MISSED, Move.COME_LATE): State.ARRIVED,
    }
)

# A place is taken in these states; in the others it was given back, or its time is over.
HOLDING_A_PLACE: Final = frozenset({State.HELD, State.CONFIRMED, State.ARRIVED})


def after(state: str, move: Move) -> State | None:
    """The state that follows, or None when the move is not allowed here."""
    return MOVES.get((State(state), move))


def allowing(move: Move) -> list[str]:
    """The states a move starts from, for the WHERE of a compare-and-set."""
    return [state.value for state, possible in MOVES if possible is move]


class Wait(StrEnum):
    """Where an entry of the waiting list is (trạng thái chờ)."""

    WAITING = "waiting"  # đang chờ
    OFFERED = "offered"  # đã được mời
    TAKEN = "taken"  # đã nhận chỗ
    EXPIRED = "expired"  # hết hạn
    WITHDRAWN = "withdrawn"  # đã rút


# An entry that may still bring a place; in the others it is over, and another one may be made.
STILL_WAITING: Final = frozenset({Wait.WAITING, Wait.OFFERED})
