"""What may follow what for a ticket (phiếu số)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class State(StrEnum):
    """Where the holder of a number is."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    PARKED = "parked"
    DONE = "done"
    LEFT = "left"
    MISSED = "missed"
    UNDONE = "undone"


class Move(StrEnum):
    """What an officer does with a ticket."""

    RECALL = "recall"
    START = "start"
    PARK = "park"
    RESUME = "resume"
    TRANSFER = "transfer"
    NO_SHOW = "no-show"
    FINISH = "finish"
    LEAVE = "left"
    UNDO_CHECK_IN = "undo-check-in"
    PUT_BACK = "put-back"


MOVES: Final[Mapping[tuple[State, Move], State]] = MappingProxyType(
    {
        (State.CALLED, Move.RECALL): State.CALLED,
        (State.CALLED, Move.START): State.SERVING,
        (State.CALLED, Move.NO_SHOW): State.MISSED,
        (State.CALLED, Move.PARK): State.PARKED,
        (State.CALLED, Move.TRANSFER): State.WAITING,
        (State.CALLED, Move.LEAVE): State.LEFT,
        (State.SERVING, Move.FINISH): State.DONE,
        (State.SERVING, Move.PARK): State.PARKED,
        (State.SERVING, Move.TRANSFER): State.WAITING,
        (State.PARKED, Move.RESUME): State.SERVING,
        (State.PARKED, Move.LEAVE): State.LEFT,
        (State.PARKED, Move.PUT_BACK): State.WAITING,
        (State.MISSED, Move.PUT_BACK): State.WAITING,
        (State.WAITING, Move.LEAVE): State.LEFT,
        (State.WAITING, Move.TRANSFER): State.WAITING,
        (State.WAITING, Move.UNDO_CHECK_IN): State.UNDONE,
    }
)


class ReturnState(StrEnum):
    """How it stands with the time a holder was offered to come back at."""

    OFFERED = "offered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    AGREED = "agreed"
    BACK = "back"


# In which states an offer was accepted, or refused, before.
ANSWERED: Final[Mapping[bool, frozenset[str | None]]] = MappingProxyType(
    {True: frozenset({ReturnState.AGREED, ReturnState.BACK}), False: frozenset({ReturnState.REFUSED})}
)
UNOFFERED: Final[frozenset[str | None]] = frozenset({None, ReturnState.WITHDRAWN})

AT_A_COUNTER: Final = frozenset({State.CALLED, State.SERVING})
# A missed ticket is over too, unless it is put back.
OVER: Final = frozenset({State.DONE, State.LEFT, State.UNDONE})


def after(state: State, move: Move) -> State | None:
    """The state a move leads to, or None when it is not allowed now."""
    return MOVES.get((state, move))
