"""What can be done about openings and appointments; each function is one transaction."""

from app.appointments.operations.attendance import excuse_no_show
from app.appointments.operations.book import book
from app.appointments.operations.booking_rules import set_booking_rules
from app.appointments.operations.change import cancel, confirm, reschedule
from app.appointments.operations.change_capacity import (
    apply_change,
    propose_change,
    support_orphans,
)
from app.appointments.operations.offers import (
    offer,
    offer_everywhere,
    offer_places,
    pass_offers_on,
)
from app.appointments.operations.openings import publish_opening
from app.appointments.operations.reminders import remind_due
from app.appointments.operations.sharing import spare_floor_online, unsold_to_walkins
from app.appointments.operations.sweeps import expire_holds, miss_overdue, withdraw_overdue
from app.appointments.operations.templates import (
    create_template,
    end_template,
    publish_from_templates,
    publish_template,
)
from app.appointments.operations.waitlist import join_waitlist, leave_waitlist

__all__ = [
    "apply_change",
    "book",
    "cancel",
    "confirm",
    "create_template",
    "end_template",
    "excuse_no_show",
    "expire_holds",
    "join_waitlist",
    "leave_waitlist",
    "miss_overdue",
    "offer",
    "offer_everywhere",
    "offer_places",
    "pass_offers_on",
    "propose_change",
    "publish_from_templates",
    "publish_opening",
    "publish_template",
    "remind_due",
    "reschedule",
    "set_booking_rules",
    "spare_floor_online",
    "support_orphans",
    "unsold_to_walkins",
    "withdraw_overdue",
]
