"""Who is called when, and why (pure)."""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.core.clock import at_local, local_date
from app.core.errors import Words


class TicketClass(StrEnum):
    """The targets differ; everything else is the same for everybody."""

    PRIORITY = "priority"
    APPOINTMENT = "appointment"
    RETURNING = "returning"
    WALK_IN = "walk_in"


class Turn(StrEnum):
    """Why it was somebody's turn, in what is kept of a call."""

    DUE = "due"
    AFTER_PRIORITY = "after_priority"
    PICKED = "picked"


# Within how long each should be called. Plan VII.4: at most 15 minutes for anybody; the elderly,
# pregnant and disabled at once (Decree 61/2018/NĐ-CP), an appointment within five minutes of its time,
# and so a walk-in who went away and came back at the time that was agreed.
TARGETS: Final = {
    TicketClass.PRIORITY: timedelta(),
    TicketClass.APPOINTMENT: timedelta(minutes=5),
    TicketClass.RETURNING: timedelta(minutes=5),
    TicketClass.WALK_IN: timedelta(minutes=15),
}
WAIT_TARGET: Final = timedelta(minutes=15)
# So many with priority in a row at one counter while others wait (DOMAIN 7.5).
PRIORITY_RUN: Final = 2
RECALL_LOCK: Final = timedelta(seconds=15)
MAX_CALLS: Final = 3
# Who was called and put back is passed by for so long: the person is not here, or is busy with a form.
REST_AFTER_CALL: Final = timedelta(minutes=5)
MAX_PUT_BACKS: Final = 1
# Kiosks and boards send a heartbeat every half minute; three lost ones in a row are no accident.
SILENT_AFTER: Final = timedelta(seconds=90)
# A hall that works past its hours is not closed over the heads of those in it.
QUIET: Final = timedelta(minutes=30)
END_OF_DAY: Final = "end_of_day"
SERIES_CAP: Final = 899
# A kiosk that is cut off goes on with so many numbers; with so few left it may ask for more.
BLOCK_SIZE: Final = 20
BLOCK_NEARLY_EMPTY: Final = 5
# How far a kiosk's clock may be off.
CLOCK_SKEW: Final = timedelta(minutes=2)
# With no counter open, numbers are given when an opening begins today or as soon as this.
OPENS_SOON: Final = timedelta(hours=1)
FIRST_NUMBER: Final = 101
NUMBER: Final = re.compile(r"(?P<series>[A-Z]{1,3})(?P<count>[1-9][0-9]{2})")


def ticket_class(
    *, priority_group: str | None, has_appointment: bool, is_late: bool = False
) -> TicketClass:
    """An appointment somebody is late for beyond the grace counts as none: the class of a walk-in."""
    if priority_group is not None:
        return TicketClass.PRIORITY
    return TicketClass.APPOINTMENT if has_appointment and not is_late else TicketClass.WALK_IN


def wait_from(*, arrived_at: datetime, starts_at: datetime | None) -> datetime:
    """Who comes early waits from the agreed time, not from the door."""
    return arrived_at if starts_at is None else max(arrived_at, starts_at)


def call_by(*, kind: TicketClass, waiting_from: datetime) -> datetime:
    return waiting_from + TARGETS[kind]


def reason(
    *,
    kind: TicketClass,
    due: datetime,
    now: datetime,
    is_late: bool = False,
    turn: str | None = None,
    rests_until: datetime | None = None,
    away_until: datetime | None = None,
) -> Words:
    """Why a ticket stands where it stands, or why it was its turn, in one sentence."""
    if away_until is not None:
        return Words(f"hẹn quay lại {away_until:%H:%M}", f"back at {away_until:%H:%M}")
    minutes = round((due - now).total_seconds() / 60)
    when = (
        Words(f"cần gọi trong {minutes} phút", f"due in {minutes} min")
        if minutes >= 0
        else Words(f"quá hạn gọi {-minutes} phút", f"overdue by {-minutes} min")
    )
    who = {
        TicketClass.PRIORITY: Words("Diện ưu tiên", "Priority group"),
        TicketClass.APPOINTMENT: Words("Có lịch hẹn", "Appointment"),
        TicketClass.RETURNING: Words("Hẹn quay lại", "Came back as agreed"),
        TicketClass.WALK_IN: LATE if is_late else Words("Đến trực tiếp", "Walk-in"),
    }[kind]
    if turn in TURNS:
        when = TURNS[Turn(turn)]
    elif rests_until is not None and rests_until > now:
        rest = math.ceil((rests_until - now).total_seconds() / 60)
        when = Words(f"vừa được gọi, gọi lại sau {rest} phút", f"called just now, again in {rest} min")
    return Words(f"{who.vi}: {when.vi}", f"{who.en}: {when.en}")


