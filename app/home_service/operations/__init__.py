"""What can be done about home visits: promise, change, report, receive."""

from app.home_service.operations.areas import announce_closure, lift_closure, preview_closure
from app.home_service.operations.change import cancel, move_on, reschedule
from app.home_service.operations.closed_windows import leave_closed_windows
from app.home_service.operations.couriers import put_contract, put_courier, put_shift
from app.home_service.operations.dispatch import assign_by_partner
from app.home_service.operations.ended_rounds import close_duty, close_ended_rounds
from app.home_service.operations.follow import follow_run, runs_to_follow
from app.home_service.operations.hand_over import hand_over, reseal
from app.home_service.operations.money import (
    free_of_payment,
    pay_at_centre,
    refund_at_centre,
    refund_by_partner,
)
from app.home_service.operations.promise import promise
from app.home_service.operations.publish import publish_due, publish_duty, publish_of_partner
from app.home_service.operations.receive import count_package, look_into, note_acceptance, receive_package
from app.home_service.operations.report import (
    apply_partner_event,
    retry_waiting,
    visits_to_retry,
)
from app.home_service.operations.supervise import (
    call_for_ended_holds,
    call_supervisor,
    close_incident,
)
from app.home_service.operations.trouble import report_trouble

__all__ = [
    "announce_closure",
    "apply_partner_event",
    "assign_by_partner",
    "call_for_ended_holds",
    "call_supervisor",
    "cancel",
    "close_duty",
    "close_ended_rounds",
    "close_incident",
    "count_package",
    "follow_run",
    "free_of_payment",
    "hand_over",
    "leave_closed_windows",
    "lift_closure",
    "look_into",
    "move_on",
    "note_acceptance",
    "pay_at_centre",
    "preview_closure",
    "promise",
    "publish_due",
    "publish_duty",
    "publish_of_partner",
    "put_contract",
    "put_courier",
    "put_shift",
    "receive_package",
    "refund_at_centre",
    "refund_by_partner",
    "report_trouble",
    "reschedule",
    "reseal",
    "retry_waiting",
    "runs_to_follow",
    "visits_to_retry",
]
