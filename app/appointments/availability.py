"""Free places as JSON, found once for everybody who asks at the same moment.

Nobody is answered from a reading that began before they asked: PostgreSQL is asked each time, either for
the places or for a mark that proves them unchanged. So what was booked is gone from the next answer, in
every process, with Redis or without, and a crowd costs one statement at a time.
"""

import base64
import gzip
import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from app.appointments import booking_rules, free_places, needs, rules
from app.appointments.free_places import Glance, Seats
from app.appointments.needs import Item, Need
from app.core.clock import at_local, local, local_date
from app.core.shared import Shared
from app.http.lists import JSON
from app.http.ready import ReadyAnswer

DAY: Final = timedelta(days=1)
MOST_KNOWN: Final = 256
# A fortnight of one centre shrinks from 57 to 4 kB; higher levels cost more than they save.
PACKED_AT_LEVEL: Final = 4


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


class Form(NamedTuple):
    """One form of an answer, and what to send to whom has it already."""

    etag: str
    whole: ReadyAnswer
    unchanged: ReadyAnswer

    @classmethod
    def of(cls, body: bytes, tag: str, encoding: dict[str, str]) -> "Form":
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        whole = ReadyAnswer(body, headers=headers | encoding | {"Content-Type": JSON})
        return cls(tag, whole, ReadyAnswer(b"", status=304, headers=headers))

    def for_holder_of(self, tag: str) -> ReadyAnswer:
        return self.unchanged if tag == self.etag else self.whole


class Answer(NamedTuple):
    """The answer as it goes out; each form has a tag of its own (RFC 9110 8.8.3)."""

    plain: Form
    packed: Form


async def _read(question: Question, now: datetime) -> Answer:
    first = max(question.first, local_date(now))
    need = await needs.need_on(question.centre_id, question.items, on=first, now=now)
    last = min(question.last, rules.last_day(now, need.rules))
    if first > last:
        return _written(first, last, [])
    start, end = max(rules.earliest_start(now, need.rules), at_local(first, 0)), at_local(last, 0) + DAY
    known, seen = _known.get(question), None
    if known is not None and known.need == need and known.days == (first, last) and known.holds(now):
        # A slot that has begun meanwhile is in the mark, and not in what a snapshot can tell.
        same_slots = start <= known.earliest
        seen = await free_places.glance(need, start=start, end=end, last=known.seen if same_slots else None)
        if seen.mark == known.mark:
            earliest = known.earliest if same_slots else start
            _known[question] = known._replace(seen=seen, earliest=earliest)
            return known.answer
    # The glance comes first: what is written after it makes the next one differ.
    seen = seen or await free_places.glance(need, start=start, end=end)
    found, mark = await free_places.marked_seats(need, start=start, end=end)
    hidden = booking_rules.unreleased(
        need.centre_id, (seats.starts_at for seats in found), now=now, by=need.rules
    )
    answer = _written(first, last, (seats for seats in found if seats.starts_at not in hidden))
    if mark is not None:
        until = min(hidden.values(), default=None)
        _known[question] = _Known(need, (first, last), mark, answer, seen, found[0].starts_at, until)
        _known.move_to_end(question)
        if len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
    return answer


class _Known(NamedTuple):
    """An answer, and how the places looked that it was written from.

    `earliest` is the first start counted: until bookings begin later than that, no slot has dropped out.
    `until` is when time alone releases a start that is not in the answer.
    """

    need: Need
    days: tuple[date, date]
    mark: str
    answer: Answer
    seen: Glance
    earliest: datetime
    until: datetime | None

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


# Most readings would find what the one before them found, and the mark says so for a fifth of the work.
_known: "OrderedDict[Question, _Known]" = OrderedDict()


def _written(first: date, last: date, found: Iterable[Seats]) -> Answer:
    body = msgspec.json.encode(by_day(first, last, found))
    tag = base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:12]).decode()
    return Answer(
        plain=Form.of(body, f'"{tag}"', {}),
        packed=Form.of(
            gzip.compress(body, PACKED_AT_LEVEL, mtime=0),
            f'"{tag}-gzip"',
            {"Content-Encoding": "gzip"},
        ),
    )


def by_day(first: date, last: date, found: Iterable[Seats]) -> Availability:
    """Every day from the first to the last, with its starts."""
    length = max((last - first).days + 1, 0)
    days = {first + n * DAY: DaySeats(first + n * DAY, 0, []) for n in range(length)}
    for seats in found:
        starts_at = local(seats.starts_at)
        day = days[starts_at.date()]
        day.slots.append(SlotSeats(starts_at, local(seats.ends_at), seats.seats))
        day.seats += seats.seats
    return Availability(list(days.values()))


SHARED: Final = Shared(_read)
