"""What can be wrong with the servers of this machine."""


class ServersError(Exception):
    """One sentence that says what is wrong, and how to mend it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class Unreachable(ServersError):
    """Nobody answers at the address; it may be right, and the server away for a moment."""
