"""What can be asked about the queue: a ticket, the lists of a console, a board, a forecast."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

from app.centres import queries as centres
from app.core.clock import local_date
from app.core.contacts import Contact
from app.core.database import fetch, fetch_row, fetch_value
from app.queue import voice
from app.queue.forecast import Forecast
from app.queue.history import Event
from app.queue.prediction import predict
from app.queue.rules import TicketClass
from app.queue.states import ReturnState, State

RECENT: Final = 8


class TicketRow(NamedTuple):
    """One ticket."""

    id: uuid.UUID
    centre_id: uuid.UUID
    pool_id: uuid.UUID
    number: str
    ticket_class: str
    priority_group: str | None
    appointment_id: uuid.UUID | None
    citizen_id: uuid.UUID | None
    contact_phone: str | None
    locale: str
    procedure_codes: Sequence[str]
    p50_minutes: float
    p80_minutes: float
    state: str
    issued_at: datetime
    wait_from: datetime
    call_by: datetime
    counter_id: uuid.UUID | None
    calls: int
    first_called_at: datetime | None
    last_called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    version: int
    eligible_at: datetime | None
    put_backs: int
    turn: str | None
    returns_at: datetime | None
    return_state: str | None
    return_slot_id: uuid.UUID | None

    @property
    def is_late(self) -> bool:
        """It came with an appointment, too late to be called as one."""
        return self.appointment_id is not None and self.ticket_class == "walk_in"

    @property
    def is_away(self) -> bool:
        """Its holder agreed to come back and has not said so yet."""
        return self.state == State.WAITING and self.return_state == ReturnState.AGREED


COLUMNS: Final = ", ".join(TicketRow._fields)


class IssuedTicket(NamedTuple):
    """A ticket with the forecast its holder is told."""

    ticket: TicketRow
    forecast: Forecast


class PeriodRow(NamedTuple):
    """One procedure of a ticket at one counter, from–to."""

    n: int
    procedure_code: str
    counter_id: uuid.UUID
    officer_id: uuid.UUID
    started_at: datetime
    ended_at: datetime | None
    inaccurate: bool


class Served(NamedTuple):
    """A ticket with what was done for it so far."""

    ticket: TicketRow
    periods: Sequence[PeriodRow]


class CounterRow(NamedTuple):
    """A counter and whether it is open."""

    id: uuid.UUID
    number: int
    label_vi: str
    label_en: str
    state: str
    officer_id: uuid.UUID | None


class PoolWait(NamedTuple):
    """What somebody who joins a pool now has to expect."""

    pool_id: uuid.UUID
    name_vi: str
    name_en: str
    waiting: int
    open_counters: int
    forecast: Forecast


class Board(NamedTuple):
    """What a hall sees: numbers only, whole, with its revision."""

    centre_id: uuid.UUID
    name_vi: str
    name_en: str
    revision: int
    as_of: datetime
    now_called: Sequence[TicketRow]
    recently_called: Sequence[TicketRow]
    counters: Mapping[uuid.UUID, CounterRow]
    pools: Sequence[PoolWait]

    @property
    def waiting(self) -> int:
        return sum(pool.waiting for pool in self.pools)

    def counter_of(self, ticket: TicketRow) -> CounterRow | None:
        return self.counters.get(ticket.counter_id) if ticket.counter_id else None

    def voice_of(self, ticket: TicketRow) -> Sequence[str]:
        """How a call of this board is said."""
        counter = self.counter_of(ticket)
        return voice.call(
            number=ticket.number,
            counter=counter.number if counter else None,
            priority=ticket.ticket_class == TicketClass.PRIORITY,
        )


class QueueLists(NamedTuple):
    """The five lists of a console, each in its order."""

    centre_id: uuid.UUID
    revision: int
    as_of: datetime
    waiting: Sequence[TicketRow]
    open: Sequence[TicketRow]
    parked: Sequence[TicketRow]
    missed: Sequence[TicketRow]
    finished: Sequence[TicketRow]


async def ticket_at(ticket_id: uuid.UUID, *, centre_id: uuid.UUID) -> TicketRow | None:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM ticket WHERE id = $1 AND centre_id = $2",
        ticket_id,
        centre_id,
    )
    return None if row is None else TicketRow(*row)


async def by_id(ticket_id: uuid.UUID) -> TicketRow | None:
    row = await fetch_row(f"SELECT {COLUMNS} FROM ticket WHERE id = $1", ticket_id)
    return None if row is None else TicketRow(*row)


async def served(ticket_id: uuid.UUID) -> TicketRow | None:
    """A ticket whose holder was served to the end."""
    row = await by_id(ticket_id)
    return row if row is not None and row.state == State.DONE else None


async def count_served(centre_id: uuid.UUID, *, first: date, last: date) -> int:
    """How many were served at a centre from the first to the last local day."""
    return int(
        await fetch_value(
            "SELECT count(*) FROM ticket"
            " WHERE centre_id = $1 AND local_date BETWEEN $2 AND $3 AND state = 'done'",
            centre_id,
            first,
            last,
        )
    )


async def walkins_on(day: date) -> dict[uuid.UUID, int]:
    """How many came without an appointment that day, by pool."""
    rows = await fetch(
        "SELECT pool_id, count(*) AS came FROM ticket WHERE centre_id = ANY($1) AND local_date = $2"
        " AND appointment_id IS NULL AND state <> 'undone' GROUP BY pool_id",
        [centre.id for centre in await centres.centres_on(day)],
        day,
    )
    return {row["pool_id"]: row["came"] for row in rows}


async def of_appointment(appointment_id: uuid.UUID) -> TicketRow | None:
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM ticket WHERE appointment_id = $1",
        appointment_id,
    )
    return None if row is None else TicketRow(*row)


async def open_at(counter_id: uuid.UUID) -> TicketRow | None:
    """The ticket a counter holds."""
    row = await fetch_row(
        f"SELECT {COLUMNS} FROM ticket WHERE counter_id = $1 AND state IN ('called', 'serving')",
        counter_id,
    )
    return None if row is None else TicketRow(*row)


async def periods_of(ticket_id: uuid.UUID) -> list[PeriodRow]:
    """What was done for a ticket, in order."""
    rows = await fetch(
        f"SELECT {', '.join(PeriodRow._fields)} FROM ticket_period WHERE ticket_id = $1 ORDER BY n",
        ticket_id,
    )
    return [PeriodRow(*row) for row in rows]


async def minutes_taken(centre_id: uuid.UUID, procedure_code: str, *, since: datetime) -> list[float]:
    """How long a procedure took at a centre, each time since then; without the times known to be wrong."""
    rows = await fetch(
        "SELECT extract(epoch FROM ended_at - started_at)::float8 / 60 AS minutes FROM ticket_period"
        " WHERE centre_id = $1 AND procedure_code = $2 AND started_at >= $3"
        " AND ended_at IS NOT NULL AND NOT inaccurate ORDER BY started_at, ticket_id, n",
        centre_id,
        procedure_code,
        since,
    )
    return [row["minutes"] for row in rows]


async def events_of(ticket_id: uuid.UUID) -> list[Event]:
    """What happened to a ticket, in order; `history.story` folds it."""
    rows = await fetch(
        "SELECT type, at, data FROM queue_event WHERE ticket_id = $1 ORDER BY seq", ticket_id
    )
    return [Event(row["type"], row["at"], msgspec.json.decode(row["data"])) for row in rows]


async def revision(centre_id: uuid.UUID) -> int:
    """The number of the centre's last event; 0 before the first."""
    return int(
        await fetch_value("SELECT coalesce(max(seq), 0) FROM queue_event WHERE centre_id = $1", centre_id)
    )


