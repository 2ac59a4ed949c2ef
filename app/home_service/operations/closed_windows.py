"""Visits whose window was closed by the calendar: moved on, called off, or left for somebody to look at."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from app.appointments.changes import Orphans
from app.home_service import queries, windows
from app.home_service.errors import VisitUnderWay, WindowGone
from app.home_service.operations.change import cancel, move_on
from app.home_service.queries import HomeVisitRow
from app.home_service.states import Kind

# How far a visit is moved, and how many windows are tried before it is left to people.
LOOKED_AHEAD: Final = timedelta(days=14)
WINDOWS_TRIED: Final = 3


async def leave_closed_windows(start: datetime, end: datetime, *, fate: Orphans, now: datetime) -> int:
    """Take the visits out of windows that were closed between two moments; how many left.

    One transaction per visit: whom no courier can reach in another window stays where they are, with
    their courier, and is named by `queries.in_closed_windows`. Running again goes on where it stopped.
    """
    left = 0
    for visit in await queries.in_closed_windows(start, end):
        if fate is Orphans.CANCEL:
            with suppress(VisitUnderWay):
                await cancel(home_visit_id=visit.id, citizen_id=visit.citizen_id, now=now)
                left += 1
        elif fate is Orphans.MOVE:
            left += await _move(visit, end, now=now)
    return left


async def _move(visit: HomeVisitRow, after: datetime, *, now: datetime) -> bool:
    """Into the next window after the closed time that can be kept."""
    found = await windows.windows(
        kind=Kind(visit.kind),
        procedure_code=visit.procedure_codes[0],
        lat=visit.lat,
        lon=visit.lon,
        commune=visit.commune,
        start=after,
        end=after + LOOKED_AHEAD,
        now=now,
    )
    for window in found.windows[:WINDOWS_TRIED]:
        try:
            await move_on(home_visit_id=visit.id, window_id=window.id, now=now)
        except WindowGone:
            continue
        except VisitUnderWay:
            return False
        return True
    return False
