"""What can be done about home visits: promise, change, report, receive."""

from app.home_service.operations.change import cancel, reschedule
from app.home_service.operations.promise import promise
from app.home_service.operations.receive import note_acceptance, receive_package
from app.home_service.operations.report import apply_partner_event

__all__ = [
    "apply_partner_event",
    "cancel",
    "note_acceptance",
    "promise",
    "receive_package",
    "reschedule",
]
