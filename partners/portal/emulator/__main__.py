"""`python -m partners.portal.emulator --port N`: the emulator until it is told to stop."""

import argparse
import signal
import sys
import threading

from app.settings import Settings, SettingsError
from partners.portal.emulator.server import running_portal


def main() -> None:
    parser = argparse.ArgumentParser(description="national portal emulator")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    try:
        account = Settings.from_environment().portal
    except SettingsError as reason:
        sys.exit(f"portal emulator: {reason}")
    if account is None:
        sys.exit("portal emulator: MOTCUA_PORTAL_URL is not set.")
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    try:
        with running_portal(
            arguments.port, agency=account.agency, user=account.user, password=str(account.password)
        ):
            stop.wait()
    except OSError as reason:
        sys.exit(f"portal emulator: port {arguments.port} cannot be used ({reason.strerror}).")


if __name__ == "__main__":
    main()
