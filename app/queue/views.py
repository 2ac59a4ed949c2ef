"""What the queue shows, by audience."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from app.centres.queries import PoolRow
from app.core.clock import local
from app.core.errors import Words
from app.core.links import tracking_token
from app.queue import rules
from app.queue.forecast import Forecast
from app.queue.learned import AdviceRow
from app.queue.queries import (
    Board,
    CounterRow,
    IssuedTicket,
    PeriodRow,
    PoolWait,
    QueueLists,
    Served,
    TicketRow,
)
from app.queue.rules import TicketClass
from app.queue.states import ReturnState, State

STALE_AFTER_S = 30


class ForecastView(msgspec.Struct):
    """Minutes, two of them on purpose: half of the people wait less than P50, four of five than P80."""

    p50_minutes: int
    p80_minutes: int
    position: int

    @classmethod
    def of(cls, row: Forecast) -> "ForecastView":
        return cls(row.p50_minutes, row.p80_minutes, row.position)


class ReturnOffer(msgspec.Struct):
    """Come back at this time instead of waiting in the hall."""

    return_at: datetime

    @classmethod
    def of(cls, row: TicketRow) -> "ReturnOffer | None":
        if row.return_state != ReturnState.OFFERED or row.returns_at is None:
            return None
        return cls(return_at=local(row.returns_at))


class ReturnView(msgspec.Struct):
    """A ticket and the time its holder was offered or has agreed to; `call_by` is when it is due."""

    id: uuid.UUID
    number: str
    state: str
    ticket_class: str
    return_at: datetime | None
    return_state: str | None
    call_by: datetime
    version: int

    @classmethod
    def of(cls, row: TicketRow) -> "ReturnView":
        return cls(
            id=row.id,
            number=row.number,
            state=row.state,
            ticket_class=row.ticket_class,
            return_at=local(row.returns_at) if row.returns_at else None,
            return_state=row.return_state,
            call_by=local(row.call_by),
            version=row.version,
        )


class TicketView(msgspec.Struct):
    """A ticket without its holder's name or phone."""

    id: uuid.UUID
    number: str
    state: str
    ticket_class: str
    priority_group: str | None
    procedures: list[str]
    pool_id: uuid.UUID
    counter_id: uuid.UUID | None
    appointment_id: uuid.UUID | None
    issued_at: datetime
    call_by: datetime
    calls: int
    version: int
    return_at: datetime | None
    return_state: str | None

    @classmethod
    def of(cls, row: TicketRow) -> "TicketView":
        return cls(
            id=row.id,
            number=row.number,
            state=row.state,
            ticket_class=row.ticket_class,
            priority_group=row.priority_group,
            procedures=list(row.procedure_codes),
            pool_id=row.pool_id,
            counter_id=row.counter_id,
            appointment_id=row.appointment_id,
            issued_at=local(row.issued_at),
            call_by=local(row.call_by),
            calls=row.calls,
            version=row.version,
            return_at=local(row.returns_at) if row.returns_at else None,
            return_state=row.return_state,
        )


class IssuedTicketView(msgspec.Struct):
    """A new ticket: its number, what to expect, and the secret link to follow it.

    `late` says that its holder came after the grace and waits as a walk-in; the notice says so in words.
    """

    id: uuid.UUID
    number: str
    state: str
    ticket_class: str
    pool_id: uuid.UUID
    forecast: ForecastView
    return_offer: ReturnOffer | None
    late: bool
    notice_vi: str
    notice_en: str
    tracking_token: str
    version: int

    @classmethod
    def of(cls, issued: IssuedTicket) -> "IssuedTicketView":
        ticket, expected = issued
        return cls(
            id=ticket.id,
            number=ticket.number,
            state=ticket.state,
            ticket_class=ticket.ticket_class,
            pool_id=ticket.pool_id,
            forecast=ForecastView.of(expected),
            return_offer=ReturnOffer.of(ticket),
            late=ticket.is_late,
            notice_vi=rules.LATE_NOTICE.vi if ticket.is_late else "",
            notice_en=rules.LATE_NOTICE.en if ticket.is_late else "",
            tracking_token=tracking_token("ticket", ticket.id),
            version=ticket.version,
        )


