"""`python -m notifications.emulator --port N`: the emulator until it is told to stop."""

import argparse
import os
import signal
import sys
import threading

from notifications.emulator.server import make_emulator


def main() -> None:
    parser = argparse.ArgumentParser(description="Twilio emulator")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    try:
        emulator = make_emulator(
            arguments.port,
            account_sid=os.environ["TWILIO_ACCOUNT_SID"],
            auth_token=os.environ["TWILIO_AUTH_TOKEN"],
        )
    except OSError as reason:
        sys.exit(f"sms emulator: port {arguments.port} cannot be used ({reason.strerror}).")
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    threading.Thread(target=emulator.serve_forever, daemon=True).start()
    stop.wait()
    emulator.closing.set()
    emulator.shutdown()


if __name__ == "__main__":
    main()
