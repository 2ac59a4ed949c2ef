"""A worker of an earlier release: it has never heard of confirmed appointments.

The same program otherwise; used by the cell `old-worker-beside-new` alone.
"""

import contextlib
import runpy
import sys
from collections.abc import AsyncIterator

from app.appointments.events import AppointmentConfirmed
from app.settings import Settings
from jobs import subscriptions
from jobs.subscription import Subscription

_make = subscriptions.make_subscriptions


@contextlib.asynccontextmanager
async def _without(settings: Settings) -> AsyncIterator[list[Subscription]]:
    async with _make(settings) as known:
        yield [each for each in known if each.fact is not AppointmentConfirmed]


def main() -> None:
    subscriptions.make_subscriptions = _without
    sys.argv = ["motcua", "worker"]
    # As it is started: what an operator runs is above everything else and imported by nothing.
    runpy.run_module("app.cli", run_name="__main__")


if __name__ == "__main__":
    main()
