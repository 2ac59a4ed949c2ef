"""What the console's templates read of a counter, its ticket and the lists."""

import uuid
from datetime import datetime
from typing import Any, Final

from app.centres import queries as centres
from app.core.clock import local_date
from app.procedures import queries as procedures
from app.queue import queries, states
from app.queue.queries import CounterRow, QueueLists, TicketRow
from app.queue.states import Move, State
from app.queue.views import reason_of

# What the workspace offers for the ticket at the counter, in the order of its buttons.
OFFERED: Final = (
    Move.START,
    Move.FINISH,
    Move.RECALL,
    Move.NO_SHOW,
    Move.PARK,
    Move.TRANSFER,
    Move.LEAVE,
)


async def desk_context(
    centre_id: uuid.UUID,
    counter: CounterRow,
    *,
    language: str,
    now: datetime,
    notice: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The whole workspace of one counter."""
    lists = await queries.lists(centre_id, now=now)
    pool_ids = await centres.pool_ids_of_counter(counter.id)
    held = await queries.open_at(counter.id)
    names = await _names(lists, language, now)
    waits = [wait for wait in await queries.waits(centre_id, now=now) if wait.pool_id in pool_ids]
    english = language == "en"
    return {
        "url": f"/console/desk/{counter.id}",
        "revision": lists.revision,
        "as_of": now,
        "counter": {"name": _label(counter, language), "state": counter.state},
        "notice": notice,
        "current": _current(held, names, language, now) if held else None,
        "transfer_pools": [
            {"id": str(pool.id), "name": pool.name_en if english else pool.name_vi}
            for pool in await centres.pools_of(centre_id, "counter")
            if held is not None and pool.id != held.pool_id
        ],
        "can_call": held is None and counter.state == "open",
        "waiting_count": sum(wait.waiting for wait in waits),
        "p50_minutes": max((wait.forecast.p50_minutes for wait in waits), default=None),
        "p80_minutes": max((wait.forecast.p80_minutes for wait in waits), default=None),
        "served_count": sum(row.state == State.DONE for row in lists.finished),
        "lists": await _lists(lists, names, language, now),
    }


def _label(counter: CounterRow, language: str) -> str:
    return counter.label_en if language == "en" else counter.label_vi


async def _names(lists: QueueLists, language: str, now: datetime) -> dict[str, str]:
    """Procedure codes as words."""
    everybody = [*lists.waiting, *lists.open, *lists.parked, *lists.missed, *lists.finished]
    codes = {code for row in everybody for code in row.procedure_codes}
    found = await procedures.by_codes(codes, on=local_date(now))
    return {code: (row.name_en if language == "en" else row.name_vi) for code, row in found.items()}


def _current(row: TicketRow, names: dict[str, str], language: str, now: datetime) -> dict[str, Any]:
    return _ticket(row, names, language, now) | {
        "state": row.state,
        "citizen_name": None,
        "channel": "appointment" if row.appointment_id else "walk_in",
        "appointment_at": row.wait_from if row.appointment_id else None,
        "priority": row.priority_group,
        "called_at": row.last_called_at or row.issued_at,
        "started_at": row.started_at,
        "calls": row.calls,
        "moves": [move.value for move in OFFERED if states.after(State(row.state), move) is not None],
    }


def _ticket(row: TicketRow, names: dict[str, str], language: str, now: datetime) -> dict[str, Any]:
    why = reason_of(row, now=now)
    waited = (row.first_called_at or now) - row.wait_from
    return {
        "id": str(row.id),
        "number": row.number,
        "procedure_name": ", ".join(names.get(code, code) for code in row.procedure_codes),
        "at": row.issued_at,
        "minutes": max(0, int(waited.total_seconds() // 60)),
        "reason": why.in_language(language),
        "where": "",
        "version": row.version,
        "moves": [],
    }


async def _lists(
    lists: QueueLists, names: dict[str, str], language: str, now: datetime
) -> list[dict[str, Any]]:
    counters = {row.id: _label(row, language) for row in await queries.counters(lists.centre_id)}

    def rows(tickets: Any, *moves: str) -> list[dict[str, Any]]:
        return [
            _ticket(row, names, language, now)
            | {"moves": list(moves), "where": counters.get(row.counter_id, "") if row.counter_id else ""}
            for row in tickets
        ]

    return [
        {"key": "waiting", "tickets": rows(lists.waiting)},
        {"key": "in_progress", "tickets": rows(lists.open)},
        {"key": "parked", "tickets": rows(lists.parked, "resume")},
        {"key": "missed", "tickets": rows(lists.missed)},
        {"key": "finished", "tickets": rows(lists.finished)},
    ]
