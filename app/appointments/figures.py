"""What monitoring reads of the places: how many are held and not confirmed."""

from typing import Final

from prometheus_client import Gauge

from app.core.database import fetch_value

HELD: Final = Gauge("motcua_places_held", "Appointments that hold a place and are not confirmed")
OVERDUE: Final = Gauge("motcua_holds_overdue_seconds", "Since when the oldest hold that is over waits")


async def refresh() -> None:
    HELD.set(await fetch_value("SELECT count(*) FROM appointment WHERE state = 'held'"))
    OVERDUE.set(
        await fetch_value(
            "SELECT coalesce(greatest(extract(epoch FROM clock_timestamp() - min(hold_expires_at)), 0), 0)"
            "::float FROM appointment WHERE state = 'held'"
        )
    )
