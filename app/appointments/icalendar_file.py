"""An appointment in a phone's calendar (RFC 5545), in wall-clock time of Việt Nam."""

from datetime import datetime

from icalendar import Calendar, Event

from app.appointments.queries import AppointmentRow
from app.appointments.states import State
from app.centres.queries import CentreRow
from app.core.clock import local
from app.core.errors import Words

SUMMARY = Words("Lịch hẹn {reference}", "Appointment {reference}")
DESCRIPTION = Words(
    "Mã lịch hẹn {reference}. Thủ tục: {procedures}. Hãy đến trước giờ hẹn vài phút.",
    "Reference {reference}. Procedures: {procedures}. Please come a few minutes early.",
)
STATUS = {State.HELD: "TENTATIVE", State.CANCELLED: "CANCELLED", State.EXPIRED: "CANCELLED"}


def calendar_file(row: AppointmentRow, centre: CentreRow, *, language: str, now: datetime) -> bytes:
    """One event whose UID stays and whose SEQUENCE grows, so a moved appointment moves in the phone."""
    english = language == "en"
    words = {
        "reference": row.reference,
        "procedures": ", ".join(f"{item.procedure} × {item.quantity}" for item in row.items),
    }
    event = Event()
    event.add("uid", f"{row.id}@motcua")
    event.add("sequence", row.version)
    event.add("dtstamp", now)
    event.add("dtstart", local(row.starts_at))
    event.add("dtend", local(row.ends_at))
    event.add("summary", SUMMARY.in_language(language).format(**words))
    event.add("description", DESCRIPTION.in_language(language).format(**words))
    name, address = (centre.name_en, centre.address_en) if english else (centre.name_vi, centre.address_vi)
    event.add("location", f"{name}, {address}")
    event.add("geo", (centre.lat, centre.lon))
    event.add("status", STATUS.get(State(row.state), "CONFIRMED"))
    calendar = Calendar()
    calendar.add("prodid", "-//Motcua//Appointments//VI")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    encoded: bytes = calendar.to_ical()
    return encoded