class PeriodView(msgspec.Struct):
    """One procedure at one counter, from–to; `ended_at` is empty while it is being done."""

    n: int
    procedure: str
    counter_id: uuid.UUID
    officer_id: uuid.UUID
    started_at: datetime
    ended_at: datetime | None
    inaccurate: bool

    @classmethod
    def of(cls, row: PeriodRow) -> "PeriodView":
        return cls(
            n=row.n,
            procedure=row.procedure_code,
            counter_id=row.counter_id,
            officer_id=row.officer_id,
            started_at=local(row.started_at),
            ended_at=local(row.ended_at) if row.ended_at else None,
            inaccurate=row.inaccurate,
        )


class ServedView(msgspec.Struct):
    """A ticket with what was done for it so far."""

    ticket: TicketView
    periods: list[PeriodView]

    @classmethod
    def of(cls, served: Served) -> "ServedView":
        return cls(TicketView.of(served.ticket), [PeriodView.of(row) for row in served.periods])


class CounterView(msgspec.Struct):
    id: uuid.UUID
    number: int
    label_vi: str
    label_en: str
    state: str

    @classmethod
    def of(cls, row: CounterRow) -> "CounterView":
        return cls(row.id, row.number, row.label_vi, row.label_en, row.state)


class CounterList(msgspec.Struct):
    items: list[CounterView]
    next_cursor: str | None = None


def reason_of(row: TicketRow, *, now: datetime) -> Words:
    """Why a ticket stands where it stands; of one at a counter, why it was its turn."""
    waits = row.state == State.WAITING
    return rules.reason(
        kind=TicketClass(row.ticket_class),
        due=row.call_by,
        now=now,
        is_late=row.is_late,
        turn=None if waits else row.turn,
        rests_until=row.eligible_at if waits else None,
        away_until=local(row.returns_at) if row.is_away and row.returns_at else None,
    )


class QueueEntry(msgspec.Struct):
    """A line of a console's list: the ticket, its place, and why it stands there."""

    ticket: TicketView
    order: int
    reason_vi: str
    reason_en: str


class QueueView(msgspec.Struct):
    """The five lists of a console."""

    centre_id: uuid.UUID
    revision: int
    as_of: datetime
    waiting: list[QueueEntry]
    open: list[QueueEntry]
    parked: list[QueueEntry]
    missed: list[QueueEntry]
    finished: list[QueueEntry]

    @classmethod
    def of(cls, lists: QueueLists) -> "QueueView":
        def entries(rows: list[TicketRow]) -> list[QueueEntry]:
            found = []
            for order, row in enumerate(rows, start=1):
                why = reason_of(row, now=lists.as_of)
                found.append(QueueEntry(TicketView.of(row), order, why.vi, why.en))
            return found

        return cls(
            centre_id=lists.centre_id,
            revision=lists.revision,
            as_of=local(lists.as_of),
            waiting=entries(list(lists.waiting)),
            open=entries(list(lists.open)),
            parked=entries(list(lists.parked)),
            missed=entries(list(lists.missed)),
            finished=entries(list(lists.finished)),
        )


class CalledView(msgspec.Struct):
    """A number and where to go. Nothing else of anybody."""

    number: str
    counter: int | None
    state: str
    called_at: datetime
    priority: bool


class CurrentCallView(CalledView):
    """A call that stands now, with the clips by which it is said, in their order."""

    voice: list[str]


