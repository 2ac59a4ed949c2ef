"""What the console's templates read of a counter, its ticket and the lists."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from app.centres import queries as centres
from app.core.clock import local_date
from app.procedures import queries as procedures
from app.queue import queries, rules, states
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
    leads: bool,
    notice: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The whole workspace of one counter; who `leads` may call out of order there."""
    lists = await queries.lists(centre_id, now=now)
    pool_ids = await centres.pool_ids_of_counter(counter.id)
    held = await queries.open_at(counter.id)
    names = await _names(lists, language, now)
    waits = [wait for wait in await queries.waits(centre_id, now=now) if wait.pool_id in pool_ids]
    english = language == "en"
    can_call = held is None and counter.state == "open"
    return {
        "url": f"/console/desk/{counter.id}",
        "revision": lists.revision,
        "as_of": now,
        "counter": {"name": _label(counter, language), "state": counter.state},
        "notice": notice,
        "current": await _current(held, names, language, now) if held else None,
        "transfer_pools": [
            {"id": str(pool.id), "name": pool.name_en if english else pool.name_vi}
            for pool in await centres.pools_of(centre_id, "counter")
            if held is not None and pool.id != held.pool_id
        ],
        "procedures": await _procedures(centre_id, pool_ids, language, now) if held else [],
        "can_call": can_call,
        "waiting_count": sum(wait.waiting for wait in waits),
        "p50_minutes": max((wait.forecast.p50_minutes for wait in waits), default=None),
        "p80_minutes": max((wait.forecast.p80_minutes for wait in waits), default=None),
        "served_count": sum(row.state == State.DONE for row in lists.finished),
        "lists": await _lists(
            lists, names, language, now, callable_pools=pool_ids if leads and can_call else ()
        ),
    }


def _label(counter: CounterRow, language: str) -> str:
    return counter.label_en if language == "en" else counter.label_vi


async def _names(lists: QueueLists, language: str, now: datetime) -> dict[str, str]:
    """Procedure codes as words."""
    everybody = [*lists.waiting, *lists.open, *lists.parked, *lists.missed, *lists.finished]
    codes = {code for row in everybody for code in row.procedure_codes}
    found = await procedures.by_codes(codes, on=local_date(now))
    return {code: (row.name_en if language == "en" else row.name_vi) for code, row in found.items()}


async def _procedures(
    centre_id: uuid.UUID, pool_ids: Sequence[uuid.UUID], language: str, now: datetime
) -> list[dict[str, str]]:
    """What this counter does, by name."""
    today = local_date(now)
    served = {code for pool_id in pool_ids for code in await procedures.codes_of_pool(pool_id)}
    offered = await procedures.offers(centre_id, served, on=today)
    found = await procedures.by_codes(offered, on=today)
    named = [(row.name_en if language == "en" else row.name_vi, code) for code, row in found.items()]
    return [{"code": code, "name": name} for name, code in sorted(named)]


async def _current(row: TicketRow, names: dict[str, str], language: str, now: datetime) -> dict[str, Any]:
    periods = await queries.periods_of(row.id)
    several = len(row.procedure_codes) > 1 or len(periods) > 1
    doing = next((period.procedure_code for period in periods if period.ended_at is None), None)
    return _ticket(row, names, language, now) | {
        "state": row.state,
        "citizen_name": None,
        "channel": "appointment" if row.appointment_id else "walk_in",
        "appointment_at": row.wait_from if row.appointment_id else None,
        "priority": await _group(row.priority_group, language),
        "called_at": row.last_called_at or row.issued_at,
        "started_at": row.started_at,
        "calls": row.calls,
        "doing": names.get(doing, doing) if doing and several else None,
        "moves": [move.value for move in OFFERED if states.after(State(row.state), move) is not None],
    }


async def _group(code: str | None, language: str) -> str | None:
    """Why somebody comes first, in words."""
    groups = {group.code: group for group in await centres.priority_groups()} if code else {}
    if code is None or code not in groups:
        return code
    return groups[code].name_en if language == "en" else groups[code].name_vi


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
    lists: QueueLists,
    names: dict[str, str],
    language: str,
    now: datetime,
    *,
    callable_pools: Collection[uuid.UUID],
) -> list[dict[str, Any]]:
    counters = {row.id: _label(row, language) for row in await queries.counters(lists.centre_id)}

    def moves(row: TicketRow) -> list[str]:
        """What may be done with a ticket that is at no counter."""
        offered = [
            move.value
            for move in (Move.RESUME, Move.PUT_BACK)
            if states.after(State(row.state), move) is not None
            and (
                move is Move.RESUME
                or rules.may_put_back(was_missed=row.state == State.MISSED, put_backs=row.put_backs)
            )
        ]
        return ["call"] if row.state == State.WAITING and row.pool_id in callable_pools else offered

    def rows(tickets: Any) -> list[dict[str, Any]]:
        return [
            _ticket(row, names, language, now)
            | {"moves": moves(row), "where": counters.get(row.counter_id, "") if row.counter_id else ""}
            for row in tickets
        ]

    return [
        {"key": "waiting", "tickets": rows(lists.waiting)},
        {"key": "in_progress", "tickets": rows(lists.open)},
        {"key": "parked", "tickets": rows(lists.parked)},
        {"key": "missed", "tickets": rows(lists.missed)},
        {"key": "finished", "tickets": rows(lists.finished)},
    ]
