"""A worker whose event loop can be made to stand still: `SIGUSR1` sleeps in its main thread.

The same program otherwise; used by the cell `worker-blocked` alone.
"""

import os
import signal
import sys
import time


def main() -> None:
    seconds = float(os.environ["MOTCUA_BLOCK_S"])
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(seconds))
    sys.argv = ["motcua", "worker"]
    from app.cli import main as motcua  # noqa: PLC0415 - after the signal is ours

    motcua()


if __name__ == "__main__":
    main()
