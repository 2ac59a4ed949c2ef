"""Work that should be tried again, and when."""

from datetime import timedelta


class Later(Exception):
    """The work could not be done now; the drainer repeats it after this long."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"later, in {after.total_seconds():.0f} s")
        self.after = after