class PoolWaitView(msgspec.Struct):
    pool_id: uuid.UUID
    name_vi: str
    name_en: str
    waiting: int
    open_counters: int
    p50_minutes: int
    p80_minutes: int

    @classmethod
    def of(cls, row: PoolWait) -> "PoolWaitView":
        return cls(
            pool_id=row.pool_id,
            name_vi=row.name_vi,
            name_en=row.name_en,
            waiting=row.waiting,
            open_counters=row.open_counters,
            p50_minutes=row.forecast.p50_minutes,
            p80_minutes=row.forecast.p80_minutes,
        )


class BoardView(msgspec.Struct):
    """A hall's board. Older than `stale_after_s` it must say so itself."""

    centre_id: uuid.UUID
    name_vi: str
    name_en: str
    revision: int
    as_of: datetime
    stale_after_s: int
    waiting: int
    now_called: list[CurrentCallView]
    recently_called: list[CalledView]
    pools: list[PoolWaitView]

    @classmethod
    def of(cls, board: Board) -> "BoardView":
        def called(row: TicketRow) -> CalledView:
            counter = board.counter_of(row)
            return CalledView(
                number=row.number,
                counter=counter.number if counter else None,
                state=row.state,
                called_at=local(row.last_called_at or row.issued_at),
                priority=row.ticket_class == TicketClass.PRIORITY,
            )

        def current(row: TicketRow) -> CurrentCallView:
            return CurrentCallView(**msgspec.structs.asdict(called(row)), voice=list(board.voice_of(row)))

        return cls(
            centre_id=board.centre_id,
            name_vi=board.name_vi,
            name_en=board.name_en,
            revision=board.revision,
            as_of=local(board.as_of),
            stale_after_s=STALE_AFTER_S,
            waiting=board.waiting,
            now_called=[current(row) for row in board.now_called],
            recently_called=[called(row) for row in board.recently_called],
            pools=[PoolWaitView.of(pool) for pool in board.pools],
        )


class HourAdviceView(msgspec.Struct):
    """Per start of a slot, `online_cap` places to sell and `walkin_floor` to keep; weekday 1 is Monday.

    `most_load` is the share of the counters' time that can be promised with at most 5 % waiting more than
    15 minutes, for visits of `mean_minutes` whose squared coefficient of variation is `variation`.
    """

    weekday: int
    hour: int
    online_cap: int
    walkin_floor: int
    most_load: float
    counters: int
    grain_minutes: int
    mean_minutes: float
    variation: float
    observations: int
    walk_in_share: float
    show_rate: float
    computed_from: date

    @classmethod
    def of(cls, row: AdviceRow) -> "HourAdviceView":
        return cls(
            weekday=row.weekday,
            hour=row.hour,
            online_cap=row.online_cap,
            walkin_floor=row.walkin_floor,
            most_load=round(row.most_load, 3),
            counters=row.counters,
            grain_minutes=row.grain_minutes,
            mean_minutes=round(row.mean_minutes, 2),
            variation=round(row.variation, 3),
            observations=row.observations,
            walk_in_share=round(row.walk_in_share, 3),
            show_rate=round(row.show_rate, 3),
            computed_from=row.local_date,
        )


class PoolAdviceView(msgspec.Struct):
    """A pool's hours, in order; empty until a day was learned."""

    pool_id: uuid.UUID
    name: Words
    hours: list[HourAdviceView]


class CapacityAdviceView(msgspec.Struct):
    """Advice for every pool of a centre; nothing changes by it."""

    centre_id: uuid.UUID
    as_of: datetime
    pools: list[PoolAdviceView]

    @classmethod
    def of(
        cls,
        centre_id: uuid.UUID,
        pools: Sequence[PoolRow],
        rows: Sequence[AdviceRow],
        *,
        as_of: datetime,
    ) -> "CapacityAdviceView":
        return cls(
            centre_id=centre_id,
            as_of=local(as_of),
            pools=[
                PoolAdviceView(
                    pool.id,
                    Words(pool.name_vi, pool.name_en),
                    [HourAdviceView.of(row) for row in rows if row.pool_id == pool.id],
                )
                for pool in pools
            ],
        )
