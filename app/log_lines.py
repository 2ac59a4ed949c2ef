"""Where log lines go: a volume that takes no more of them costs the line, never the work that said it."""

from typing import Final, TextIO

from prometheus_client import Counter

DROPPED: Final = Counter("motcua_log_lines_dropped", "Log lines that could not be written")


class LogLines:
    """A text stream whose lines may be lost. Whoever writes flushes after each: then it is counted."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = False

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._lost = True
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._lost = True
        if self._lost:
            DROPPED.inc()
            self._lost = False