async def counters(centre_id: uuid.UUID) -> list[CounterRow]:
    """The counters of a centre with their state today."""
    known = await centres.counters_of(centre_id)
    rows = await fetch(
        "SELECT counter_id, state, officer_id FROM counter_state WHERE centre_id = $1", centre_id
    )
    states = {row["counter_id"]: row for row in rows}
    return [
        CounterRow(
            id=counter.id,
            number=counter.number,
            label_vi=counter.label_vi,
            label_en=counter.label_en,
            state=states[counter.id]["state"] if counter.id in states else "closed",
            officer_id=states[counter.id]["officer_id"] if counter.id in states else None,
        )
        for counter in known
    ]


async def board(centre_id: uuid.UUID, *, now: datetime) -> Board:
    """The whole board; raises `CentreNotFound`."""
    centre = await centres.get_centre(centre_id, on=local_date(now))
    shown = await revision(centre_id)
    rows = await fetch(
        f"SELECT {COLUMNS} FROM ticket WHERE centre_id = $1 AND local_date = $2"
        " AND last_called_at IS NOT NULL ORDER BY last_called_at DESC, id LIMIT $3",
        centre_id,
        local_date(now),
        RECENT * 3,
    )
    called = [TicketRow(*row) for row in rows]
    return Board(
        centre_id=centre_id,
        name_vi=centre.name_vi,
        name_en=centre.name_en,
        revision=shown,
        as_of=now,
        now_called=[row for row in called if row.state == State.CALLED],
        recently_called=[row for row in called if row.state != State.CALLED][:RECENT],
        counters={row.id: row for row in await counters(centre_id)},
        pools=await waits(centre_id, now=now),
    )


