"""What goes wrong at the portal when told to, one per request to a service."""

from enum import StrEnum


class Fault(StrEnum):
    """One way of going wrong."""

    NONE = "none"
    ERROR = "error"  # 500, and nothing was done
    SILENT = "silent"  # nothing is done, and the answer never comes
    LOST = "lost"  # it is done, and the answer never comes
    CUT = "cut"  # it is done, and the connection ends before the answer
    TWICE = "twice"  # a gateway delivers the request two times; the second answer counts
    GARBAGE = "garbage"  # it is done, and the answer is no JSON
    SESSION_OVER = "session_over"  # every session so far is refused
