"""An appointment in a phone's calendar (RFC 5545), in wall-clock time of Việt Nam.

The file of an appointment that was given up takes it out of the calendar again (RFC 5546, CANCEL).
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from app.appointments.queries import AppointmentRow
from app.appointments.states import State
from app.centres.queries import CentreRow
from app.core.clock import local
from app.core.errors import Words

SUMMARY: Final = Words("Lịch hẹn {reference}", "Appointment {reference}")
# What stands in a letter names no procedure.
BRIEF: Final = Words(
    "{time} (giờ Việt Nam). Mã lịch hẹn {reference}. Hãy đến trước giờ hẹn vài phút.",
    "{time} (time in Việt Nam). Reference {reference}. Please come a few minutes early.",
)
DESCRIPTION: Final = Words(
    "{time} (giờ Việt Nam). Mã lịch hẹn {reference}. Thủ tục: {procedures}."
    " Hãy đến trước giờ hẹn vài phút.",
    "{time} (time in Việt Nam). Reference {reference}. Procedures: {procedures}."
    " Please come a few minutes early.",
)
TIME: Final = "%H:%M %d/%m/%Y"
TENTATIVE: Final = "TENTATIVE"
CONFIRMED: Final = "CONFIRMED"
CANCELLED: Final = "CANCELLED"
OVER: Final = frozenset({State.CANCELLED, State.EXPIRED})
# Once while another time can still be chosen, once when it is time to go.
REMINDERS: Final = (timedelta(days=1), timedelta(hours=1))


class Invited(NamedTuple):
    """Between whom an invitation goes: the address it comes from, and that of who has the appointment."""

    organizer: str
    attendee: str


def calendar_file(
    row: AppointmentRow,
    centre: CentreRow,
    *,
    language: str,
    now: datetime,
    invited: Invited | None = None,
) -> bytes:
    """One event whose UID stays and whose SEQUENCE grows, so a moved appointment moves in the phone.

    To somebody `invited` by e-mail it is a REQUEST (RFC 5546 3.2.2) and names no procedure.
    """
    over = State(row.state) in OVER
    calendar = Calendar()
    calendar.add("prodid", "-//Motcua//Appointments//VI")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if over else "REQUEST" if invited else "PUBLISH")
    calendar.add_component(_event(row, centre, language=language, now=now, invited=invited))
    calendar.add_missing_timezones()
    encoded: bytes = calendar.to_ical()
    return encoded


def _event(
    row: AppointmentRow, centre: CentreRow, *, language: str, now: datetime, invited: Invited | None
) -> Event:
    english = language == "en"
    name, address = (centre.name_en, centre.address_en) if english else (centre.name_vi, centre.address_vi)
    words = {
        "reference": row.reference,
        "procedures": ", ".join(f"{item.procedure} × {item.quantity}" for item in row.items),
        "time": f"{local(row.starts_at):{TIME}}",
    }
    summary = SUMMARY.in_language(language).format(**words)
    event = Event()
    event.add("uid", f"{row.id}@motcua")
    event.add("sequence", row.version)
    event.add("dtstamp", now)
    event.add("dtstart", local(row.starts_at))
    event.add("dtend", local(row.ends_at))
    event.add("summary", summary)
    event.add("description", (BRIEF if invited else DESCRIPTION).in_language(language).format(**words))
    event.add("location", f"{name}, {address}")
    event.add("geo", (centre.lat, centre.lon))
    event.add("organizer", _organizer(centre, name, invited))
    if invited:
        event.add("attendee", _attendee(invited))
    event.add("status", _status(row))
    if event["status"] != CANCELLED:
        for before in REMINDERS:
            event.add_component(_reminder(summary, before))
    return event


def _status(row: AppointmentRow) -> str:
    if State(row.state) in OVER:
        return CANCELLED
    return TENTATIVE if State(row.state) is State.HELD else CONFIRMED


def _organizer(centre: CentreRow, name: str, invited: Invited | None) -> vCalAddress:
    """Whose event it is: whoever cancels must name the same as whoever published (RFC 5546 3.2)."""
    organizer = vCalAddress(f"mailto:{invited.organizer}" if invited else f"urn:uuid:{centre.id}")
    organizer.params["cn"] = vText(name)
    return organizer


def _attendee(invited: Invited) -> vCalAddress:
    """They booked it themselves: nobody waits for their answer."""
    attendee = vCalAddress(f"mailto:{invited.attendee}")
    attendee.params["role"] = vText("REQ-PARTICIPANT")
    attendee.params["partstat"] = vText("ACCEPTED")
    attendee.params["rsvp"] = vText("FALSE")
    return attendee


def _reminder(summary: str, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -before)
    return alarm
