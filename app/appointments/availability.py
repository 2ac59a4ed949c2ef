"""Free places as JSON, found once for everybody who asks at the same moment.

No cache: nobody is answered from a reading that began before they asked, so what was booked is gone from
the next answer, in every process, with Redis or without. A crowd costs one statement at a time.
"""

import base64
import hashlib
import uuid
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.appointments import needs, queries, rules
from app.appointments.needs import Item
from app.core.clock import at_local, local, local_date
from app.core.shared import Shared

DAY: Final = timedelta(days=1)


class SlotSeats(msgspec.Struct):
    """A start with places; `seats` visits of the asked length fit here."""

    starts_at: datetime
    ends_at: datetime
    seats: int


class DaySeats(msgspec.Struct):
    """One day; `seats` is the sum of its slots."""

    date: date
    seats: int
    slots: list[SlotSeats]


class Availability(msgspec.Struct):
    """Where a visit fits, day by day, from now on and within the booking period."""

    days: list[DaySeats]


class Question(NamedTuple):
    """What is asked; who asks the same gets the same answer."""

    centre_id: uuid.UUID
    items: tuple[Item, ...]
    first: date
    last: date


class Answer(NamedTuple):
    """The answer as it goes out."""

    body: bytes
    etag: str


async def _read(question: Question, now: datetime) -> Answer:
    body = msgspec.json.encode(await availability(question, now=now))
    digest = hashlib.sha256(body).digest()[:12]
    return Answer(body, f'"{base64.urlsafe_b64encode(digest).decode()}"')


async def availability(question: Question, *, now: datetime) -> Availability:
    """The days asked for that can be booked, each with its starts. Raises what `needs` raises."""
    first = max(question.first, local_date(now))
    last = min(question.last, rules.last_day(now))
    need = await needs.need_on(question.centre_id, question.items, on=first, now=now)
    days = {first + n * DAY: DaySeats(first + n * DAY, 0, []) for n in range((last - first).days + 1)}
    if not days:
        return Availability([])
    start = max(rules.earliest_start(now), at_local(first, 0))
    for seats in await queries.seats(need, start=start, end=at_local(last, 0) + DAY):
        starts_at = local(seats.starts_at)
        day = days[starts_at.date()]
        day.slots.append(SlotSeats(starts_at, local(seats.ends_at), seats.seats))
        day.seats += seats.seats
    return Availability(list(days.values()))


SHARED: Final = Shared(_read)
