"""What can be done about openings and appointments; each function is one transaction."""

from app.appointments.operations.book import book
from app.appointments.operations.change import cancel, confirm, reschedule
from app.appointments.operations.openings import publish_opening
from app.appointments.operations.sweeps import expire_holds, miss_overdue

__all__ = [
    "book",
    "cancel",
    "confirm",
    "expire_holds",
    "miss_overdue",
    "publish_opening",
    "reschedule",
]
