"""A worker whose event loop can be made to stand still: `SIGUSR1` sleeps in its main thread.

The same program otherwise; used by the cell `worker-blocked` alone.
"""

import os
import runpy
import signal
import sys
import time


def main() -> None:
    seconds = float(os.environ["MOTCUA_BLOCK_S"])
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(seconds))
    sys.argv = ["motcua", "worker"]
    # As it is started: what an operator runs is above everything else and imported by nothing.
    runpy.run_module("app.cli", run_name="__main__")


if __name__ == "__main__":
    main()
