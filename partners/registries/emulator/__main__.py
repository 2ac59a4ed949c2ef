"""`python -m partners.registries.emulator --port N`: the emulator until it is told to stop."""

import argparse
import signal
import sys
import threading

from app.settings import Settings, SettingsError
from partners.registries.emulator.server import running_registries


def main() -> None:
    parser = argparse.ArgumentParser(description="registries emulator")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    try:
        configured = Settings.from_environment().registries
    except SettingsError as reason:
        sys.exit(f"registries emulator: {reason}")
    if configured is None:
        sys.exit("registries emulator: MOTCUA_REGISTRIES_URL is not set.")
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    try:
        with running_registries(arguments.port, token=str(configured.token)):
            stop.wait()
    except OSError as reason:
        sys.exit(f"registries emulator: port {arguments.port} cannot be used ({reason.strerror}).")


if __name__ == "__main__":
    main()
