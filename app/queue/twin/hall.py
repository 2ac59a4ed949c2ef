"""One session in a simulated hall, event by event, decided by the product's own functions."""

import heapq
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from app.appointments.rules import UNDECIDED
from app.queue import returns, rules
from app.queue.forecast import Expected, Plan, Serving, forecast
from app.queue.rules import TARGETS, TicketClass
from app.queue.twin.people import MEAN_MINUTES, OPENS_AT, Session, Visit, people

GRACE: Final = timedelta(minutes=UNDECIDED.grace_minutes)
AHEAD_OF_TIME: Final = timedelta(hours=1)


def play(
    session: Session,
    *,
    seed: int,
    timed_returns: bool,
    quotes: bool = True,
    spread: float = 1.0,
) -> list[Visit]:
    """Everybody who was called in the session, with when and with what they were told.

    `quotes=False` leaves the forecasts out, which nobody needs where no returns are offered and nothing is
    compared, and which take nearly all the time.
    """
    visits = people(session, random.Random(seed))  # noqa: S311 - a simulation
    hall = _Hall(session, seed=seed, timed_returns=timed_returns, quotes=quotes, spread=spread)
    for visit in visits:
        hall.expect(visit)
    hall.run()
    return [visit for visit in visits if visit.called_at is not None]


class _Hall:
    """Counters, the queue, who is expected, and what happens next."""

    def __init__(
        self, session: Session, *, seed: int, timed_returns: bool, quotes: bool, spread: float
    ) -> None:
        self._session = session
        self._seed = seed
        self._timed_returns = timed_returns
        self._quotes = quotes or timed_returns
        self._spread = spread
        self._now = OPENS_AT - AHEAD_OF_TIME
        self._count = 0
        self._next: list[tuple[datetime, int, Callable[[Visit], None], Visit]] = []
        self._waiting: list[tuple[datetime, int, Visit]] = []
        self._serving: list[Visit] = []
        self._expected: dict[int, Visit] = {}

    def expect(self, visit: Visit) -> None:
        """Somebody booked, or will simply come."""
        if visit.starts_at is not None:
            self._expected[id(visit)] = visit
            self._at(visit.starts_at + GRACE, self._give_up, visit)
        if visit.comes:
            self._at(visit.arrives_at, self._arrive, visit)

    def run(self) -> None:
        """Until everybody was served. Whoever waits at the door is called when it opens."""
        while self._next:
            if self._waiting and self._now < OPENS_AT <= self._next[0][0]:
                self._now = OPENS_AT
                self._call()
                continue
            self._now, _, happens, visit = heapq.heappop(self._next)
            happens(visit)
            self._call()

    def _at(self, moment: datetime, happens: Callable[[Visit], None], visit: Visit) -> None:
        self._count += 1
        heapq.heappush(self._next, (moment, self._count, happens, visit))

    def _give_up(self, visit: Visit) -> None:
        self._expected.pop(id(visit), None)

    def _arrive(self, visit: Visit) -> None:
        """A ticket at the door: a quote, and perhaps a better time."""
        self._expected.pop(id(visit), None)
        visit.issued_at = self._now
        if visit.starts_at is not None:
            is_late = self._now > visit.starts_at + GRACE
            visit.kind = rules.ticket_class(priority_group=None, has_appointment=True, is_late=is_late)
        waiting_from = rules.wait_from(arrived_at=self._now, starts_at=visit.starts_at)
        due = rules.call_by(kind=visit.kind, waiting_from=waiting_from)
        if self._quotes:
            self._quote(visit, due=due)
            if self._timed_returns and self._sent_away(visit):
                return
        self._join(visit, waiting_from)

    def _quote(self, visit: Visit, *, due: datetime) -> None:
        ahead = [one.known for one_due, _, one in self._waiting if one_due <= due]
        visit.quoted = forecast(
            ahead=ahead,
            serving=self._at_counters(),
            open_counters=self._open_counters(),
            plan=self._plan(within=AHEAD_OF_TIME),
            due_in=_minutes(due - self._now),
            target=_minutes(TARGETS[TicketClass.APPOINTMENT]),
            spread=self._spread,
            seed=self._seed * 1009 + self._count,
        )
        free = len(self._serving) < self._open_counters()
        per_person = 0.0 if free else MEAN_MINUTES / self._session.counters
        visit.classic = (len(self._waiting) + 1) * per_person, (len(ahead) + 1) * per_person

    def _sent_away(self, visit: Visit) -> bool:
        """True if the person agreed to come back later."""
        assert visit.quoted is not None
        found = returns.offer(
            kind=visit.kind,
            found=visit.quoted,
            work=returns.Work(
                own=visit.known,
                serving=self._at_counters(),
                waiting=[one.known for _, _, one in self._waiting],
                expected=self._plan(within=returns.MOST_AWAY).expected,
                open_counters=self._session.counters,
            ),
            now=self._now,
            until=self._session.closes_at + returns.GRAIN,
        )
        if found is None:
            return False
        visit.offered_minutes = found.minutes_away
        if visit.refuses:
            return False
        visit.starts_at = found.returns_at
        visit.came_back = True
        self._expected[id(visit)] = visit
        self._at(max(self._now, found.returns_at + visit.returns_late), self._come_back, visit)
        return True

    def _come_back(self, visit: Visit) -> None:
        assert visit.starts_at is not None
        self._expected.pop(id(visit), None)
        back = returns.on_return(arrived_at=self._now, returns_at=visit.starts_at)
        visit.kind = back.kind
        self._join(visit, back.waiting_from)

    def _join(self, visit: Visit, waiting_from: datetime) -> None:
        visit.waiting_from = waiting_from
        visit.due = rules.call_by(kind=visit.kind, waiting_from=waiting_from)
        self._count += 1
        heapq.heappush(self._waiting, (visit.due, self._count, visit))

    def _call(self) -> None:
        while self._waiting and len(self._serving) < self._open_counters():
            _, _, visit = heapq.heappop(self._waiting)
            visit.called_at = self._now
            self._serving.append(visit)
            self._at(self._now + visit.service, self._finish, visit)

    def _finish(self, visit: Visit) -> None:
        self._serving.remove(visit)

    def _open_counters(self) -> int:
        return self._session.counters if self._now >= OPENS_AT else 0

    def _at_counters(self) -> list[Serving]:
        found = []
        for one in self._serving:
            assert one.called_at is not None
            found.append(Serving(one.known, _minutes(self._now - one.called_at)))
        return found

    def _plan(self, *, within: timedelta) -> Plan:
        """Those expected within a time, and the counters that open with the hall."""
        last = self._now + within
        opening = self._session.counters - self._open_counters()
        return Plan(
            expected=[
                self._expectation(visit)
                for visit in self._expected.values()
                if visit.starts_at is not None and visit.starts_at <= last
            ],
            opens_in=[_minutes(OPENS_AT - self._now)] * opening,
        )

    def _expectation(self, visit: Visit) -> Expected:
        assert visit.starts_at is not None
        show = returns.COMES_BACK if visit.came_back else 1 - self._session.no_show
        return Expected(visit.known, _minutes(visit.starts_at - self._now), show)


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60
