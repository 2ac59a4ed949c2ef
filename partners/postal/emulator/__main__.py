"""`python -m partners.postal.emulator --port N --motcua URL [--fault NAME]`: until stopped."""

import argparse
import asyncio
import os

from app.core.clock import set_clock
from app.settings import Settings
from partners.postal.emulator.faults import Fault
from partners.postal.emulator.server import running_emulator


async def serve(port: int, motcua: str, fault: Fault | None) -> None:
    # Its shifts are on the days the installation shows; signatures are on the machine's time.
    set_clock(Settings.from_environment().clock)
    async with running_emulator(
        port=port,
        motcua=motcua,
        client_id=os.environ["POSTAL_CLIENT_ID"],
        client_secret=os.environ["POSTAL_CLIENT_SECRET"],
        fault=fault,
    ) as serving:
        await serving


def main() -> None:
    parser = argparse.ArgumentParser(description="postal partner emulator")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--motcua", required=True)
    parser.add_argument("--fault", type=Fault, choices=list(Fault), help="one mistake, on purpose")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.motcua, arguments.fault))


if __name__ == "__main__":
    main()
