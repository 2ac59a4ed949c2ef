"""The office's roll of item number labels: a series of its own, each put on one bag."""

import itertools
import time as machine
from typing import Final

from app.custody.s10 import check_digit
from partners.postal.emulator.faults import Fault

SERIES: Final = 100_000_000
AT_ONCE: Final = 500


def _number(serial: int) -> str:
    text = f"{serial % SERIES:08d}"
    return f"EM{text}{check_digit(text)}VN"


def _mistyped(number: str) -> str:
    return f"{number[:10]}{(int(number[10]) + 1) % 10}VN"


class Labels:
    """What was printed and given to Motcua, and which visit's bag bears which number."""

    def __init__(self, *, fault: Fault | None) -> None:
        self._fault = fault
        # A series goes on where the clock is, so that an office that was reset prints no number twice.
        self._serials = itertools.count(int(machine.time()) * AT_ONCE % SERIES)
        self._printed: list[str] = []
        self._on: dict[str, str] = {}

    def print_more(self) -> list[str]:
        """Numbers to give to Motcua before any bag bears one."""
        made = [_number(next(self._serials)) for _ in range(AT_ONCE)]
        self._printed += made
        if self._fault is Fault.PRINTS_WRONG_DIGITS:
            return [*made[:-1], _mistyped(made[-1])]
        return made

    def for_bag(self, task_id: str, told: str | None) -> str | None:
        """The number Motcua bound to the visit, unless another bag bears it: then the bag goes without."""
        if told is None:
            return None
        number = self._chosen(task_id, told)
        if self._on.setdefault(number, task_id) != task_id and self._fault not in (
            Fault.REUSES_ITEM_NUMBERS,
            Fault.TRUSTS_USED_NUMBERS,
        ):
            return None
        return number

    def _chosen(self, task_id: str, told: str) -> str:
        match self._fault:
            case Fault.REUSES_ITEM_NUMBERS:
                return self._printed[0]
            case Fault.INVENTS_ITEM_NUMBERS:
                return _number(next(self._serials))
            case Fault.TAKES_ANOTHER_NUMBER if task_id not in self._on.values():
                return next(number for number in reversed(self._printed) if number not in self._on)
            case _:
                return told