LATE: Final = Words("Trễ hẹn, xếp như đến trực tiếp", "Late for an appointment, so as a walk-in")
LATE_NOTICE: Final = Words(
    "Đến sau giờ hẹn quá 10 phút: xếp như đến trực tiếp, thời gian chờ tính từ lúc xác nhận đã đến.",
    "More than 10 minutes late: you wait as a walk-in, and your wait counts from this check-in.",
)
TURNS: Final = {
    Turn.AFTER_PRIORITY: Words(
        f"đến lượt sau {PRIORITY_RUN} lượt ưu tiên", f"next after {PRIORITY_RUN} with priority"
    ),
    Turn.PICKED: Words("trưởng ca gọi ngoài thứ tự", "called out of order by the shift lead"),
}


def may_recall(*, last_called_at: datetime | None, calls: int, put_backs: int = 0, now: datetime) -> bool:
    """Not again within seconds, and not for ever: after three calls comes no-show.

    Somebody who was put back after not coming may be called as often again.
    """
    waited = last_called_at is None or now - last_called_at >= RECALL_LOCK
    return waited and calls < MAX_CALLS * (1 + put_backs)


def may_put_back(*, was_missed: bool, put_backs: int) -> bool:
    """Who did not come gets one more chance; who was only put aside, as many as it takes."""
    return not was_missed or put_backs < MAX_PUT_BACKS


def back_at(*, kind: TicketClass, was_missed: bool, now: datetime) -> datetime:
    """Due again: at the tail of its class for who did not come, at once for who was put aside."""
    return call_by(kind=kind, waiting_from=now) if was_missed else now


def rests_until(last_called_at: datetime | None, *, now: datetime) -> datetime | None:
    """Until when somebody who is put back is passed by; None when the last call is long over."""
    if last_called_at is None or last_called_at + REST_AFTER_CALL <= now:
        return None
    return last_called_at + REST_AFTER_CALL


def procedure_to_serve(codes: Sequence[str], *, begun: Sequence[str], resuming: bool) -> str:
    """What is begun now: the interrupted procedure, else the first not begun, else the last."""
    if begun and resuming:
        return begun[-1]
    left = [code for code in codes if code not in begun]
    return (left or begun[-1:] or codes)[0]


def end_of(day: date) -> datetime:
    """The midnight with which a local day ends."""
    return at_local(day + timedelta(days=1), 0)


def day_ends_at(
    *, last_opening_ends: datetime | None, hours_end: datetime | None, last_event_at: datetime | None
) -> datetime | None:
    """From when a centre's day may be closed: its openings and its hours are over, and the hall is quiet.

    None when nothing was planned and nothing happened.
    """
    quiet = None if last_event_at is None else last_event_at + QUIET
    known = [moment for moment in (last_opening_ends, hours_end, quiet) if moment is not None]
    return max(known, default=None)


def display_number(series: str, count: int) -> str:
    """A101 is the first of series A: three digits are heard better than one."""
    return f"{series}{FIRST_NUMBER + count - 1}"


def place_in_series(number: str) -> tuple[str, int] | None:
    """The series of a number and how many it is in it: what `display_number` was made from."""
    found = NUMBER.fullmatch(number)
    if found is None:
        return None
    count = int(found["count"]) - FIRST_NUMBER + 1
    return (found["series"], count) if 1 <= count <= SERIES_CAP else None


def may_have_been_printed(issued_at: datetime, *, given_at: datetime, now: datetime) -> bool:
    """After its block was given, not after now, and today or yesterday: nobody waits for longer."""
    days = (local_date(now) - local_date(issued_at)).days
    return given_at - CLOCK_SKEW <= issued_at <= now + CLOCK_SKEW and days in {0, 1}


def is_silent(*, last_heard_at: datetime | None, enrolled_at: datetime, now: datetime) -> bool:
    """Whether nothing was heard of a device for too long; a new one is given the same time to begin."""
    return now - (last_heard_at or enrolled_at) > SILENT_AFTER
