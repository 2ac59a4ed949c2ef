"""What a recipient's number makes the emulator do: the last two digits of +849000000xx."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PREFIX: Final = "+849000000"


class Fault(StrEnum):
    """One way of going wrong."""

    NONE = "none"
    UNDELIVERED_30005 = "30005"
    UNDELIVERED_30003 = "30003"
    REFUSED_21610 = "21610"
    BUSY_TWICE = "busy_twice"
    ACCEPT_THEN_HANG = "accept_then_hang"
    ACCEPT_THEN_CUT = "accept_then_cut"
    BAD_GATEWAY = "bad_gateway"
    GARBAGE = "garbage"
    CALLBACKS_DISORDERED = "callbacks_disordered"
    NO_CALLBACK = "no_callback"


BY_NUMBER: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "02": Fault.UNDELIVERED_30005,
        "03": Fault.UNDELIVERED_30003,
        "04": Fault.REFUSED_21610,
        "05": Fault.BUSY_TWICE,
        "06": Fault.ACCEPT_THEN_HANG,
        "07": Fault.ACCEPT_THEN_CUT,
        "08": Fault.BAD_GATEWAY,
        "09": Fault.GARBAGE,
        "11": Fault.CALLBACKS_DISORDERED,
        "12": Fault.NO_CALLBACK,
    }
)


def fault_of(phone: str) -> Fault:
    if not phone.startswith(PREFIX):
        return Fault.NONE
    return BY_NUMBER.get(phone[-2:], Fault.NONE)