async def lists(centre_id: uuid.UUID, *, now: datetime) -> QueueLists:
    """Today's five lists."""
    shown = await revision(centre_id)
    rows = await fetch(
        f"SELECT {COLUMNS} FROM ticket WHERE centre_id = $1 AND local_date = $2 ORDER BY call_by, id",
        centre_id,
        local_date(now),
    )
    tickets = [TicketRow(*row) for row in rows]

    def those(*states: State) -> list[TicketRow]:
        return [ticket for ticket in tickets if ticket.state in states]

    return QueueLists(
        centre_id=centre_id,
        revision=shown,
        as_of=now,
        waiting=those(State.WAITING),
        open=those(State.CALLED, State.SERVING),
        parked=those(State.PARKED),
        missed=those(State.MISSED),
        finished=those(State.DONE, State.LEFT, State.UNDONE),
    )


async def waits(centre_id: uuid.UUID, *, now: datetime) -> list[PoolWait]:
    """Per counter pool: how many wait, and what the next to join has to expect."""
    pools = await centres.pools_of(centre_id, "counter")
    predicted = await predict(centre_id, [pool.id for pool in pools], now=now)
    return [
        PoolWait(
            pool_id=pool.id,
            name_vi=pool.name_vi,
            name_en=pool.name_en,
            waiting=predicted[pool.id].waiting,
            open_counters=predicted[pool.id].open_counters,
            forecast=predicted[pool.id].forecast,
        )
        for pool in pools
    ]


async def forecast_of(ticket: TicketRow, *, now: datetime) -> Forecast:
    """What the holder of a waiting ticket has to expect; zero for one who was called."""
    if ticket.state != State.WAITING:
        return Forecast(0, 0, 0)
    place = (ticket.call_by, ticket.id)
    predicted = await predict(ticket.centre_id, [ticket.pool_id], now=now, before=place)
    return predicted[ticket.pool_id].forecast


async def contact_of(ticket_id: uuid.UUID) -> Contact | None:
    """Whom to tell about a ticket, when its holder gave a phone."""
    row = await fetch_row("SELECT contact_phone, locale FROM ticket WHERE id = $1", ticket_id)
    if row is None or row["contact_phone"] is None:
        return None
    return Contact(name="", phone=row["contact_phone"], locale=row["locale"])
