"""Who is called when, and why (pure)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.core.errors import Words


class TicketClass(StrEnum):
    """The targets differ; everything else is the same for everybody."""

    PRIORITY = "priority"
    APPOINTMENT = "appointment"
    WALK_IN = "walk_in"


# Within how long each should be called. Plan VII.4: at most 15 minutes for anybody; the elderly,
# pregnant and disabled at once (Decree 61/2018/NĐ-CP), an appointment within five minutes of its time.
TARGETS: Final = {
    TicketClass.PRIORITY: timedelta(),
    TicketClass.APPOINTMENT: timedelta(minutes=5),
    TicketClass.WALK_IN: timedelta(minutes=15),
}
WAIT_TARGET: Final = timedelta(minutes=15)
RECALL_LOCK: Final = timedelta(seconds=15)
MAX_CALLS: Final = 3
SERIES_CAP: Final = 899
FIRST_NUMBER: Final = 101


def ticket_class(*, priority_group: str | None, has_appointment: bool) -> TicketClass:
    if priority_group is not None:
        return TicketClass.PRIORITY
    return TicketClass.APPOINTMENT if has_appointment else TicketClass.WALK_IN


def wait_from(*, arrived_at: datetime, starts_at: datetime | None) -> datetime:
    """Who comes early waits from the agreed time, not from the door."""
    return arrived_at if starts_at is None else max(arrived_at, starts_at)


def call_by(*, kind: TicketClass, waiting_from: datetime) -> datetime:
    return waiting_from + TARGETS[kind]


def reason(*, kind: TicketClass, due: datetime, now: datetime) -> Words:
    """Why a ticket stands where it stands, in one sentence."""
    minutes = round((due - now).total_seconds() / 60)
    when = (
        Words(f"cần gọi trong {minutes} phút", f"due in {minutes} min")
        if minutes >= 0
        else Words(f"quá hạn gọi {-minutes} phút", f"overdue by {-minutes} min")
    )
    who = {
        TicketClass.PRIORITY: Words("Diện ưu tiên", "Priority group"),
        TicketClass.APPOINTMENT: Words("Có lịch hẹn", "Appointment"),
        TicketClass.WALK_IN: Words("Đến trực tiếp", "Walk-in"),
    }[kind]
    return Words(f"{who.vi}: {when.vi}", f"{who.en}: {when.en}")


def may_recall(*, last_called_at: datetime | None, calls: int, now: datetime) -> bool:
    """Not again within seconds, and not for ever: after three calls comes no-show."""
    waited = last_called_at is None or now - last_called_at >= RECALL_LOCK
    return waited and calls < MAX_CALLS


def procedure_to_serve(codes: Sequence[str], *, begun: Sequence[str], resuming: bool) -> str:
    """What is begun now: the interrupted procedure, else the first not begun, else the last."""
    if begun and resuming:
        return begun[-1]
    left = [code for code in codes if code not in begun]
    return (left or begun[-1:] or codes)[0]


def display_number(series: str, count: int) -> str:
    """A101 is the first of series A: three digits are heard better than one."""
    return f"{series}{FIRST_NUMBER + count - 1}"
