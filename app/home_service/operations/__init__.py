"""What can be done about home visits: promise, change, report, receive."""

from app.home_service.operations.change import cancel, move_on, reschedule
from app.home_service.operations.closed_windows import leave_closed_windows
from app.home_service.operations.promise import promise
from app.home_service.operations.receive import count_package, note_acceptance, receive_package
from app.home_service.operations.report import apply_partner_event

__all__ = [
    "apply_partner_event",
    "cancel",
    "count_package",
    "leave_closed_windows",
    "move_on",
    "note_acceptance",
    "promise",
    "receive_package",
    "reschedule",
]
